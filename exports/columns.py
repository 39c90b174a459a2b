"""What columns are made of, and those that stand in several configurations."""

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


GROUP_ID = Column(
    "group_id",
    pa.string(),
    "Family (same case, patient or prompt) as a hash; never in two splits.",
)
SPECIALTY = Column(
    "specialty", pa.string(), "The prompt's medical specialty.", is_nullable=True
)
LOCALE = Column("locale", pa.string(), "The prompt's language tag.", is_nullable=True)
NOTE_TYPE = Column(
    "note_type", pa.string(), "The kind of note, if it is one.", is_nullable=True
)
IS_SYNTHETIC = Column(
    "is_synthetic", pa.bool_(), "The prompt was made up, not taken from care."
)

EXAMPLE_ID = Column(
    "example_id",
    pa.string(),
    "Names the row, unique in the configuration; made of the uids it came from.",
)
PROMPT_UID = Column("prompt_uid", pa.string(), "The prompt in Consilium.")
JUDGMENT_UIDS = Column(
    "judgment_uids", NAMES, "Every judgment that made this row, oldest first."
)
OF_THE_PROMPT = (SPECIALTY, LOCALE, NOTE_TYPE, IS_SYNTHETIC)

# Stands in every configuration that raters together decided.
PROVENANCE = (
    EXAMPLE_ID,
    GROUP_ID,
    PROMPT_UID,
    Column(
        "source_model",
        pa.string(),
        "Which model wrote the taught, chosen or labeled text; null for a person.",
        is_nullable=True,
    ),
    Column("n_raters", pa.int32(), "Raters whose word made this row."),
    Column(
        "settled_by",
        pa.string(),
        "`votes` (what the raters said together) or `adjudication` (a verdict).",
    ),
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
    JUDGMENT_UIDS,
    Column("guideline_version", pa.string(), "Followed by the raters: v1, or v1+v2."),
    Column("created_at", MOMENT, "When the last of those judgments was made (UTC)."),
    *OF_THE_PROMPT,
)
SCORES = Column(
    "scores",
    None,
    "Mean of each criterion over the raters, on its own scale; null if not rated.",
)
