"""What a draft would change, beside the version in force."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from feedback.studies.criteria import CriterionDraft, FormDraft, SpanLabelDraft
from feedback.studies.guideline_contents import Contents
from feedback.studies.models import TaskForm

# Of a long passage that stays, so many words are shown on either side of a change.
_CONTEXT = 12
_WORDS = re.compile(r"\s+|[^\s]+")
_NAMES = {
    "is_required": "required",
    "low_label": "label of the lowest value",
    "high_label": "label of the highest value",
    "minimum": "lowest value",
    "maximum": "highest value",
    "condition_key": "asked only if",
    "condition_values": "asked only if it is",
    "mark_extras": "marks may carry",
}
_Draft = CriterionDraft | SpanLabelDraft | FormDraft


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a question, before and after."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A question that is asked differently."""

    name: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """How criteria, labels or forms differ."""

    title: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Changed, ...]
    is_reordered: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it differs."""
        return not (self.added or self.removed or self.changed or self.is_reordered)


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text: `same`, `added`, `removed`, or `gap` for what is left out."""

    kind: str
    text: str


def parts_between(before: Contents, after: Contents) -> list[Part]:
    """How the questions of two versions differ: criteria, labels, forms.

    Args:
        before: of the version in force.
        after: of the draft.

    Returns:
        One part each, empty where nothing differs. A question is the same one as
        long as its key is.
    """
    return [
        _part("Criteria", before.criteria, after.criteria),
        _part("Labels for marks", before.span_labels, after.span_labels),
        _part("Kinds of tasks", before.forms, after.forms),
    ]


def passages_between(before: str, after: str) -> list[Passage]:
    """How two texts differ, word by word.

    Returns:
        The whole of both texts in order, but for long passages that stay; nothing if
        the texts are equal.
    """
    if before == after:
        return []
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    matcher = SequenceMatcher(a=old, b=new, autojunk=False)
    found: list[Passage] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            is_last = i2 == len(old)
            found += _kept(old[i1:i2], is_first=not found, is_last=is_last)
            continue
        if i1 < i2:
            found.append(Passage("removed", "".join(old[i1:i2])))
        if j1 < j2:
            found.append(Passage("added", "".join(new[j1:j2])))
    return found


def _kept(words: list[str], *, is_first: bool, is_last: bool) -> Iterator[Passage]:
    if len(words) <= 4 * _CONTEXT:
        yield Passage("same", "".join(words))
        return
    if not is_first:
        yield Passage("same", "".join(words[: 2 * _CONTEXT]))
    yield Passage("gap", "…")
    if not is_last:
        yield Passage("same", "".join(words[-2 * _CONTEXT :]))


def _part(title: str, before: Sequence[_Draft], after: Sequence[_Draft]) -> Part:
    old = {_key(one): one for one in before}
    new = {_key(one): one for one in after}
    both = [key for key in old if key in new]
    return Part(
        title=title,
        added=tuple(_name(one) for key, one in new.items() if key not in old),
        removed=tuple(_name(one) for key, one in old.items() if key not in new),
        changed=tuple(
            Changed(_name(new[key]), changes)
            for key in both
            if (changes := tuple(_changes(old[key], new[key])))
        ),
        is_reordered=both != [key for key in new if key in old],
    )


def _key(draft: _Draft) -> str:
    return draft.kind if isinstance(draft, FormDraft) else draft.key


def _name(draft: _Draft) -> str:
    if isinstance(draft, FormDraft):
        return str(TaskForm(kind=draft.kind).get_kind_display())
    return draft.name


def _changes(before: _Draft, after: _Draft) -> Iterator[Change]:
    old, new = before.as_fields(), after.as_fields()
    for field, value in old.items():
        if value != new[field]:
            name = _NAMES.get(field, field.replace("_", " "))
            yield Change(name, _said(value), _said(new[field]))


def _said(value: Any) -> str:  # noqa: ANN401 - any field of a draft
    """A field's value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "\n".join(f"{key}: {text}" for key, text in value.items()) or "none"
    if isinstance(value, list | tuple):
        lines = [_line(one) if isinstance(one, dict) else str(one) for one in value]
        return "\n".join(lines) or "none"
    return str(value) or "none"


def _line(fields: dict[str, str]) -> str:
    return " · ".join(text for text in fields.values() if text)
