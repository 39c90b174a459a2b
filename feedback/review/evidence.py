"""Adding what verdicts cite, and what follows when an edition is superseded.

The order of locks is always: edition, task, case.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Invalid
from feedback.review.cases import STALE_PRIORITY, queue_case
from feedback.review.models import (
    Adjudication,
    AdjudicationCase,
    EvidenceEdition,
    EvidenceSource,
)
from feedback.studies.models import Study, Task


@dataclass(frozen=True, slots=True)
class NewEdition:
    """An edition as somebody wrote it down, of a source that may be listed already."""

    title: str
    publisher: str
    kind: str
    edition: str
    published_on: date
    url: str = ""


@transaction.atomic
def add_edition(*, study: Study, new: NewEdition, actor: User) -> EvidenceEdition:
    """List an edition, and its source if that is new; what is there already is returned.

    Titles, publishers and editions are the same whatever their case.

    Raises:
        Invalid: if a field cannot be, or the edition is listed with another date.
    """
    source = EvidenceSource.objects.filter(
        study=study, title__iexact=new.title, publisher__iexact=new.publisher
    ).first()
    if source is None:
        source = EvidenceSource(
            study=study,
            title=new.title,
            publisher=new.publisher,
            kind=new.kind,
            url=new.url,
        )
        _save(source)
        record(action="evidence.source_added", subject=source, actor=actor)
    listed = EvidenceEdition.objects.filter(
        source=source, edition__iexact=new.edition
    ).first()
    if listed is None:
        listed = EvidenceEdition(
            source=source, edition=new.edition, published_on=new.published_on
        )
        _save(listed)
        record(action="evidence.edition_added", subject=listed, actor=actor)
    elif listed.published_on != new.published_on:
        text = f"This edition is listed as published on {listed.published_on}."
        raise Invalid(text, fields={"published_on": text})
    return listed


def _save(row: EvidenceSource | EvidenceEdition) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        fields = {
            "title" if name == "__all__" else name: " ".join(texts)
            for name, texts in error.message_dict.items()
        }
        raise Invalid(" ".join(fields.values()), fields=fields) from error
    row.save()


@transaction.atomic
def supersede_edition(
    *, edition: EvidenceEdition, by: EvidenceEdition, actor: User, now: datetime
) -> list[AdjudicationCase]:
    """Note that an edition is not in force any more; verdicts that cite it go stale.

    Args:
        edition: the one that was in force.
        by: the one that is in force now, of the same study; of any source.
        actor: who says so.
        now: when.

    Returns:
        The cases in which the tasks of the stale verdicts wait again.

    Raises:
        Conflict: if the edition is superseded already.
        Invalid: if `by` cannot supersede it.
    """
    held = {
        row.pk: row
        for row in EvidenceEdition.objects.select_for_update(no_key=True, of=("self",))
        .select_related("source")
        .filter(pk__in=[edition.pk, by.pk])
        .order_by("pk")
    }
    old, new = held[edition.pk], held[by.pk]
    if old.superseded_at is not None:
        raise Conflict(
            f"{old} is superseded already.",
            next_step="Go back to the evidence of the study.",
        )
    _refuse_impossible(old, new)
    old.superseded_at, old.superseded_by = now, new
    old.save(update_fields=["superseded_at", "superseded_by"])
    record(
        action="evidence.superseded",
        subject=old,
        actor=actor,
        details={"by": str(new.uid)},
    )
    return _queue_stale(old, new)


def _refuse_impossible(old: EvidenceEdition, new: EvidenceEdition) -> None:
    problem = ""
    if old.pk == new.pk:
        problem = "An edition cannot supersede itself."
    elif old.source.study_id != new.source.study_id:
        problem = "That edition belongs to another study."
    elif new.superseded_at is not None:
        problem = f"{new} is superseded itself; name the edition that is in force."
    elif new.published_on < old.published_on:
        problem = f"{new} was published before {old}."
    if problem:
        raise Invalid(problem, fields={"by": problem})


def _queue_stale(old: EvidenceEdition, new: EvidenceEdition) -> list[AdjudicationCase]:
    stale = Adjudication.objects.filter(
        superseded_by=None, evidence__edition=old
    ).values("task_id")
    tasks = Task.objects.select_for_update(no_key=True, of=("self",)).filter(
        pk__in=stale
    )
    because = f"The verdict cites {old}, which {new} superseded."
    return [
        queue_case(
            task=task,
            reason=AdjudicationCase.Reason.STALE,
            priority=STALE_PRIORITY,
            because=because,
            actor=None,
        )
        for task in tasks.order_by("pk")
    ]
