"""The columns of every configuration: name, Arrow type, meaning.

What stands here is what is written and what docs/reference/export-formats.md lists.
Column names are chosen so that trainers ignore the metadata; TRL, for example, takes
`labels`, `images` or `conversations` for its own. Text and turns never stand beside each
other in one configuration: TRL looks at one of the columns only, whichever its hash seed
puts first, to tell which of the two it has.
"""

from collections.abc import Sequence

import pyarrow as pa

from exports.columns import (
    EXAMPLE_ID,
    GROUP_ID,
    JUDGMENT_UIDS,
    MESSAGES,
    MOMENT,
    NAMES,
    OF_THE_PROMPT,
    PROMPT_UID,
    PROVENANCE,
    SCORES,
    Column,
)
from exports.raw_schemas import RAW

__all__ = [
    "CONFIGURATIONS",
    "MESSAGES",
    "MOMENT",
    "NAMES",
    "RAW",
    "Column",
    "arrow_schema",
]

TOOL_MESSAGES = pa.list_(
    pa.struct(
        [
            ("role", pa.string()),
            ("content", pa.string()),
            (
                "tool_calls",
                pa.list_(
                    pa.struct(
                        [
                            ("id", pa.string()),
                            ("type", pa.string()),
                            (
                                "function",
                                pa.struct(
                                    [("name", pa.string()), ("arguments", pa.string())]
                                ),
                            ),
                        ]
                    )
                ),
            ),
            ("tool_call_id", pa.string()),
        ]
    )
)

_PROMPT = Column("prompt", MESSAGES, "The conversation up to the turn to be answered.")
_PROMPT_TEXT = Column("prompt", pa.string(), "The question, as plain text.")
_TEXT_SOURCE = Column(
    "text_source",
    pa.string(),
    "`correction` (written by a clinician) or `completion` (rated from the bar on).",
)
_CHOSEN = Column("chosen", MESSAGES, "The better answer: one assistant turn.")
_REJECTED = Column("rejected", MESSAGES, "The worse answer: one assistant turn.")
_LABEL = Column("label", pa.bool_(), "True if desirable, false if undesirable.")
# What every form of a pair carries after its texts.
_PAIR = (
    Column(
        "margin",
        pa.float32(),
        "How clearly it is better, above 0 to 1: the share of votes for it less that "
        "against, drawn towards 0 where votes are few.",
    ),
    Column(
        "label_smoothing",
        pa.float32(),
        "How likely the next decisive vote would go the other way, 0 to below 0.5.",
    ),
    Column(
        "strength",
        pa.float64(),
        "Mean strength of the votes, -2 to 2; null if nobody compared the two.",
        is_nullable=True,
    ),
    Column(
        "pair_source",
        pa.string(),
        "`asked` (clinicians compared the two), `correction_over_original` or "
        "`best_over_worst` (of the ratings).",
    ),
    Column("votes_for", pa.int32(), "Raters who prefer the chosen text."),
    Column("votes_against", pa.int32(), "Raters who prefer the rejected text."),
    Column("votes_tie", pa.int32(), "Raters who prefer neither."),
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
    *PROVENANCE,
)

CONFIGURATIONS: dict[str, tuple[Column, ...]] = {
    "sft": (
        Column(
            "messages",
            MESSAGES,
            "The conversation; the last turn is the assistant's and is the one taught.",
        ),
        _TEXT_SOURCE,
        SCORES,
        *PROVENANCE,
    ),
    "sft_prompt_completion": (
        _PROMPT,
        Column("completion", MESSAGES, "The answer to be taught: one assistant turn."),
        _TEXT_SOURCE,
        SCORES,
        *PROVENANCE,
    ),
    "sft_tools": (
        Column(
            "messages",
            TOOL_MESSAGES,
            "The conversation with its tool calls and what they returned.",
        ),
        Column("tools", pa.string(), "The tools that were at hand, as a JSON list."),
        _TEXT_SOURCE,
        SCORES,
        *PROVENANCE,
    ),
    "preference": (_PROMPT, _CHOSEN, _REJECTED, *_PAIR),
    "preference_implicit": (
        Column("chosen", MESSAGES, "The whole conversation with the better answer."),
        Column("rejected", MESSAGES, "The same conversation with the worse answer."),
        *_PAIR,
    ),
    "preference_text": (
        _PROMPT_TEXT,
        Column("chosen", pa.string(), "The better answer, as plain text."),
        Column("rejected", pa.string(), "The worse answer, as plain text."),
        *_PAIR,
    ),
    "kto": (
        _PROMPT,
        Column("completion", MESSAGES, "The answer: one assistant turn."),
        _LABEL,
        SCORES,
        *PROVENANCE,
    ),
    "kto_text": (
        _PROMPT_TEXT,
        Column("completion", pa.string(), "The answer, as plain text."),
        _LABEL,
        SCORES,
        *PROVENANCE,
    ),
    "prompts": (
        _PROMPT,
        Column(
            "reference_answer",
            pa.string(),
            "The imported answer, else a clinician's correction; empty if there is none.",
        ),
        Column(
            "privileged_context",
            pa.string(),
            "What clinicians know of the case: its points, and what they marked in "
            "answers; empty if nothing.",
        ),
        Column("data_source", pa.string(), "`consilium`; verl picks a reward by it."),
        Column("ability", pa.string(), "`medicine`."),
        Column(
            "reward_model",
            pa.struct([("style", pa.string()), ("ground_truth", pa.string())]),
            "For verl: `rule`, and the reference answer.",
        ),
        Column(
            "extra_info",
            pa.struct([("split", pa.string()), ("index", pa.int64())]),
            "For verl: the split, and the prompt's number within the snapshot.",
        ),
        EXAMPLE_ID,
        GROUP_ID,
        PROMPT_UID,
        JUDGMENT_UIDS,
        *OF_THE_PROMPT,
    ),
    "corrections": (
        _PROMPT,
        Column(
            "chosen", MESSAGES, "The better of two completions: one assistant turn."
        ),
        Column("rejected", MESSAGES, "The worse of the two: one assistant turn."),
        Column("reference", MESSAGES, "A clinician's correction: one assistant turn."),
        *_PAIR,
    ),
    "process": (
        _PROMPT_TEXT,
        Column(
            "completions",
            NAMES,
            "The answer in steps, sentence by sentence; joined they are the answer.",
        ),
        Column(
            "labels",
            pa.list_(pa.bool_()),
            "False for a step that half of the raters or more marked an error in.",
        ),
        *PROVENANCE,
    ),
    **RAW,
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
