"""The five attributes of HelpSteer, 0 to 4."""

from feedback.studies.criteria import CriterionDraft, FormDraft, StudyTemplate


def _attribute(
    key: str,
    question: str,
    poles: tuple[str, str],
    *anchors: str,
    guidance: str,
    direction: str = "better",
) -> CriterionDraft:
    low, high = poles
    return CriterionDraft(
        key=key,
        name=key.capitalize(),
        question=question,
        direction=direction,
        low_label=low,
        high_label=high,
        minimum=0,
        maximum=4,
        anchors={str(value): text for value, text in enumerate(anchors)},
        guidance=guidance,
    )


HELPSTEER = StudyTemplate(
    key="helpsteer",
    name="HelpSteer attributes",
    description=(
        "Helpfulness, correctness, coherence, complexity and verbosity from 0 to 4, "
        "for attribute-conditioned training. The last two describe and do not judge."
    ),
    source=(
        "Wang et al., HelpSteer: Multi-attribute Helpfulness Dataset for SteerLM, "
        "NAACL 2024, 3371-3384; attributes and range as published, values in our "
        "words."
    ),
    criteria=(
        _attribute(
            "helpfulness",
            "How much does the answer help with what was asked?",
            ("Not at all", "Fully"),
            "No help: beside the question, or harmful.",
            "Touches on the question; the person still has to ask elsewhere.",
            "Helps in part; something that was wanted is missing.",
            "Helps; small things could be better.",
            "Does all that was wanted, as wanted.",
            guidance="The answer as a whole, for the person who asked.",
        ),
        _attribute(
            "correctness",
            "Are all pertinent facts there, and without error?",
            ("Wrong", "Right and complete"),
            "Wrong throughout.",
            "Mostly wrong, or what matters most is wrong or missing.",
            "Right and wrong mixed, or a pertinent fact is missing.",
            "Right, with a small error or gap.",
            "Right, with all pertinent facts.",
            guidance=(
                "As in the published attribute, errors and missing facts count "
                "together. To tell them apart use the template for chatbot answers."
            ),
        ),
        _attribute(
            "coherence",
            "Is it clear, consistent and free of contradiction?",
            ("Incoherent", "Perfectly clear"),
            "Cannot be followed.",
            "Hard to follow, or contradicts itself in what matters.",
            "Can be followed, with jumps or repetition.",
            "Clear, with a slip.",
            "Clear and consistent from beginning to end.",
            guidance="The expression, not whether it is true.",
        ),
        _attribute(
            "complexity",
            "How much expertise does it take to write this answer?",
            ("Anybody", "An expert"),
            "Basic command of the language is enough.",
            "A general education is enough.",
            "Some training in the field is needed.",
            "Solid training in the field is needed.",
            "Only an expert in the field could have written it.",
            guidance=(
                "A description. Neither end is good: a simple answer may be just right "
                "for a layperson."
            ),
            direction="neutral",
        ),
        _attribute(
            "verbosity",
            "How much detail is there, measured by what was asked?",
            ("Very short", "Very long"),
            "As short as can be.",
            "Shorter than most would write.",
            "About the length that one would expect.",
            "Longer than most would write.",
            "Far longer, with detail that nobody asked for.",
            guidance=(
                "A description, relative to the question. Neither end is good, and no "
                "export takes it for quality."
            ),
            direction="neutral",
        ),
    ),
    forms=(FormDraft("single", ("ratings",)),),
    guideline="""\
Score each answer on five attributes from 0 to 4. The first three judge: higher is \
better. Complexity and verbosity describe: higher is more, not better. Give them \
without asking whether you like it.

Keys choose by position: the first key is the lowest value, 0.""",
)
