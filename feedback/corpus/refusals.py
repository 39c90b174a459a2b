"""Why a row, or a whole file, is not taken: reason and next step, in words."""

from dataclasses import dataclass

from feedback.common.exceptions import Invalid

_REASON_CHARACTERS = 500
_QUOTED_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not taken; becomes an ImportReject."""

    row_no: int
    reason: str
    next_step: str


class RowRefused(Exception):  # noqa: N818 - a decision, not an accident
    """One row cannot be taken; the others can."""

    def __init__(self, reason: str, *, next_step: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.next_step = next_step

    def at(self, row_no: int) -> Reject:
        """The refusal of a row by its number, cut to what the table holds."""
        return Reject(
            row_no=row_no,
            reason=_cut(self.reason, _REASON_CHARACTERS),
            next_step=_cut(self.next_step, _REASON_CHARACTERS),
        )


class FileRefused(Invalid):
    """The file as a whole cannot be taken."""

    title = "This file cannot be imported"


def quoted(value: object) -> str:
    """A value from a file, short and safe to print: no control or odd characters."""
    return _cut(ascii(value), _QUOTED_CHARACTERS)


def _cut(text: str, n_characters: int) -> str:
    return text if len(text) <= n_characters else text[: n_characters - 1] + "…"
