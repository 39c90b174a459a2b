"""The next guideline version while it is written: one per study, then published.

Every change locks the study's row first, so that there is one draft, and nothing is
written into a version that another window has just published.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Invalid, NotVisible
from feedback.studies.criteria import CriterionDraft, FormDraft, SpanLabelDraft
from feedback.studies.following import follow, retire_unfit
from feedback.studies.guideline_contents import (
    Contents,
    contents_of,
    criterion_draft,
)
from feedback.studies.models import (
    ChangeRequest,
    Criterion,
    GuidelineVersion,
    SpanLabel,
    Study,
    TaskForm,
)
from feedback.studies.selectors import latest_guideline, studies_for
from feedback.studies.services import next_number, seal_guideline, write_questions

Row = Criterion | SpanLabel


def draft_of(study: Study) -> GuidelineVersion | None:
    """The draft that a study has, if it has one."""
    return (
        study.guideline_versions.filter(published_at=None).order_by("-number").first()
    )


def access_draft(user: User, uid: UUID) -> GuidelineVersion:
    """The only door to the draft of a study, by the study's name.

    Raises:
        NotVisible: if there is none, or the person does not lead the study.
    """
    found = (
        GuidelineVersion.objects.select_related("study")
        .filter(
            study__uid=uid,
            published_at=None,
            study__in=studies_for(user, Verb.STUDY_LEAD),
        )
        .order_by("-number")
        .first()
    )
    if found is None:
        raise NotVisible
    return found


def access_draft_criterion(user: User, uid: UUID) -> Criterion:
    """The only door to a criterion of a draft.

    Raises:
        NotVisible: if it is published, or the person does not lead its study.
    """
    found = (
        Criterion.objects.select_related("guideline_version__study")
        .filter(
            uid=uid,
            guideline_version__published_at=None,
            guideline_version__study__in=studies_for(user, Verb.STUDY_LEAD),
        )
        .first()
    )
    if found is None:
        raise NotVisible
    return found


def access_draft_label(user: User, uid: UUID) -> SpanLabel:
    """The only door to a label of a draft.

    Raises:
        NotVisible: if it is published, or the person does not lead its study.
    """
    found = (
        SpanLabel.objects.select_related("guideline_version__study")
        .filter(
            uid=uid,
            guideline_version__published_at=None,
            guideline_version__study__in=studies_for(user, Verb.STUDY_LEAD),
        )
        .first()
    )
    if found is None:
        raise NotVisible
    return found


@transaction.atomic
def start_draft(*, study: Study, actor: User) -> GuidelineVersion:
    """Begin the next version from the newest one; an old draft is given back as it is.

    Raises:
        Conflict: if the study is closed.
    """
    held = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if held.state == Study.State.CLOSED:
        raise Conflict(f"Study {held.name!r} is closed; its guideline stays as it is.")
    if draft := draft_of(study):
        return draft
    latest = latest_guideline(study)
    draft = GuidelineVersion.objects.create(
        study=study,
        number=next_number(study),
        title=latest.title if latest else study.name,
        body=latest.body if latest else "",
    )
    if latest is not None:
        asked = contents_of(latest)
        write_questions(draft, asked.criteria, asked.span_labels, asked.forms)
    record(action="guideline.draft_started", subject=draft, actor=actor)
    return draft


@transaction.atomic
def discard_draft(*, draft: GuidelineVersion, actor: User) -> None:
    """Throw a draft away; nobody has rated by it."""
    draft = _hold(draft)
    record(
        action="guideline.draft_discarded",
        subject=draft,
        actor=actor,
        details={"number": draft.number},
    )
    for rows in (draft.criteria, draft.span_labels, draft.forms):
        rows.all().delete()
    draft.delete()


@transaction.atomic
def save_text(
    *,
    draft: GuidelineVersion,
    title: str,
    body: str,
    changes: str,
    is_major: bool,
    actor: User,
) -> GuidelineVersion:
    """Store the words of a draft.

    Raises:
        Invalid: if the title or the body is empty or too long.
    """
    draft = _hold(draft)
    draft.title, draft.body = title, body
    draft.changes, draft.is_major = changes, is_major
    _clean(draft)
    draft.save(update_fields=["title", "body", "changes", "is_major"])
    _note(draft, actor, what="text")
    return draft


@transaction.atomic
def save_criterion(
    *,
    draft: GuidelineVersion,
    content: CriterionDraft,
    actor: User,
    criterion: Criterion | None = None,
) -> Criterion:
    """Add a criterion at the end, or change one where it stands.

    If its key changes, what depends on it follows.

    Raises:
        Invalid: with a message for each field by which it could not be answered.
    """
    draft = _hold(draft)
    rows = list(draft.criteria.all())
    row = next((one for one in rows if criterion and one.pk == criterion.pk), None)
    if criterion is not None and row is None:
        raise Conflict("This criterion was removed in the meantime.")
    before = row.key if row else content.key
    others = [
        replace(one, condition_key=content.key) if one.condition_key == before else one
        for one in map(criterion_draft, rows)
    ]
    place = rows.index(row) if row else len(rows)
    asked = [*others[:place], content, *others[place + (row is not None) :]]
    _refuse_criterion(content, asked)
    row = row or Criterion(guideline_version=draft, position=place)
    for name, value in content.as_fields().items():
        setattr(row, name, value)
    _clean(row)
    row.save()
    if before != content.key:
        draft.criteria.filter(condition_key=before).update(condition_key=content.key)
    _note(draft, actor, what="criterion", key=content.key)
    return row


def _refuse_criterion(content: CriterionDraft, asked: Sequence[CriterionDraft]) -> None:
    found = {
        offence.field: offence.text
        for offence in reversed(Contents(criteria=tuple(asked)).offences())
        if offence.part == "criterion" and offence.key == content.key
    }
    if content.minimum >= content.maximum:
        found["maximum"] = "The scale needs to end above where it begins."
    if found:
        raise Invalid("This criterion could not be answered as it is.", fields=found)


@transaction.atomic
def save_label(
    *,
    draft: GuidelineVersion,
    content: SpanLabelDraft,
    actor: User,
    label: SpanLabel | None = None,
) -> SpanLabel:
    """Add a label at the end, or change one where it stands.

    Raises:
        Invalid: if another label has its key, or a field cannot be so.
    """
    draft = _hold(draft)
    rows = list(draft.span_labels.all())
    row = next((one for one in rows if label and one.pk == label.pk), None)
    if label is not None and row is None:
        raise Conflict("This label was removed in the meantime.")
    if any(one.key == content.key for one in rows if one != row):
        text = f"Another label has the key {content.key!r}."
        raise Invalid(text, fields={"key": text})
    row = row or SpanLabel(guideline_version=draft, position=len(rows))
    for name, value in content.as_fields().items():
        setattr(row, name, value)
    _clean(row)
    row.save()
    _note(draft, actor, what="label", key=content.key)
    return row


@transaction.atomic
def move_question(*, row: Row, by: int, actor: User) -> None:
    """Move a criterion or a label up (-1) or down (1) by one place."""
    rows = _neighbors(_hold(row.guideline_version), row)
    place = _place_in(rows, row)
    other = place + by
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
    _number(rows)
    _note(row.guideline_version, actor, what="order", key=row.key)


@transaction.atomic
def remove_question(*, row: Row, actor: User) -> None:
    """Take a criterion or a label out of a draft."""
    rows = _neighbors(_hold(row.guideline_version), row)
    gone = rows.pop(_place_in(rows, row))
    gone.delete()
    _number(rows)
    _note(row.guideline_version, actor, what="removed", key=row.key)


@transaction.atomic
def save_forms(
    *, draft: GuidelineVersion, forms: Sequence[FormDraft], actor: User
) -> None:
    """Store which kinds of task there are, and what each asks."""
    draft = _hold(draft)
    draft.forms.all().delete()
    rows = [TaskForm(guideline_version=draft, **one.as_fields()) for one in forms]
    for row in rows:
        _clean(row)
    TaskForm.objects.bulk_create(rows)
    _note(draft, actor, what="forms")


@transaction.atomic
def publish_draft(
    *,
    draft: GuidelineVersion,
    actor: User,
    now: datetime,
    resolves: Sequence[ChangeRequest] = (),
) -> GuidelineVersion:
    """Publish a draft; from here on nothing of it changes.

    Tasks that nobody has met go on under it: after a minor version they are the same
    tasks; after a major one they are withdrawn, and made anew for every prompt. What
    was answered stays under the version it was answered by. Known answers and
    repetitions are answered by the newest version, and retired where it does not ask
    what is known.

    Args:
        draft: of which the row as it is now counts.
        actor: who publishes.
        now: the time of publishing.
        resolves: change requests that it answers.

    Raises:
        Conflict: if it was published or thrown away in the meantime.
        Invalid: if the form could not be answered as it is.
    """
    draft = _hold(draft)
    _clean(draft)
    asked = contents_of(draft)
    newest = latest_guideline(draft.study)
    if newest is not None and newest.number > draft.number:
        # Another way to publish went before: versions are numbered as published.
        draft.number = next_number(draft.study)
    version = seal_guideline(
        version=draft,
        criteria=asked.criteria,
        span_labels=asked.span_labels,
        forms=asked.forms,
        published_by=actor,
        now=now,
    )
    ChangeRequest.objects.filter(
        study_id=version.study_id,
        pk__in=[one.pk for one in resolves],
        resolved_at=None,
    ).update(resolved_at=now, resolved_by_version=version)
    follow(version)
    retire_unfit(version, actor=actor, now=now)
    return version


def _hold(draft: GuidelineVersion) -> GuidelineVersion:
    """Lock the study, and read the draft as it is now.

    Raises:
        Conflict: if it was published or thrown away.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=draft.study_id)
    held = GuidelineVersion.objects.filter(pk=draft.pk, published_at=None).first()
    if held is None:
        raise Conflict(
            "This draft was published or thrown away in the meantime.",
            next_step="Go back to the list of versions.",
        )
    held.study = study
    return held


def _clean(row: GuidelineVersion | Criterion | SpanLabel | TaskForm) -> None:
    """Check a row by its fields, and say at which what is wrong."""
    try:
        row.clean_fields(exclude=["study", "guideline_version"])
    except ValidationError as error:
        fields = {name: " ".join(texts) for name, texts in error.message_dict.items()}
        raise Invalid(
            "Something cannot be stored as it is.",
            next_step="Mend what is named and save again.",
            fields=fields,
        ) from error


def _neighbors(draft: GuidelineVersion, row: Row) -> list[Row]:
    return [*type(row).objects.filter(guideline_version=draft)]


def _place_in(rows: list[Row], row: Row) -> int:
    for place, one in enumerate(rows):
        if one.pk == row.pk:
            return place
    raise Conflict("This was removed in the meantime.")


def _number(rows: list[Row]) -> None:
    for position, row in enumerate(rows):
        if row.position != position:
            row.position = position
            row.save(update_fields=["position"])


def _note(draft: GuidelineVersion, actor: User, *, what: str, key: str = "") -> None:
    details = {"what": what, "key": key} if key else {"what": what}
    record(
        action="guideline.draft_changed", subject=draft, actor=actor, details=details
    )
