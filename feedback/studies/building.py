"""Making the tasks that a study's prompts call for."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from django.db import transaction

from feedback.common.exceptions import Conflict
from feedback.common.hashing import json_sha256
from feedback.corpus.models import CasePoint, Completion, Prompt, Source
from feedback.corpus.scanning import scan_completions
from feedback.studies.criteria import SINGLE_AND_PAIR
from feedback.studies.locks import lock_study
from feedback.studies.models import (
    GuidelineVersion,
    Slot,
    Study,
    Task,
    TaskForm,
    TaskItem,
)
from feedback.studies.sampling import shuffle_key
from feedback.studies.selectors import latest_guideline, major_number
from feedback.studies.slots import first_places, wave_of_place

_PROMPTS_A_CHUNK = 200
# Of one prompt's completions: so many are judged alone, so many in pairs, so many in
# one ranking. Pairs grow with the square, and a file may hold any number of
# completions of one prompt.
MAX_RATED = 100
MAX_PAIRED = 16
MAX_RANKED = 8
_MIN_RANKED = 3
# The parts that ask nothing where the case has no point of their kind.
_NEEDS_POINTS = {
    TaskForm.Part.RUBRIC: CasePoint.Kind.RUBRIC,
    TaskForm.Part.CLAIMS: CasePoint.Kind.CLAIM,
    TaskForm.Part.MUST_SAY: CasePoint.Kind.MUST_SAY,
}
# Task kind -> the parts asked, by `TaskForm.Part`.
_Forms = Mapping[str, frozenset[str]]


def build_tasks(*, study: Study, source: Source | None = None) -> int:
    """Make the tasks that a study's prompts call for and return how many are new.

    The newest guideline's forms decide which kinds there are: each completion alone
    (the first `MAX_RATED`), in its conversation, in pairs (of the first `MAX_PAIRED`),
    or in one ranking (of the first `MAX_RANKED`, from three). Each task gets as many
    slots as the study's policy begins with. Completions are looked through for the name of their maker
    before. Re-running is safe: a task's fingerprint is unique in its study.

    Raises:
        Conflict: without a published guideline.
    """
    guideline = latest_guideline(study)
    if guideline is None:
        raise Conflict(
            f"Study {study.name!r} has no published guideline.",
            next_step="Publish one, so that each answer can say what it followed.",
        )
    forms = _forms_of(guideline)
    sources = [source] if source else list(study.sources.all())
    prompts = Prompt.objects.filter(source__in=sources).order_by("pk")
    n_new, last_pk = 0, 0
    while chunk := list(
        prompts.filter(pk__gt=last_pk).only("pk", "messages", "specialty")[
            :_PROMPTS_A_CHUNK
        ]
    ):
        last_pk = chunk[-1].pk
        n_new += _build_chunk(study, guideline, forms, chunk)
    return n_new


def _forms_of(guideline: GuidelineVersion) -> _Forms:
    forms = {form.kind: frozenset(form.parts) for form in guideline.forms.all()}
    return forms or {draft.kind: frozenset(draft.parts) for draft in SINGLE_AND_PAIR}


@transaction.atomic
def _build_chunk(
    study: Study, guideline: GuidelineVersion, forms: _Forms, prompts: list[Prompt]
) -> int:
    # A lead may save other settings while this runs. The new tasks follow them, or, if
    # the lead has to wait for this chunk, `fit_slots` finds them there.
    study = lock_study(study)
    completions: dict[int, list[Completion]] = {prompt.pk: [] for prompt in prompts}
    rows = Completion.objects.filter(prompt__in=prompts).order_by("pk")
    for completion in rows.only("pk", "prompt_id").iterator():
        if len(completions[completion.prompt_id]) < MAX_RATED:
            completions[completion.prompt_id].append(completion)
    scan_completions(one.pk for found in completions.values() for one in found)
    points = _points_of(prompts, forms)
    epoch = major_number(guideline)
    wanted = {
        task.fingerprint: (task, items)
        for prompt in prompts
        for task, items in _tasks_of(
            _Case(
                study,
                guideline,
                prompt,
                points.get(prompt.pk, set()),
                epoch=epoch,
            ),
            forms,
            completions[prompt.pk],
        )
    }
    known = set(
        study.tasks.filter(fingerprint__in=wanted).values_list("fingerprint", flat=True)
    )
    return _write(
        study, {key: value for key, value in wanted.items() if key not in known}
    )


def _write(study: Study, fresh: dict[str, tuple[Task, list[Completion]]]) -> int:
    # Two builders at once: the unique fingerprint lets one of them win each task.
    Task.objects.bulk_create((t for t, _ in fresh.values()), ignore_conflicts=True)
    made = study.tasks.filter(uid__in=[task.uid for task, _ in fresh.values()]).in_bulk(
        field_name="uid"
    )
    TaskItem.objects.bulk_create(
        TaskItem(task=made[task.uid], completion=completion, position=position)
        for task, items in fresh.values()
        if task.uid in made
        for position, completion in enumerate(items)
    )
    Slot.objects.bulk_create(
        Slot(
            study=study,
            task=task,
            slot_no=slot_no,
            wave=wave_of_place(slot_no),
            specialty=fresh[task.fingerprint][0].prompt.specialty.strip().lower(),
            shuffle_key=shuffle_key(seed=study.seed, fingerprint=task.fingerprint),
        )
        for task in made.values()
        for slot_no in range(first_places(study))
    )
    return len(made)


def _points_of(prompts: list[Prompt], forms: _Forms) -> dict[int, set[str]]:
    """Which kinds of points each prompt has, if any form asks for them."""
    if not any(parts & _NEEDS_POINTS.keys() for parts in forms.values()):
        return {}
    found: dict[int, set[str]] = {}
    rows = CasePoint.objects.filter(prompt__in=prompts).values_list("prompt", "kind")
    for prompt, kind in rows.distinct():
        found.setdefault(prompt, set()).add(kind)
    return found


class _Case:
    """One prompt of one study, from which tasks are made."""

    def __init__(
        self,
        study: Study,
        guideline: GuidelineVersion,
        prompt: Prompt,
        points: set[str],
        *,
        epoch: int,
    ) -> None:
        self.study, self.guideline = study, guideline
        self.prompt, self.points = prompt, points
        # A small change of the guideline calls for no new answers to the same texts.
        self.epoch = epoch

    def asks_something(self, parts: frozenset[str]) -> bool:
        """Whether a form has anything to ask about this prompt's completions."""
        return any(
            part not in _NEEDS_POINTS or _NEEDS_POINTS[part] in self.points  # type: ignore[index]
            for part in parts
        )

    @property
    def is_conversation(self) -> bool:
        """Whether an assistant spoke before the completion."""
        return any(turn["role"] == "assistant" for turn in self.prompt.messages)

    def task(self, kind: str, items: list[Completion]) -> Task:
        """An unsaved task."""
        fingerprint = json_sha256(
            {
                "guideline": self.epoch,
                "kind": str(kind),
                "prompt": self.prompt.pk,
                "completions": [completion.pk for completion in items],
            }
        )
        return Task(
            study=self.study,
            guideline_version=self.guideline,
            prompt=self.prompt,
            kind=kind,
            fingerprint=fingerprint,
        )


def _tasks_of(
    case: _Case, forms: _Forms, completions: list[Completion]
) -> Iterator[tuple[Task, list[Completion]]]:
    """The tasks one prompt calls for, unsaved, with what each shows."""
    for kind, parts in sorted(forms.items()):
        for items in _groups(case, kind, parts, completions):
            yield case.task(kind, items), items


def _groups(
    case: _Case, kind: str, parts: frozenset[str], completions: list[Completion]
) -> Iterator[list[Completion]]:
    if kind == Task.Kind.PAIR:
        yield from map(list, combinations(completions[:MAX_PAIRED], 2))
    elif kind == Task.Kind.RANKING:
        if len(completions) >= _MIN_RANKED:
            yield completions[:MAX_RANKED]
    elif (kind == Task.Kind.SINGLE and case.asks_something(parts)) or (
        kind == Task.Kind.CONVERSATION and case.is_conversation
    ):
        yield from ([completion] for completion in completions)
