"""Who takes part in a study: tier, stage, credentials, and the end of a role."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from feedback.accounts.models import Credential, Rater, User
from feedback.accounts.permissions import Role, Verb
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Forbidden, Invalid, NotVisible
from feedback.common.text import forbidden_character, normalize
from feedback.studies.models import Enrollment, Study
from feedback.studies.selectors import studies_for

MAX_REASON = 300
MAX_HOW = 200
MAX_WORDS = 100


def enrolled(study: Study) -> QuerySet[Enrollment]:
    """Everybody with a live role, raters first, with what qualifies them."""
    checked = Credential.objects.select_related("checked_by").order_by("pk")
    return (
        study.enrollments.filter(ended_at=None)
        .select_related("user", "user__rater")
        .prefetch_related(Prefetch("user__rater__credentials", queryset=checked))
        .order_by("role", "user__name", "pk")
    )


def access_enrollment(user: User, uid: UUID) -> Enrollment:
    """The only door from a lead to somebody's live role in a study they lead.

    Raises:
        NotVisible: if it does not exist, has ended, or the person leads elsewhere.
    """
    found = (
        Enrollment.objects.select_related("study", "user", "user__rater")
        .filter(uid=uid, ended_at=None, study__in=studies_for(user, Verb.STUDY_LEAD))
        .first()
    )
    if found is None:
        raise NotVisible
    return found


def access_credential(user: User, uid: UUID) -> Credential:
    """The only door to a credential: of a person in a study that `user` leads.

    Raises:
        NotVisible: for anybody else.
    """
    here = Enrollment.objects.filter(
        user=OuterRef("rater__user"),
        ended_at=None,
        study__in=studies_for(user, Verb.STUDY_LEAD),
    )
    found = (
        Credential.objects.select_related("rater__user", "checked_by")
        .filter(Exists(here), uid=uid)
        .first()
    )
    if found is None:
        raise NotVisible
    return found


def _refuse_oneself(enrollment: Enrollment, actor: User) -> None:
    if enrollment.user_id == actor.pk:
        raise Forbidden(
            "Nobody decides this about themselves.",
            next_step="Ask another lead of the study, or an administrator.",
        )


@transaction.atomic
def set_tier(*, enrollment: Enrollment, tier: str, actor: User) -> Enrollment:
    """Ask somebody as a specialist, or no longer.

    Raises:
        Forbidden: if the actor is that person.
        Invalid: if there is no such tier.
    """
    _refuse_oneself(enrollment, actor)
    if tier not in Enrollment.Tier.values:
        raise _wrong("tier", f"Tier {tier!r} is not one of {Enrollment.Tier.values}.")
    held = _hold(enrollment)
    if held.tier != tier:
        before, held.tier = held.tier, tier
        held.save(update_fields=["tier"])
        record(
            action="enrollment.tier_set",
            subject=held,
            actor=actor,
            details={"before": before, "tier": tier},
        )
    return held


def set_practice(
    *, enrollment: Enrollment, profession: str, specialty: str, actor: User
) -> Rater:
    """Correct what a rater is noted as; it decides which cases are theirs.

    It is noted once for a person, so it counts in every study that they rate in. Who
    does not lead all of these may not change it here; that they tried is recorded.

    Raises:
        Forbidden: if the actor is that person.
        Conflict: if the person is no rater, or rates in a study of others.
        Invalid: if a text is too long or holds what cannot be stored.
    """
    _refuse_oneself(enrollment, actor)
    n_elsewhere = (
        Enrollment.objects.filter(
            user=enrollment.user_id, role=Role.RATER, ended_at=None
        )
        .exclude(study__state=Study.State.CLOSED)
        .exclude(study__in=studies_for(actor, Verb.STUDY_LEAD))
        .count()
    )
    if n_elsewhere:
        record(
            action="rater.practice_refused",
            subject=enrollment,
            actor=actor,
            details={"n_elsewhere": n_elsewhere},
        )
        studies = (
            "another study" if n_elsewhere == 1 else f"{n_elsewhere} other studies"
        )
        raise Conflict(
            f"{enrollment.user.name} rates in {studies} that you do not lead, and the "
            "practice counts there as well.",
            next_step="Ask an administrator to change it.",
        )
    return _note_practice(
        enrollment, profession=profession, specialty=specialty, actor=actor
    )


@transaction.atomic
def _note_practice(
    enrollment: Enrollment, *, profession: str, specialty: str, actor: User
) -> Rater:
    rater = Rater.objects.select_for_update().filter(user=enrollment.user_id).first()
    if rater is None:
        raise Conflict(f"{enrollment.user.name} is not noted as a rater.")
    before = {"profession": rater.profession, "specialty": rater.specialty}
    rater.profession = _text(profession, field="profession", limit=MAX_WORDS)
    rater.specialty = _text(specialty, field="specialty", limit=MAX_WORDS)
    rater.save(update_fields=["profession", "specialty"])
    record(
        action="rater.practice_set", subject=rater, actor=actor, details={"was": before}
    )
    return rater


@transaction.atomic
def set_stage(
    *, enrollment: Enrollment, stage: str, reason: str, actor: User
) -> Enrollment:
    """Pause a rater, or let them rate, whatever the qualification said.

    Args:
        enrollment: of a rater.
        stage: `paused` or `ready`.
        reason: as the rater reads it; without one nobody is paused.
        actor: who is named in the audit trail.

    Raises:
        Forbidden: if the actor is that person.
        Invalid: if it is another stage, or the reason is missing or too long.
    """
    _refuse_oneself(enrollment, actor)
    if stage not in {Enrollment.Stage.PAUSED, Enrollment.Stage.READY}:
        raise _wrong("stage", f"Stage {stage!r} is set by the qualification only.")
    reason = _text(reason, field="reason", limit=MAX_REASON)
    if not reason and stage == Enrollment.Stage.PAUSED:
        raise _wrong("reason", "Say why: the rater reads it.")
    held = _hold(enrollment)
    if held.role != Role.RATER:
        raise _wrong("stage", f"{held.get_role_display()} is not a role that rates.")
    before = held.stage
    held.stage, held.stage_reason = stage, reason
    held.save(update_fields=["stage", "stage_reason"])
    record(
        action="enrollment.stage_set",
        subject=held,
        actor=actor,
        details={"before": before, "stage": stage, "reason": reason},
    )
    return held


@transaction.atomic
def end_enrollment(*, enrollment: Enrollment, actor: User, now: datetime) -> Enrollment:
    """End a role. What the person said stays, and counts as before.

    Raises:
        Conflict: if nobody would lead the study any more.
    """
    # One at a time per study: of two last leads who end each other one stays.
    Study.objects.select_for_update(no_key=True).get(pk=enrollment.study_id)
    held = _hold(enrollment)
    others = Enrollment.objects.filter(
        study_id=held.study_id, role=Role.LEAD, ended_at=None
    ).exclude(pk=held.pk)
    if held.role == Role.LEAD and not others.exists():
        raise Conflict(
            "A study needs somebody who leads it.",
            next_step="Invite another lead first.",
        )
    if held.ended_at is None:
        held.ended_at = now
        held.save(update_fields=["ended_at"])
        record(action="enrollment.ended", subject=held, actor=actor)
    return held


@transaction.atomic
def add_credential(
    *,
    rater: Rater,
    kind: str,
    title: str,
    actor: User,
    issuer: str = "",
    identifier: str = "",
    valid_until: date | None = None,
) -> Credential:
    """Note what a rater says qualifies them; nobody has checked it yet."""
    credential = Credential(
        rater=rater,
        kind=kind,
        title=title,
        issuer=issuer,
        identifier=identifier,
        valid_until=valid_until,
    )
    credential.full_clean()
    credential.save()
    record(action="credential.added", subject=credential, actor=actor)
    return credential


@transaction.atomic
def check_credential(
    *, credential: Credential, how: str, actor: User, now: datetime
) -> Credential:
    """Note that somebody looked at the proof; from here on it never changes.

    Raises:
        Forbidden: if it is the person's own.
        Conflict: if it was checked before.
        Invalid: if it does not say how.
    """
    how = _text(how, field="how", limit=MAX_HOW)
    if not how:
        raise _wrong("how", "Say how you checked it, e.g. in the public register.")
    held = (
        Credential.objects.select_for_update(of=("self",))
        .select_related("rater")
        .get(pk=credential.pk)
    )
    if held.rater.user_id == actor.pk:
        raise Forbidden(
            "Nobody checks a credential of their own.",
            next_step="Ask another lead or an administrator.",
        )
    if held.checked_at is not None:
        raise Conflict("This credential was checked already.")
    held.checked_at, held.checked_by, held.checked_how = now, actor, how
    held.save(update_fields=["checked_at", "checked_by", "checked_how"])
    record(action="credential.checked", subject=held, actor=actor, details={"how": how})
    return held


def _hold(enrollment: Enrollment) -> Enrollment:
    return (
        Enrollment.objects.select_for_update(of=("self",))
        .select_related("study", "user")
        .get(pk=enrollment.pk)
    )


def _text(text: str, *, field: str, limit: int) -> str:
    text = " ".join(normalize(text).split())
    if len(text) > limit:
        raise _wrong(field, f"{len(text)} characters; there may be {limit}.")
    if found := forbidden_character(text):
        raise _wrong(field, f"It holds {found}, which cannot be stored.")
    return text


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(message, fields={field: message})
