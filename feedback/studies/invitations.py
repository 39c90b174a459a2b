"""Asking people to take part: links of which only the hash is kept, spent once."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from feedback.accounts.models import Credential, Rater, User
from feedback.accounts.permissions import Role, Verb
from feedback.accounts.services import create_rater, create_user
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Invalid, NotVisible
from feedback.common.hashing import text_sha256
from feedback.studies.invitation_lines import INVITED_ROLES, InvitationDraft
from feedback.studies.models import Enrollment, Invitation, Study
from feedback.studies.selectors import studies_for
from feedback.studies.services import enroll

VALID_DAYS = 14
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation with its token, which can be shown this once."""

    invitation: Invitation
    token: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What somebody says of themselves when they accept.

    Attributes:
        name: as they are called here.
        password: None for somebody who has an account.
        profession: of a rater.
        specialty: of a rater.
        about: given freely, of a rater: `age_band`, `sex`, `ethnicity`, `language`.
    """

    name: str = ""
    password: str | None = None
    profession: str = ""
    specialty: str = ""
    about: Mapping[str, str] | None = None


def open_invitations(study: Study) -> QuerySet[Invitation]:
    """Those nobody has accepted or taken back, the newest first."""
    return (
        study.invitations.filter(accepted_at=None, revoked_at=None)
        .select_related("invited_by")
        .order_by("-pk")
    )


def access_invitation(user: User, uid: UUID) -> Invitation:
    """The only door from a lead to an invitation.

    Raises:
        NotVisible: if it does not exist, or the person does not lead its study.
    """
    found = (
        Invitation.objects.select_related("study")
        .filter(uid=uid, study__in=studies_for(user, Verb.STUDY_LEAD))
        .first()
    )
    if found is None:
        raise NotVisible
    return found


def usable_invitation(token: str, *, now: datetime) -> Invitation | None:
    """The invitation that `token` opens, if it can still be accepted."""
    return (
        _usable(now=now)
        .select_related("study", "invited_by")
        .filter(token_sha256=text_sha256(token))
        .first()
    )


def account_of(invitation: Invitation) -> User | None:
    """The person who has the invited address already."""
    return User.objects.filter(email=invitation.email).first()


@transaction.atomic
def invite(
    *, study: Study, drafts: Sequence[InvitationDraft], invited_by: User, now: datetime
) -> list[Sent]:
    """Make an invitation for each draft, or none at all.

    An open invitation that has run out makes way for the new one.

    Raises:
        Invalid: with a message for each draft that cannot be, by its place from 0.
        Conflict: if the study is closed.
    """
    held = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if held.state == Study.State.CLOSED:
        raise Conflict(f"Study {held.name!r} is closed; nobody joins it any more.")
    study.invitations.filter(
        accepted_at=None, revoked_at=None, expires_at__lte=now
    ).update(revoked_at=now)
    tokens = [secrets.token_urlsafe(_TOKEN_BYTES) for _ in drafts]
    made = [
        Invitation(
            study=study,
            invited_by=invited_by,
            token_sha256=text_sha256(token),
            expires_at=now + timedelta(days=VALID_DAYS),
            **asdict(draft),
        )
        for draft, token in zip(drafts, tokens, strict=True)
    ]
    if problems := _problems(study, made):
        raise Invalid(
            "Nobody was invited: something is wrong below.",
            next_step="Mend it and send all again.",
            fields=problems,
        )
    for one in made:
        one.save()
        record(
            action="invitation.made",
            subject=one,
            actor=invited_by,
            details={"study": str(study.uid), "role": one.role},
        )
    return [Sent(one, token) for one, token in zip(made, tokens, strict=True)]


def _problems(study: Study, made: Sequence[Invitation]) -> dict[str, str]:
    asked = set(open_invitations(study).values_list("email", "role"))
    here = set(
        study.enrollments.filter(ended_at=None).values_list("user__email", "role")
    )
    found: dict[str, str] = {}
    for place, one in enumerate(made):
        key = (one.email, one.role)
        wrong = _wrong(one, is_asked=key in asked, is_here=key in here)
        if problem := next(iter(wrong), ""):
            found[str(place)] = problem
        asked.add(key)
    return found


def _wrong(one: Invitation, *, is_asked: bool, is_here: bool) -> Iterator[str]:
    try:
        one.clean_fields(exclude=["study", "invited_by"])
    except ValidationError as error:
        field, texts = next(iter(error.message_dict.items()))
        yield f"{field}: {' '.join(texts)}"
    if one.role not in INVITED_ROLES:
        yield f"role: nobody is invited as {one.get_role_display()}."
    if one.credential_kind and not one.credential_title:
        yield "credential_title: say what the credential is called."
    if one.credential_title and not one.credential_kind:
        yield "credential_kind: say which kind of credential it is."
    if is_here:
        yield f"{one.email} takes part as {one.get_role_display()} already."
    if is_asked:
        yield f"{one.email} has an open invitation as {one.get_role_display()}."


@transaction.atomic
def renew(*, invitation: Invitation, actor: User, now: datetime) -> Sent:
    """Give an open invitation a new link and another fortnight; the old link is dead.

    Raises:
        Conflict: if it was accepted or taken back.
    """
    held = _held_open(invitation)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    held.token_sha256 = text_sha256(token)
    held.expires_at = now + timedelta(days=VALID_DAYS)
    held.save(update_fields=["token_sha256", "expires_at"])
    record(action="invitation.renewed", subject=held, actor=actor)
    return Sent(held, token)


@transaction.atomic
def revoke(*, invitation: Invitation, actor: User, now: datetime) -> Invitation:
    """Take an invitation back; its link is dead.

    Raises:
        Conflict: if it was accepted or taken back before.
    """
    held = _held_open(invitation)
    held.revoked_at = now
    held.save(update_fields=["revoked_at"])
    record(action="invitation.revoked", subject=held, actor=actor)
    return held


@transaction.atomic
def accept(
    *, invitation: Invitation, newcomer: Newcomer, user: User | None, now: datetime
) -> User:
    """Spend an invitation: make the person if they are new, and enroll them.

    Args:
        invitation: as its page showed it; what counts is the row as it is now.
        newcomer: what they say of themselves.
        user: who is signed in; None for somebody new.
        now: decides whether it has run out.

    Raises:
        Conflict: if it is spent, or the address belongs to somebody who is not `user`.
    """
    # Of two windows the later one waits here and finds the row spent.
    held = (
        _usable(now=now)
        .select_for_update(of=("self",))
        .select_related("study")
        .filter(pk=invitation.pk)
        .first()
    )
    if held is None:
        raise Conflict(
            "This invitation was used already, was taken back, or has expired.",
            next_step="Ask the study lead for a new one.",
        )
    person = _person(held, newcomer, user)
    held.accepted_at, held.accepted_by = now, person
    held.save(update_fields=["accepted_at", "accepted_by"])
    is_rater = held.role == Role.RATER
    if is_rater or held.credential_kind:
        _note_credential(held, _rater(held, person, newcomer))
    must_train = is_rater and held.study.needs_qualification
    enroll(
        study=held.study,
        user=person,
        role=Role(held.role),
        tier=Enrollment.Tier(held.tier),
        stage=Enrollment.Stage.TRAINING if must_train else Enrollment.Stage.READY,
    )
    record(
        action="invitation.accepted",
        subject=held,
        actor=person,
        details={"study": str(held.study.uid), "role": held.role},
    )
    return person


def _usable(*, now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        accepted_at=None, revoked_at=None, expires_at__gt=now
    ).exclude(study__state=Study.State.CLOSED)


def _held_open(invitation: Invitation) -> Invitation:
    held = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("study")
        .get(pk=invitation.pk)
    )
    if held.accepted_at or held.revoked_at:
        raise Conflict("This invitation was accepted or taken back already.")
    return held


def _person(invitation: Invitation, newcomer: Newcomer, user: User | None) -> User:
    known = account_of(invitation)
    if user is not None and user != known:
        raise Conflict(
            f"This invitation is for {invitation.email}, and you are signed in as "
            f"{user.email}.",
            next_step="Sign out, and open the link again.",
        )
    if user is not None:
        return user
    if known is not None:
        raise _has_account(invitation)
    try:
        with transaction.atomic():
            return create_user(
                email=invitation.email,
                name=newcomer.name or invitation.name,
                password=newcomer.password,
            )
    except IntegrityError as error:
        # Two invitations of one new address, accepted in the same moment.
        raise _has_account(invitation) from error


def _has_account(invitation: Invitation) -> Conflict:
    return Conflict(
        f"There is an account for {invitation.email} already.",
        next_step="Sign in to it, and open the link again.",
    )


def _rater(invitation: Invitation, person: User, newcomer: Newcomer) -> Rater:
    rater = Rater.objects.filter(user=person).first()
    if rater is None:
        rater = create_rater(
            user=person,
            profession=newcomer.profession or invitation.profession,
            specialty=newcomer.specialty or invitation.specialty,
        )
    told = {name: text for name, text in (newcomer.about or {}).items() if text}
    for name, text in told.items():
        setattr(rater, name, text)
    if told:
        rater.full_clean()
        rater.save(update_fields=list(told))
    return rater


def _note_credential(invitation: Invitation, rater: Rater) -> None:
    """Keep the credential that the invitation names, unchecked."""
    if not invitation.credential_kind:
        return
    said = {
        "kind": invitation.credential_kind,
        "title": invitation.credential_title,
        "issuer": invitation.credential_issuer,
        "identifier": invitation.credential_identifier,
    }
    if not rater.credentials.filter(**said).exists():
        Credential.objects.create(rater=rater, **said)
