"""Can a guideline's form be answered as it is? Refused before it is published."""

from collections.abc import Iterable, Sequence

from feedback.common.exceptions import Invalid
from feedback.studies.criteria import CriterionDraft, FormDraft, SpanLabelDraft
from feedback.studies.models import Criterion, Task, TaskForm

# One key each: 1 to 9 choose, and 0 says that it does not apply.
MAX_OPTIONS = 9
_WITH_OPTIONS = {Criterion.Kind.NOMINAL, Criterion.Kind.MULTI_LABEL}


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
    keys = [draft.key for draft in criteria]
    labels = [draft.key for draft in span_labels]
    offences = [
        *_clashes("criteria", keys),
        *_clashes("labels", labels),
        *_clashes("forms", [draft.kind for draft in forms]),
        *(offence for draft in criteria for offence in _criterion(draft)),
        *_conditions(criteria),
        *(
            offence
            for draft in forms
            for offence in _form(draft, criteria, span_labels)
        ),
    ]
    if not criteria and not span_labels and not forms:
        offences.append("A guideline asks nothing.")
    if not forms:
        offences.append("A guideline needs a form for at least one kind of task.")
    if offences:
        raise Invalid(offences[0], next_step="Change the guideline and publish again.")


def _clashes(what: str, keys: list[str]) -> Iterable[str]:
    if len(set(keys)) != len(keys):
        yield f"A guideline needs {what} with different keys, not {keys}."


def _criterion(draft: CriterionDraft) -> Iterable[str]:
    name = f"Criterion {draft.key!r}"
    if draft.kind not in Criterion.Kind.values:
        yield f"{name}: kind {draft.kind!r} is not one of {Criterion.Kind.values}."
    if draft.scope not in Criterion.Scope.values:
        yield f"{name}: scope {draft.scope!r} is not one of {Criterion.Scope.values}."
    if draft.kind in _WITH_OPTIONS:
        yield from _options(draft, name)
    is_scale = draft.kind == Criterion.Kind.LIKERT and draft.scope != "pair"
    if is_scale and not (draft.low_label and draft.high_label):
        yield f"{name}: both ends of its scale need a label."
    if is_scale and draft.maximum > MAX_OPTIONS:
        yield f"{name}: a scale goes up to {MAX_OPTIONS}, one key each."
    if draft.scope == "turn" and draft.kind != Criterion.Kind.YES_NO:
        yield f"{name}: asked of each turn it must be a yes or no."


def _options(draft: CriterionDraft, name: str) -> Iterable[str]:
    values = [option.value for option in draft.options]
    if not 2 <= len(values) <= MAX_OPTIONS:  # noqa: PLR2004
        yield f"{name} has {len(values)} options; 2 to {MAX_OPTIONS} have a key each."
    if len(set(values)) != len(values):
        yield f"{name} has an option twice: {values}."


def _conditions(criteria: Sequence[CriterionDraft]) -> Iterable[str]:
    earlier: dict[str, CriterionDraft] = {}
    for draft in criteria:
        if draft.condition_key and draft.condition_key not in earlier:
            yield (
                f"Criterion {draft.key!r} depends on {draft.condition_key!r}, which is "
                "not asked before it."
            )
        elif draft.condition_key and not draft.condition_values:
            yield f"Criterion {draft.key!r} depends on no value; name one."
        earlier[draft.key] = draft


def _form(
    draft: FormDraft,
    criteria: Sequence[CriterionDraft],
    span_labels: Sequence[SpanLabelDraft],
) -> Iterable[str]:
    name = f"The form for {draft.kind!r}"
    if draft.kind not in Task.Kind.values:
        yield f"{name} is for none of {Task.Kind.values}."
    if unknown := set(draft.parts) - set(TaskForm.Part.values):
        yield f"{name} has unknown parts {sorted(unknown)}."
    if unknown := set(draft.mark_extras) - set(TaskForm.Extra.values):
        yield f"{name} has unknown extras {sorted(unknown)}."
    if TaskForm.Part.MARKS in draft.parts and not span_labels:
        yield f"{name} asks for marks, but there are no labels for them."
    is_whole = [one for one in criteria if one.scope == Criterion.Scope.COMPLETION]
    if TaskForm.Part.RATINGS in draft.parts and not is_whole:
        yield f"{name} asks for ratings, but there are no criteria for a completion."
    if draft.kind == Task.Kind.SINGLE and not draft.parts:
        yield f"{name} asks nothing."
