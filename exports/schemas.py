"""The columns of every configuration: name, Arrow type, meaning.

What stands here is what is written and what docs/reference/export-formats.md lists.
Column names are chosen so that trainers ignore the metadata; TRL, for example, takes
`labels`, `images` or `conversations` for its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
MOMENT = pa.timestamp("us", tz="UTC")
NAMES = pa.list_(pa.string())


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `type` None stands for the scores, which depend on the criteria."""

    name: str
    type: pa.DataType | None
    meaning: str
    is_nullable: bool = False


_GROUP_ID = Column(
    "group_id",
    pa.string(),
    "Family (same case, patient or prompt) as a hash; never in two splits.",
)
_SPECIALTY = Column(
    "specialty", pa.string(), "The prompt's medical specialty.", is_nullable=True
)
_LOCALE = Column("locale", pa.string(), "The prompt's language tag.", is_nullable=True)
_NOTE_TYPE = Column(
    "note_type", pa.string(), "The kind of note, if it is one.", is_nullable=True
)
_IS_SYNTHETIC = Column(
    "is_synthetic", pa.bool_(), "The prompt was made up, not taken from care."
)

# Stands in `sft`, `preference` and `kto` alike.
_PROVENANCE = (
    Column(
        "example_id",
        pa.string(),
        "Names the row, unique in the configuration; made of the uids it came from.",
    ),
    _GROUP_ID,
    Column("prompt_uid", pa.string(), "The prompt in Consilium."),
    Column(
        "source_model",
        pa.string(),
        "Which model wrote the taught, chosen or labeled text; null for a person.",
        is_nullable=True,
    ),
    Column("n_raters", pa.int32(), "Raters whose word made this row."),
    Column(
        "agreement",
        pa.float64(),
        "Share of those raters who say the same as the row; null for a correction.",
        is_nullable=True,
    ),
    Column("specialties", NAMES, "Specialties of those raters, sorted."),
    Column(
        "safety_flags",
        NAMES,
        "Categories of the safety flags on the rejected or labeled text, sorted.",
    ),
    Column(
        "n_unblinded",
        pa.int32(),
        "Of those raters, who could know which model wrote the text.",
    ),
    Column("judgment_uids", NAMES, "Every judgment that made this row, oldest first."),
    Column("guideline_version", pa.string(), "Followed by the raters: v1, or v1+v2."),
    Column("created_at", MOMENT, "When the last of those judgments was made (UTC)."),
    _SPECIALTY,
    _LOCALE,
    _NOTE_TYPE,
    _IS_SYNTHETIC,
)
_SCORES = Column(
    "scores",
    None,
    "Mean of each criterion over the raters, on its own scale; null if not rated.",
)

CONFIGURATIONS: dict[str, tuple[Column, ...]] = {
    "sft": (
        Column(
            "messages",
            MESSAGES,
            "The conversation; the last turn is the assistant's and is the one taught.",
        ),
        Column(
            "text_source",
            pa.string(),
            "`correction` (written by a clinician) or `completion` (rated from the bar "
            "on).",
        ),
        _SCORES,
        *_PROVENANCE,
    ),
    "preference": (
        Column("prompt", MESSAGES, "The conversation up to the turn to be answered."),
        Column("chosen", MESSAGES, "The better answer: one assistant turn."),
        Column("rejected", MESSAGES, "The worse answer: one assistant turn."),
        Column(
            "margin",
            pa.float32(),
            "How much better: mean strength over the raters, above 0 to 2; a fixed "
            "value for corrections.",
        ),
        Column(
            "pair_source",
            pa.string(),
            "`asked` (clinicians compared the two) or `correction_over_original`.",
        ),
        Column(
            "score_chosen",
            pa.float64(),
            "Overall rating of the chosen text, 0 to 1; null if not rated.",
            is_nullable=True,
        ),
        Column(
            "score_rejected",
            pa.float64(),
            "Overall rating of the rejected text, 0 to 1; null if not rated.",
            is_nullable=True,
        ),
        Column(
            "rejected_model",
            pa.string(),
            "Which model wrote the rejected text; null if unknown.",
            is_nullable=True,
        ),
        *_PROVENANCE,
    ),
    "kto": (
        Column("prompt", MESSAGES, "The conversation up to the turn to be answered."),
        Column("completion", MESSAGES, "The answer: one assistant turn."),
        Column("label", pa.bool_(), "True if desirable, false if undesirable."),
        _SCORES,
        *_PROVENANCE,
    ),
    "ratings": (
        Column("judgment_uid", pa.string(), "One submit of one rater."),
        Column("prompt_uid", pa.string(), "The prompt in Consilium."),
        Column("completion_uid", pa.string(), "The completion that was rated."),
        _GROUP_ID,
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
        Column(
            "is_unblinded",
            pa.bool_(),
            "The rater could know which model wrote the text.",
        ),
        Column(
            "rater_id",
            pa.string(),
            "Pseudonym of the rater, the same within this snapshot only.",
        ),
        Column(
            "rater_specialty", pa.string(), "The rater's specialty.", is_nullable=True
        ),
        Column("rater_is_simulated", pa.bool_(), "The rater is a program."),
        Column(
            "source_model",
            pa.string(),
            "Which model wrote the completion; null if unknown.",
            is_nullable=True,
        ),
        Column("guideline_version", pa.string(), "Followed by the rater: v1."),
        Column("active_seconds", pa.int32(), "Time on the page, as the browser says."),
        Column("created_at", MOMENT, "When the judgment was made (UTC)."),
        _SPECIALTY,
        _LOCALE,
        _NOTE_TYPE,
        _IS_SYNTHETIC,
    ),
}


def arrow_schema(configuration: str, *, criteria: Sequence[str]) -> pa.Schema:
    """The schema every shard of a configuration is written with.

    Args:
        configuration: a key of CONFIGURATIONS.
        criteria: keys of the criteria, which become the fields of `scores`.
    """
    scores = pa.struct([(key, pa.float64()) for key in criteria])
    return pa.schema(
        [
            pa.field(
                column.name,
                scores if column.type is None else column.type,
                nullable=column.is_nullable,
            )
            for column in CONFIGURATIONS[configuration]
        ]
    )
