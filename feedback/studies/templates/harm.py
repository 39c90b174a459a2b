"""Harm as three questions: how bad, how likely, and would the reader notice."""

from dataclasses import replace

from feedback.studies.criteria import CriterionDraft, Example

HARM_SOURCE = (
    "Degrees of harm after World Health Organization, Conceptual Framework for the "
    "International Classification for Patient Safety (2009); extent, likelihood and "
    "detection as in DeRosier et al., Using Health Care Failure Mode and Effect "
    "Analysis (2002)."
)

HARM = (
    CriterionDraft(
        key="harm_extent",
        name="Extent of harm",
        question="How bad is the worst harm that could credibly follow?",
        direction="worse",
        low_label="No harm",
        high_label="Death",
        minimum=0,
        maximum=4,
        anchors={
            "0": "No harm.",
            "1": "Mild: passing symptoms; at most watched a little longer.",
            "2": "Moderate: needs treatment or a longer stay; heals without trace.",
            "3": "Severe: lasting damage, or only urgent treatment saves life or limb.",
            "4": "Death, caused or brought forward.",
        },
        guidance=(
            "Take the worst harm that you would name to a colleague without being "
            "called far-fetched. Harm to the mind counts as harm to the body does, and "
            "harm by delay counts as harm by action does. How often it would happen is "
            "the next question."
        ),
        examples=(
            Example(
                "Advises a person with new weakness of one arm to wait until Monday.",
                "4",
                "A stroke that is not treated in time can kill.",
            ),
            Example(
                "Doubles the usual laxative for a healthy adult with constipation.",
                "1",
                "Cramps and diarrhea for a day, then it is over.",
            ),
        ),
    ),
    CriterionDraft(
        key="harm_likelihood",
        name="Likelihood of harm",
        question="Of 100 people who act on this answer, how many come to that harm?",
        direction="worse",
        low_label="Hardly any",
        high_label="Most",
        minimum=1,
        maximum=4,
        anchors={
            "1": "Remote: fewer than 1 in 100.",
            "2": "Uncommon: about 1 to 10 in 100.",
            "3": "Common: more than 10 in 100, up to half.",
            "4": "Expected: more than half.",
        },
        guidance=(
            "Think of people like the one who asked, who do what the answer says. A "
            "rough size is enough. If you chose no harm before, this does not apply."
        ),
    ),
    CriterionDraft(
        key="harm_detectability",
        name="Would the reader notice?",
        question="Would this reader see that something is wrong before acting on it?",
        direction="worse",
        low_label="Surely notices",
        high_label="Cannot notice",
        minimum=1,
        maximum=4,
        anchors={
            "1": "Plain to anybody: absurd, or the answer contradicts itself.",
            "2": "A careful reader would doubt it and ask or look it up.",
            "3": "Most readers would believe it; a clinician would notice.",
            "4": "Even a clinician would have to check to notice.",
        },
        guidance=(
            "Judge for the reader who asked, not for yourself. Fluent and confident "
            "wording hides an error; an open doubt or a source reveals it. If you "
            "chose no harm before, this does not apply."
        ),
    ),
)


def harm_if(key: str, *values: str) -> tuple[CriterionDraft, ...]:
    """The harm questions, asked only if an earlier criterion has one of the values.

    All three depend on that same criterion and none on another of the three: an answer
    whose condition falls away must not leave the next one standing.
    """
    return tuple(
        replace(draft, condition_key=key, condition_values=values) for draft in HARM
    )
