"""What a shape is: which columns it has and how one of its rows is read."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from feedback.corpus.drafts import PromptDraft
from feedback.corpus.refusals import RowRefused, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One way in which files hold prompts and completions."""

    key: str
    label: str
    # Each group: at least one of these columns must be there.
    required: tuple[tuple[str, ...], ...]
    # All columns there may be; None where further ones are ignored.
    allowed: frozenset[str] | None
    # Whether a row (a good one) looks like this shape; for detection only.
    matches: Callable[[dict[str, Any]], bool]
    # May raise RowRefused.
    read: Callable[[dict[str, Any]], list[PromptDraft]]

    def check_columns(self, columns: Collection[str]) -> None:
        """Refuse columns that are missing or not known.

        Raises:
            RowRefused: naming the column, and the allowed one that is nearest.
        """
        if self.allowed is not None and not self.allowed.issuperset(columns):
            raise _unknown(columns, self.allowed)
        for group in self.required:
            if not any(name in columns for name in group):
                raise RowRefused(
                    f"Column {' or '.join(group)} is missing.",
                    next_step=f"Add it, or choose another shape than {self.label}; "
                    f"the columns here are {_listed(columns)}.",
                )


def _unknown(columns: Collection[str], allowed: frozenset[str]) -> RowRefused:
    name = next(name for name in columns if name not in allowed)
    nearest = get_close_matches(name, sorted(allowed), n=1)
    hint = f"Did you mean {nearest[0]}? " if nearest else ""
    return RowRefused(
        f"Column {quoted(name)} is not known.",
        next_step=f"{hint}Allowed are {', '.join(sorted(allowed))}.",
    )


def _listed(columns: Collection[str]) -> str:
    return ", ".join(quoted(name) for name in list(columns)[:20]) or "none"
