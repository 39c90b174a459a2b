"""What a task asks: the parts of its form, in the order in which they are asked.

Evidence comes before verdicts and each completion by itself before any comparison, so
that no answer anchors the one after it: marks and turns, the case's points, ratings,
comparison by criteria, then the ranking or the preference as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from feedback.corpus.models import CasePoint
from feedback.studies.criteria import SINGLE_AND_PAIR
from feedback.studies.models import (
    Criterion,
    GuidelineVersion,
    SpanLabel,
    Task,
    TaskForm,
)
from feedback.studies.selectors import questionnaire_of

_CHECKLISTS = {
    TaskForm.Part.RUBRIC: CasePoint.Kind.RUBRIC,
    TaskForm.Part.CLAIMS: CasePoint.Kind.CLAIM,
    TaskForm.Part.MUST_SAY: CasePoint.Kind.MUST_SAY,
}
_DEFAULT_FORMS = {draft.kind: draft for draft in SINGLE_AND_PAIR}


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that one task asks.

    Attributes:
        kind: of the task.
        n_items: how many completions it shows.
        n_turns: assistant turns of a conversation, the completion included; else 0.
        parts: of the form; a `TaskForm.Part` each.
        criteria: asked of each completion.
        compared: asked of a pair, one against the other.
        per_turn: asked of each assistant turn.
        points: of the case, by kind.
        labels: that a mark may have.
        mark_extras: what else a mark may carry.
    """

    kind: str
    n_items: int
    n_turns: int = 0
    parts: frozenset[str] = frozenset()
    criteria: tuple[Criterion, ...] = ()
    compared: tuple[Criterion, ...] = ()
    per_turn: tuple[Criterion, ...] = ()
    points: Mapping[str, tuple[CasePoint, ...]] = field(default_factory=dict)
    labels: tuple[SpanLabel, ...] = ()
    mark_extras: frozenset[str] = frozenset()

    @property
    def has_preference(self) -> bool:
        """Whether two completions are compared as a whole."""
        return self.kind == Task.Kind.PAIR

    @property
    def has_ranking(self) -> bool:
        """Whether completions are put in order."""
        return self.kind == Task.Kind.RANKING

    @property
    def has_marks(self) -> bool:
        """Whether places in the text are marked."""
        return TaskForm.Part.MARKS in self.parts

    @property
    def has_correction(self) -> bool:
        """Whether a correction is asked for, and not just offered."""
        return TaskForm.Part.CORRECTION in self.parts

    @property
    def all_points(self) -> list[CasePoint]:
        """The case's points in the order of the form."""
        return [point for points in self.points.values() for point in points]


def asked_of(task: Task, *, version: GuidelineVersion, n_items: int) -> Asked:
    """Read what a version of the guideline asks of a task; its prompt should be joined.

    Versions published before forms existed ask what was asked then.
    """
    questionnaire = questionnaire_of(version)
    form = questionnaire.forms.get(task.kind) or _DEFAULT_FORMS.get(task.kind)
    parts = frozenset(form.parts) if form else frozenset()
    is_conversation = task.kind == Task.Kind.CONVERSATION
    by_scope: dict[str, list[Criterion]] = {}
    for one in questionnaire.criteria:
        if is_conversation or one.kind != Criterion.Kind.TURN:
            by_scope.setdefault(one.scope, []).append(one)
    has_ratings = TaskForm.Part.RATINGS in parts
    is_pair = task.kind == Task.Kind.PAIR
    return Asked(
        kind=task.kind,
        n_items=n_items,
        n_turns=n_turns_of(task) if is_conversation else 0,
        parts=parts,
        criteria=tuple(by_scope.get(Criterion.Scope.COMPLETION, ()))
        if has_ratings
        else (),
        compared=tuple(by_scope.get(Criterion.Scope.PAIR, ())) if is_pair else (),
        per_turn=tuple(by_scope.get(Criterion.Scope.TURN, ()))
        if is_conversation
        else (),
        points=_points_of(task, parts),
        labels=questionnaire.span_labels if TaskForm.Part.MARKS in parts else (),
        mark_extras=frozenset(form.mark_extras) if form else frozenset(),
    )


def n_turns_of(task: Task) -> int:
    """The assistant's turns of a conversation, the completion included."""
    roles: list[str] = [turn["role"] for turn in task.prompt.messages]
    return 1 + roles.count("assistant")


def _points_of(task: Task, parts: frozenset[str]) -> dict[str, tuple[CasePoint, ...]]:
    kinds = [kind for part, kind in _CHECKLISTS.items() if part in parts]
    if not kinds:
        return {}
    points = list(CasePoint.objects.filter(prompt_id=task.prompt_id, kind__in=kinds))
    found = {kind: tuple(p for p in points if p.kind == kind) for kind in kinds}
    return {kind: points for kind, points in found.items() if points}
