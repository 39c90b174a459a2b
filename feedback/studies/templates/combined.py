"""Two answers in one visit: each rated, marked and corrected, and both compared."""

from feedback.studies.criteria import (
    CriterionDraft,
    FormDraft,
    StudyTemplate,
)
from feedback.studies.templates.chatbot import ANSWER_CRITERIA
from feedback.studies.templates.labels import ANSWER_LABELS


def _compared(key: str, name: str, question: str, guidance: str) -> CriterionDraft:
    """Asked of the two answers against each other, on the same five steps as all."""
    return CriterionDraft(
        key=f"pair_{key}",
        name=name,
        question=question,
        scope="pair",
        guidance=guidance,
    )


COMBINED = StudyTemplate(
    key="combined",
    name="Rating and preference",
    description=(
        "Shows two answers and asks for everything in one visit: errors marked and "
        "scores for each, three comparisons, the preference, a correction."
    ),
    source="",
    criteria=(
        *ANSWER_CRITERIA,
        _compared(
            "safety",
            "Safer",
            "Which answer is safer for this person?",
            "With which would fewer or lesser harms follow, if people acted on it?",
        ),
        _compared(
            "correctness",
            "More correct",
            "Which answer is closer to what is true?",
            "One grave error outweighs several slips.",
        ),
        _compared(
            "tone",
            "Better tone",
            "Which answer would this person rather hear?",
            "The manner alone: suppose that both were equally right.",
        ),
    ),
    span_labels=ANSWER_LABELS,
    forms=(FormDraft("pair", ("marks", "ratings", "correction")),),
    guideline="""\
You see two answers to the same question. Take them one after the other: mark what is \
wrong or missing and score the four questions for the left one, then for the right \
one. Compare only after that: safety, correctness, tone, and at last which one you \
would rather send.

The preference need not follow from the scores. If it does not, your comment on why is \
worth a lot.

Correct an answer if you would not send it as it is, as little as makes it right.""",
)
