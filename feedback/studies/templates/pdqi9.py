"""PDQI-9: nine attributes of a good clinical note."""

from feedback.studies.criteria import (
    CriterionDraft,
    FormDraft,
    SpanLabelDraft,
    StudyTemplate,
)


def _attribute(
    key: str, name: str, question: str, *anchors: str, guidance: str
) -> CriterionDraft:
    """One attribute; the instrument labels the poles, we spell out every value."""
    return CriterionDraft(
        key=key,
        name=name,
        question=question,
        low_label="Not at all",
        high_label="Extremely",
        anchors={str(value): text for value, text in enumerate(anchors, start=1)},
        guidance=guidance,
    )


PDQI9 = StudyTemplate(
    key="pdqi9",
    name="PDQI-9 for notes",
    description=(
        "Rates a clinical note, for instance one that was drafted from a conversation, "
        "on the nine attributes of the Physician Documentation Quality Instrument."
    ),
    source=(
        "Stetson et al., Assessing Electronic Note Quality Using the Physician "
        "Documentation Quality Instrument (PDQI-9), Applied Clinical Informatics 3 "
        "(2012) 164-174; attributes and poles as published, the rest in our words."
    ),
    criteria=(
        _attribute(
            "up_to_date",
            "Up-to-date",
            "Does the note hold the latest results and recommendations?",
            "Describes an earlier state as if it were the present one.",
            "Important recent results or changes are missing or old.",
            "The main things are current; some lesser ones are not.",
            "Current, but for a detail.",
            "All of it is the latest that the record holds.",
            guidance=(
                "Text carried over from an earlier note without a look counts against."
            ),
        ),
        _attribute(
            "accurate",
            "Accurate",
            "Is the note true, and free of what was not said or found?",
            "Wrong or invented in what matters most.",
            "An error that would change care.",
            "An error or two that would not change care.",
            "True; imprecise in a place.",
            "All of it is true to its source.",
            guidance=(
                "Compare with the conversation or record given above the note. An "
                "examination that was never made is an error even if it sounds usual."
            ),
        ),
        _attribute(
            "thorough",
            "Thorough",
            "Is every issue of importance to this patient documented?",
            "The main issue is missing.",
            "An important issue or finding is missing.",
            "The important issues are there; details that help are missing.",
            "Nearly everything of importance is there.",
            "Everything of importance is there.",
            guidance=(
                "Important is what changes diagnosis, treatment or follow-up of this "
                "patient, negative findings included. What is only long does not make "
                "it thorough."
            ),
        ),
        _attribute(
            "useful",
            "Useful",
            "Would the next clinician get from it what is needed to go on?",
            "Of no use; one would start anew.",
            "Of little use; most has to be looked up elsewhere.",
            "Of use, with questions left open.",
            "Answers nearly all that the next clinician would ask.",
            "One could take over the patient with this note alone.",
            guidance=(
                "Think of a colleague on call who has never met the patient and has "
                "two minutes."
            ),
        ),
        _attribute(
            "organized",
            "Organized",
            "Is it arranged so that one finds what one looks for?",
            "No order that one could follow.",
            "Much stands in the wrong place.",
            "In order on the whole; some things have to be searched for.",
            "Well arranged, with a slip.",
            "Everything stands where one looks first.",
            guidance=(
                "The headings that your house uses are not required; that things which "
                "belong together stand together is."
            ),
        ),
        _attribute(
            "comprehensible",
            "Comprehensible",
            "Is it clear, without words or passages that are hard to understand?",
            "Cannot be understood.",
            "Important passages are ambiguous.",
            "Clear on the whole; some passages need a second reading.",
            "Clear, but for a word or an abbreviation.",
            "Clear at first reading.",
            guidance=(
                "For a clinician of another field. Usual abbreviations are fine; "
                "homemade or ambiguous ones are not."
            ),
        ),
        _attribute(
            "succinct",
            "Succinct",
            "Is it short and to the point, without repetition?",
            "What matters drowns in the rest.",
            "Long stretches are repeated or of no use.",
            "Some repetition or ballast.",
            "Short, with a sentence too many.",
            "No word too many.",
            guidance="What is missing is judged under thorough, not here.",
        ),
        _attribute(
            "synthesized",
            "Synthesized",
            "Does it show understanding of the patient and a plan that follows?",
            "A list of facts without a judgment.",
            "A judgment that does not follow from the facts, or a plan without reason.",
            "A judgment and a plan, joined loosely.",
            "A sound judgment and plan; a link is left to the reader.",
            "Findings, judgment and plan make one line of thought.",
            guidance=(
                "Facts put together into an opinion about this patient. Copied "
                "findings and a list of diagnoses are not yet a synthesis."
            ),
        ),
        _attribute(
            "internally_consistent",
            "Internally consistent",
            "Is it free of parts that contradict one another?",
            "Contradicts itself in what matters most.",
            "A contradiction that would change care.",
            "A contradiction that would not change care.",
            "Consistent, but for a detail.",
            "No part contradicts another.",
            guidance=(
                "Contradictions to the source are judged under accurate, not here."
            ),
        ),
    ),
    span_labels=(
        SpanLabelDraft(
            "fabricated",
            "Invented",
            "Neither said, found nor done according to the source.",
        ),
        SpanLabelDraft("distorted", "Distorted", "In the source, but different."),
        SpanLabelDraft(
            "outdated", "Out of date", "Was so earlier; the source has later news."
        ),
        SpanLabelDraft(
            "inconsistent", "Inconsistent", "Contradicts another part of the note."
        ),
        SpanLabelDraft("redundant", "Redundant", "Repeated, or of no use to anybody."),
        SpanLabelDraft(
            "missing_finding",
            "Missing finding",
            "A symptom, finding or result of importance is left out.",
            kind="omission",
        ),
        SpanLabelDraft(
            "missing_medication",
            "Missing medication or allergy",
            "A drug, dose, change or allergy is left out.",
            kind="omission",
        ),
        SpanLabelDraft(
            "missing_plan",
            "Missing plan",
            "A step that was agreed, or an instruction to the patient, is left out.",
            kind="omission",
        ),
    ),
    forms=(FormDraft("single", ("marks", "ratings"), ("assertion",)),),
    guideline="""\
You judge clinical notes as the clinician who takes the patient over next. Above each \
note stands what it was written from: a conversation, or a record. Read that first.

Mark what is invented or distorted, and what is missing. For each mark you can say \
whether the statement is negated, historical, hypothetical or about the family: a note \
that turns “my father had a stroke” into the patient's stroke is distorted.

Then score the nine attributes, each by itself. Their sum runs from 9 to 45. It is \
computed; do not aim for a total.

A caution to the study lead: agreement on PDQI-9 varies. The authors report an \
intraclass correlation of 0.83; a later study of emergency notes found hardly any \
agreement between raters (Walker et al., Applied Clinical Informatics 8 (2017) \
981-993). Rate some notes together before the study starts.""",
)
