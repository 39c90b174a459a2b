"""Can a guideline's form be answered as it is? Refused before it is published."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feedback.common.exceptions import Invalid
from feedback.studies.criteria import CriterionDraft, FormDraft, SpanLabelDraft
from feedback.studies.models import Criterion, Task, TaskForm

# One key each: 1 to 9 choose, and 0 says that it does not apply.
MAX_OPTIONS = 9
_WITH_OPTIONS = {Criterion.Kind.NOMINAL, Criterion.Kind.MULTI_LABEL}


@dataclass(frozen=True, slots=True)
class Offence:
    """Something by which a form could not be answered.

    Attributes:
        text: what it is, what is allowed.
        part: `criterion`, `label` or `form`; empty if it is of the whole.
        key: of the criterion or label, or the kind of the form.
        field: the attribute of the draft that is to be changed.
    """

    text: str
    part: str = ""
    key: str = ""
    field: str = ""


def check_guideline(
    *,
    criteria: Sequence[CriterionDraft],
    span_labels: Sequence[SpanLabelDraft],
    forms: Sequence[FormDraft],
) -> None:
    """Refuse a form with questions that clash, cannot be reached or cannot be answered.

    Raises:
        Invalid: naming the first offence, what is allowed and what to do.
    """
    found = offences(criteria=criteria, span_labels=span_labels, forms=forms)
    if found:
        raise Invalid(
            found[0].text, next_step="Change the guideline and publish again."
        )


def offences(
    *,
    criteria: Sequence[CriterionDraft],
    span_labels: Sequence[SpanLabelDraft],
    forms: Sequence[FormDraft],
) -> list[Offence]:
    """Everything by which a form could not be answered, in the order of the form."""
    found = [
        *_clashes("criteria", "criterion", [draft.key for draft in criteria]),
        *_clashes("labels", "label", [draft.key for draft in span_labels]),
        *_clashes("forms", "form", [draft.kind for draft in forms]),
        *(offence for draft in criteria for offence in _criterion(draft)),
        *_conditions(criteria),
        *(
            offence
            for draft in forms
            for offence in _form(draft, criteria, span_labels)
        ),
    ]
    if not criteria and not span_labels and not forms:
        found.append(Offence("A guideline asks nothing."))
    if not forms:
        text = "A guideline needs a form for at least one kind of task."
        found.append(Offence(text, "form"))
    return found


def _clashes(what: str, part: str, keys: list[str]) -> Iterator[Offence]:
    text = f"A guideline needs {what} with different keys, not {keys}."
    for key, n in Counter(keys).items():
        if n > 1:
            yield Offence(text, part, key, "kind" if part == "form" else "key")


def _criterion(draft: CriterionDraft) -> Iterator[Offence]:
    name = f"Criterion {draft.key!r}"
    is_scale = draft.kind == Criterion.Kind.LIKERT and draft.scope != "pair"
    texts = {
        "kind": f"{name}: kind {draft.kind!r} is not one of {Criterion.Kind.values}."
        if draft.kind not in Criterion.Kind.values
        else "",
        "scope": f"{name}: scope {draft.scope!r} is not one of {Criterion.Scope.values}."
        if draft.scope not in Criterion.Scope.values
        else "",
        "options": _options(draft, name) if draft.kind in _WITH_OPTIONS else "",
        "low_label": f"{name}: both ends of its scale need a label."
        if is_scale and not (draft.low_label and draft.high_label)
        else "",
        "maximum": f"{name}: a scale goes up to {MAX_OPTIONS}, one key each."
        if is_scale and draft.maximum > MAX_OPTIONS
        else "",
    }
    for field, text in texts.items():
        if text:
            yield Offence(text, "criterion", draft.key, field)
    if draft.scope == "turn" and draft.kind != Criterion.Kind.YES_NO:
        text = f"{name}: asked of each turn it must be a yes or no."
        yield Offence(text, "criterion", draft.key, "kind")


def _options(draft: CriterionDraft, name: str) -> str:
    values = [option.value for option in draft.options]
    if not 2 <= len(values) <= MAX_OPTIONS:  # noqa: PLR2004
        return f"{name} has {len(values)} options; 2 to {MAX_OPTIONS} have a key each."
    if len(set(values)) != len(values):
        return f"{name} has an option twice: {values}."
    return ""


def _conditions(criteria: Sequence[CriterionDraft]) -> Iterator[Offence]:
    earlier: set[str] = set()
    for draft in criteria:
        if draft.condition_key and draft.condition_key not in earlier:
            text = (
                f"Criterion {draft.key!r} depends on {draft.condition_key!r}, which is "
                "not asked before it."
            )
            yield Offence(text, "criterion", draft.key, "condition_key")
        elif draft.condition_key and not draft.condition_values:
            text = f"Criterion {draft.key!r} depends on no value; name one."
            yield Offence(text, "criterion", draft.key, "condition_values")
        earlier.add(draft.key)


def _form(
    draft: FormDraft,
    criteria: Sequence[CriterionDraft],
    span_labels: Sequence[SpanLabelDraft],
) -> Iterator[Offence]:
    name = f"The form for {draft.kind!r}"
    texts = {}
    if draft.kind not in Task.Kind.values:
        texts["kind"] = f"{name} is for none of {Task.Kind.values}."
    if unknown := set(draft.parts) - set(TaskForm.Part.values):
        texts["parts"] = f"{name} has unknown parts {sorted(unknown)}."
    if unknown := set(draft.mark_extras) - set(TaskForm.Extra.values):
        texts["mark_extras"] = f"{name} has unknown extras {sorted(unknown)}."
    for field, text in texts.items():
        yield Offence(text, "form", draft.kind, field)
    if TaskForm.Part.MARKS in draft.parts and not span_labels:
        text = f"{name} asks for marks, but there are no labels for them."
        yield Offence(text, "form", draft.kind, "parts")
    is_whole = [one for one in criteria if one.scope == Criterion.Scope.COMPLETION]
    if TaskForm.Part.RATINGS in draft.parts and not is_whole:
        text = f"{name} asks for ratings, but there are no criteria for a completion."
        yield Offence(text, "form", draft.kind, "parts")
    if draft.kind == Task.Kind.SINGLE and not draft.parts:
        yield Offence(f"{name} asks nothing.", "form", draft.kind, "parts")
