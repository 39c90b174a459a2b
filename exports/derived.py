"""The same row in the other shapes that trainers want it in: pure functions."""

from collections.abc import Sequence

from exports.cases import Case, Row, assistant, is_single_turn
from exports.evidence import Rewrite, Said
from exports.rules import Rule


def prompt_completion_row(row: Row) -> Row:
    """A row of `sft`, its last turn apart, for a loss on the answer only."""
    *prompt, last = row["messages"]
    rest = {name: value for name, value in row.items() if name != "messages"}
    return {"prompt": prompt, "completion": [last], **rest}


def implicit_row(row: Row) -> Row:
    """A row of `preference` as two whole conversations with the same beginning."""
    rest = {name: value for name, value in row.items() if name != "prompt"}
    return rest | {side: row["prompt"] + row[side] for side in ("chosen", "rejected")}


def preference_text_row(row: Row) -> Row | Rule:
    """A row of `preference` as plain text, if text has room for its prompt."""
    return _as_text(row, ("prompt", "chosen", "rejected"))


def kto_text_row(row: Row) -> Row | Rule:
    """A row of `kto` as plain text, if text has room for its prompt."""
    return _as_text(row, ("prompt", "completion"))


def _as_text(row: Row, columns: Sequence[str]) -> Row | Rule:
    if not is_single_turn(row["prompt"]):
        return Rule.NOT_SINGLE_TURN
    return row | {name: row[name][0]["content"] for name in columns}


def correction_row(
    case: Case, row: Row, *, said: Sequence[Said], correction: Rewrite
) -> Row:
    """A settled pair with a clinician's correction beside it.

    Args:
        case: of the prompt.
        row: of `preference`, both sides completions.
        said: the judgments that made it.
        correction: the text that a clinician would have wanted.
    """
    together = case.provenance(
        example_id=f"{row['example_id']}:{correction.origin}",
        said=[*said, *correction.by],
        model=row["source_model"],
        agreement=row["agreement"],
        flags=tuple(row["safety_flags"]),
        is_adjudicated=row["settled_by"] == "adjudication",
    )
    return {**row, "reference": assistant(correction.text), **together}
