"""The raw configurations: what each rater said, one row each. No trainer reads them."""

import pyarrow as pa

from exports.columns import (
    GROUP_ID,
    MOMENT,
    NAMES,
    OF_THE_PROMPT,
    PROMPT_UID,
    Column,
)

RATER = (
    Column(
        "rater_id",
        pa.string(),
        "Pseudonym of the rater, the same within this snapshot only.",
    ),
    Column("rater_specialty", pa.string(), "The rater's specialty.", is_nullable=True),
    Column("rater_is_simulated", pa.bool_(), "The rater is a program."),
)
_JUDGMENT_UID = Column("judgment_uid", pa.string(), "One submit of one rater.")
_COMPLETION_UID = Column("completion_uid", pa.string(), "The completion it is about.")
_IS_UNBLINDED = Column(
    "is_unblinded", pa.bool_(), "The rater could know which model wrote the text."
)
_SOURCE_MODEL = Column(
    "source_model",
    pa.string(),
    "Which model wrote the completion; null if unknown.",
    is_nullable=True,
)
# Who said it, following what, how long they took, and about what prompt.
_SAID = (
    _IS_UNBLINDED,
    *RATER,
    Column("guideline_version", pa.string(), "Followed by the rater: v1."),
    Column("active_seconds", pa.int32(), "Time on the page, as the browser says."),
    Column("created_at", MOMENT, "When the judgment was made (UTC)."),
    *OF_THE_PROMPT,
)

RAW: dict[str, tuple[Column, ...]] = {
    "ratings": (
        _JUDGMENT_UID,
        PROMPT_UID,
        _COMPLETION_UID,
        GROUP_ID,
        Column("criterion", pa.string(), "Key of the criterion."),
        Column(
            "criterion_kind",
            pa.string(),
            "How it is answered: likert, yes_no, score, nominal, multi_label, text, turn.",
        ),
        Column(
            "turn",
            pa.int16(),
            "The assistant turn it is about, from 1; null for the whole.",
            is_nullable=True,
        ),
        Column(
            "value",
            pa.int16(),
            "The number, on the criterion's scale; null if the answer is none.",
            is_nullable=True,
        ),
        Column(
            "value_choices",
            NAMES,
            "What was chosen of several options; null if it is not that kind.",
            is_nullable=True,
        ),
        Column(
            "value_text",
            pa.string(),
            "What was written; null if it is not that kind.",
            is_nullable=True,
        ),
        Column("is_not_applicable", pa.bool_(), "The rater said it does not apply."),
        Column(
            "is_outside_practice",
            pa.bool_(),
            "The rater said that this question is outside their practice.",
        ),
        _SOURCE_MODEL,
        *_SAID,
    ),
    "votes": (
        _JUDGMENT_UID,
        PROMPT_UID,
        Column(
            "completion_a_uid", pa.string(), "The pair's completion that came in first."
        ),
        Column("completion_b_uid", pa.string(), "The other one."),
        GROUP_ID,
        Column(
            "criterion",
            pa.string(),
            "Key of the criterion that was compared; null for the whole.",
            is_nullable=True,
        ),
        Column(
            "outcome",
            pa.string(),
            "a, b, tie, neither; of a criterion also not_applicable, outside_practice.",
        ),
        Column("strength", pa.int16(), "2 much better, 1 better, 0 neither of them."),
        Column(
            "reasons", NAMES, "Keys of the reasons that were ticked, in that order."
        ),
        Column(
            "left_uid",
            pa.string(),
            "The completion that stood left or first; null in a ranking of several.",
            is_nullable=True,
        ),
        Column(
            "model_a",
            pa.string(),
            "Which model wrote a; null if unknown.",
            is_nullable=True,
        ),
        Column(
            "model_b",
            pa.string(),
            "Which model wrote b; null if unknown.",
            is_nullable=True,
        ),
        *_SAID,
    ),
    "spans": (
        Column("mark_uid", pa.string(), "Names the mark."),
        _JUDGMENT_UID,
        PROMPT_UID,
        _COMPLETION_UID,
        GROUP_ID,
        Column("category", pa.string(), "Key of the label, of the guideline version."),
        Column(
            "is_omission", pa.bool_(), "Something is missing here; no text is marked."
        ),
        Column("severity", pa.string(), "minor, major or critical."),
        Column("start", pa.int32(), "First code point, from 0, of the stored text."),
        Column("end", pa.int32(), "After the last code point; start if it is a point."),
        Column("quote", pa.string(), "The marked text; empty if it is a point."),
        Column("text_sha256", pa.string(), "Of the whole text that was marked in."),
        Column(
            "suggestion",
            pa.string(),
            "What it should say; null if the rater wrote none.",
            is_nullable=True,
        ),
        Column(
            "attributes", NAMES, "Any of negated, historical, hypothetical, family."
        ),
        Column(
            "code_system", pa.string(), "E.g. ICD-10; null if none.", is_nullable=True
        ),
        Column("code", pa.string(), "In that system; null if none.", is_nullable=True),
        _SOURCE_MODEL,
        *_SAID,
    ),
    "safety_flags": (
        Column("flag_uid", pa.string(), "Names the flag."),
        _JUDGMENT_UID,
        PROMPT_UID,
        _COMPLETION_UID,
        GROUP_ID,
        Column("category", pa.string(), "What the rater fears, e.g. dose_error."),
        Column("severity", pa.string(), "mild, moderate or severe."),
        _SOURCE_MODEL,
        *_SAID,
    ),
}
