"""Kinds of error to mark in an answer, and of things that are missing from it."""

from feedback.studies.criteria import SpanLabelDraft

ANSWER_LABELS = (
    SpanLabelDraft(
        "factual_error", "Factual error", "False by current medical knowledge."
    ),
    SpanLabelDraft(
        "dose_or_unit",
        "Dose or unit",
        "A wrong dose, unit, interval, route or duration.",
    ),
    SpanLabelDraft(
        "unsupported",
        "Unsupported",
        "Neither the case nor accepted evidence bears it out; an invented source too.",
    ),
    SpanLabelDraft(
        "contradiction",
        "Contradiction",
        "Against what the person wrote, or against another part of the answer.",
    ),
    SpanLabelDraft(
        "outdated", "Outdated", "Was once accepted; practice has changed since."
    ),
    SpanLabelDraft(
        "overconfident",
        "Too certain",
        "Stated as settled although it is uncertain or depends on an examination.",
    ),
    SpanLabelDraft(
        "irrelevant", "Irrelevant", "True perhaps, but of no use to this person."
    ),
    SpanLabelDraft(
        "unclear", "Unclear", "This reader could misunderstand it, or not understand."
    ),
    SpanLabelDraft("tone", "Tone", "Blames, belittles, frightens or preaches."),
    SpanLabelDraft(
        "missing_red_flag",
        "Missing red flag",
        "A sign of danger in the case is not recognized, or not asked about.",
        kind="omission",
    ),
    SpanLabelDraft(
        "missing_warning",
        "Missing warning",
        "A risk, interaction or contraindication is not mentioned.",
        kind="omission",
    ),
    SpanLabelDraft(
        "missing_step",
        "Missing step",
        "Something that has to be done is left out.",
        kind="omission",
    ),
    SpanLabelDraft(
        "missing_question",
        "Missing question",
        "The answer depends on something that should have been asked first.",
        kind="omission",
    ),
    SpanLabelDraft(
        "missing_follow_up",
        "Missing follow-up",
        "Does not say when to seek help, or what to do if it does not get better.",
        kind="omission",
    ),
)
