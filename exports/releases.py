"""Preparing, signing and withdrawing releases.

Two persons put their names to the same manifest; with the second the key signs it, and
from then on nothing of the release changes but that it may be withdrawn.
"""

from datetime import datetime
from pathlib import Path

from django.db import transaction

from exports import manifest
from exports.comparisons import request_comparison
from exports.events import ReleasePublished
from exports.minisign import SecretKey
from exports.models import N_SIGNATURES, Comparison, Release, Signoff, Snapshot
from exports.services import folder_of, stored_files
from exports.signing_keys import remember_key
from exports.tombstones import withdraw_all
from exports.versions import Proposal, Version, first_proposal, propose
from feedback.accounts.models import User
from feedback.accounts.permissions import Role, Verb, roles_with
from feedback.accounts.proofs import Proof
from feedback.accounts.services import use_sign_in_link
from feedback.audit.services import record
from feedback.common.events import emit
from feedback.common.exceptions import Conflict, Forbidden, Invalid
from feedback.studies.models import Study

MEANINGS = {
    1: "I prepared or checked this release and take responsibility for it.",
    2: "I checked this release independently and agree that it is published.",
}
# Whose name a signature carries if somebody holds several roles.
_SIGNING_ROLES = (Role.LEAD, Role.AUDITOR, Role.ADMIN)


def newest_release(study: Study) -> Release | None:
    """The release that stands and was published last."""
    return (
        Release.objects.filter(study=study, state=Release.State.RELEASED)
        .order_by("-released_at", "-pk")
        .first()
    )


def comparison_with_newest(snapshot: Snapshot) -> Comparison | None:
    """What changed since the newest release; None if there is none to compare with."""
    newest = newest_release(snapshot.study)
    if newest is None or newest.snapshot_id == snapshot.pk:
        return None
    return request_comparison(snapshot=snapshot, older=newest.snapshot)


def proposal_for(snapshot: Snapshot) -> Proposal | None:
    """The lowest version the snapshot may be released as; None until that is known."""
    used = [
        Version(*numbers)
        for numbers in Release.objects.filter(study=snapshot.study).values_list(
            "major", "minor", "patch"
        )
    ]
    comparison = comparison_with_newest(snapshot)
    if comparison is None:
        first = first_proposal()
        return (
            first
            if not used
            else Proposal(
                max(used).next(first.level), first.level, ("no release stands",)
            )
        )
    if comparison.computed_at is None:
        return None
    return propose(newest=max(used), result=comparison.result)


@transaction.atomic
def prepare_release(
    *, snapshot: Snapshot, version: Version, notes: str, actor: User
) -> Release:
    """Write a draft that two persons are to sign.

    Args:
        snapshot: sealed, and without a release that stands.
        version: at least the proposal for the snapshot.
        notes: what its readers should know.
        actor: who prepares it.

    Raises:
        Conflict: if the snapshot cannot be released now.
        Invalid: if the version is too low or was used.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=snapshot.study_id)
    _refuse_unready(study, snapshot)
    proposal = proposal_for(snapshot)
    if proposal is None:
        raise Conflict(
            "The comparison with the newest release is not done yet.",
            next_step="Wait until the page shows what changed, then prepare the release.",
        )
    if version < proposal.version:
        message = (
            f"{version} is too low: {'; '.join(proposal.reasons)}. "
            f"Choose {proposal.version} or a higher one."
        )
        raise Invalid(message, fields={"version": message})
    release = Release(
        study=study,
        snapshot=snapshot,
        previous=newest_release(study),
        major=version.major,
        minor=version.minor,
        patch=version.patch,
        notes=notes,
        requested_by=actor,
        manifest_sha256=snapshot.manifest_sha256,
    )
    release.full_clean()
    release.save()
    record(
        action="release.prepared",
        subject=release,
        actor=actor,
        details={
            "version": release.version,
            "snapshot": str(snapshot.uid),
            "manifest_sha256": release.manifest_sha256,
        },
    )
    return release


def _refuse_unready(study: Study, snapshot: Snapshot) -> None:
    if snapshot.sealed_at is None:
        raise Conflict(
            f"Snapshot {snapshot.number} is not sealed.",
            next_step="Wait until it is, then release it.",
        )
    standing = Release.objects.filter(study=study, withdrawn_at=None)
    if existing := standing.filter(snapshot=snapshot).first():
        raise Conflict(
            f"Snapshot {snapshot.number} is release {existing.version} already.",
            next_step="Open that release.",
        )
    waiting = standing.filter(released_at=None).first()
    if waiting is not None:
        raise Conflict(
            f"Release {waiting.version} of study {study.name!r} waits for signatures.",
            next_step="Sign or withdraw it first.",
        )


@transaction.atomic
def sign_release(
    *,
    release: Release,
    signer: User,
    proof: Proof,
    key: SecretKey,
    directory: Path,
    now: datetime,
) -> Release:
    """Put a person's name to a release; the second name publishes it.

    Args:
        release: one that waits for signatures.
        signer: a lead first; then another lead, an auditor or an administrator.
        proof: that it is the signer, made just now.
        key: signs the manifest with the second name.
        directory: the export directory, where the snapshot's files are.
        now: the time.

    Raises:
        Forbidden: if the person may not sign it, or this is somebody else's proof.
        Conflict: if it does not wait, they signed already, or the files are not as
            they were sealed.
    """
    held = Release.objects.select_for_update(of=("self",)).get(pk=release.pk)
    role = _signing_role(held, signer)
    if proof.user_id != signer.pk:
        raise Forbidden("This proof is of somebody else.")
    _refuse_signature(held, signer, role)
    if proof.link is not None:
        use_sign_in_link(link=proof.link, now=now)
    content = _manifest_of(held, directory)
    position = held.signoffs.count() + 1
    Signoff.objects.create(
        release=held,
        position=position,
        signer=signer,
        name=signer.name,
        role=role,
        meaning=MEANINGS[position],
        proof=proof.how,
        manifest_sha256=held.manifest_sha256,
    )
    record(
        action="release.signed",
        subject=held,
        actor=signer,
        details={
            "version": held.version,
            "position": position,
            "role": role.value,
            "proof": proof.how,
            "manifest_sha256": held.manifest_sha256,
        },
    )
    if position < N_SIGNATURES:
        held.state = Release.State.SIGNED_ONCE
        held.save(update_fields=["state"])
    else:
        _publish(held, content, key=key, directory=directory, now=now)
    release.refresh_from_db()
    return release


def _signing_role(release: Release, signer: User) -> Role:
    roles = release.study.roles_of(signer.pk) | signer.site_roles
    allowed = roles_with(Verb.RELEASE_SIGN)
    for role in _SIGNING_ROLES:
        if signer.is_active and role in roles & allowed:
            return role
    raise Forbidden(
        "A lead, an auditor or an administrator signs a release.",
        next_step="Ask one of them.",
    )


def _refuse_signature(release: Release, signer: User, role: Role) -> None:
    if not release.is_waiting:
        raise Conflict(
            f"Release {release.version} does not wait for signatures: it is "
            f"{release.get_state_display().lower()}.",
            next_step="Open it to see who signed.",
        )
    if release.signoffs.filter(signer=signer).exists():
        raise Conflict(
            f"You have signed release {release.version} already.",
            next_step="Another person gives the second signature.",
        )
    is_first = not release.signoffs.exists()
    if is_first and role not in roles_with(Verb.RELEASE_PREPARE):
        raise Conflict(
            "The first signature is a study lead's.",
            next_step="Wait until a lead has signed, then sign second.",
        )


def _manifest_of(release: Release, directory: Path) -> bytes:
    """The bytes of SHA256SUMS that the names are put to.

    Raises:
        Conflict: if the stored files are not those that were sealed.
    """
    folder = stored_files(snapshot=release.snapshot, directory=directory)
    if manifest.file_sha256(folder / manifest.NAME) != release.manifest_sha256:
        raise Conflict(
            f"{manifest.NAME} of snapshot {release.snapshot.number} was changed on the "
            "server after it was sealed.",
            next_step="Ask your administrator to restore it: export_snapshot --restore",
        )
    return (folder / manifest.NAME).read_bytes()


def _publish(
    release: Release,
    content: bytes,
    *,
    key: SecretKey,
    directory: Path,
    now: datetime,
) -> None:
    release.key = remember_key(key.public)
    release.signature = key.sign(content, trusted_comment=_comment(release, now))
    release.state = Release.State.RELEASED
    release.released_at = now
    release.save(update_fields=["key", "signature", "state", "released_at"])
    record(
        action="release.published",
        subject=release,
        details={
            "version": release.version,
            "manifest_sha256": release.manifest_sha256,
            "key_id": key.public.name,
        },
    )
    emit(ReleasePublished(release_id=release.pk))
    folder = folder_of(release.snapshot, directory)
    transaction.on_commit(lambda: place_signature(release, folder))


def _comment(release: Release, now: datetime) -> str:
    """What the key says besides: one line, fields apart by tabs, as minisign does."""
    name = " ".join(release.study.name.split())
    return "\t".join(
        (
            f"timestamp:{int(now.timestamp())}",
            f"file:{manifest.NAME}",
            f"study:{release.study.uid} {name}",
            f"version:{release.version}",
            f"manifest:{release.manifest_sha256}",
        )
    )


def signed_release_of(snapshot: Snapshot) -> Release | None:
    """The published release of a snapshot, withdrawn or not; the newest."""
    return snapshot.releases.exclude(released_at=None).order_by("-released_at").first()


def place_signature(release: Release, folder: Path) -> None:
    """Lay the signature beside the manifest in an exported folder, if it is not there.

    Args:
        release: one that is out.
        folder: of its snapshot; if it is gone, nothing is done.
    """
    file = folder / manifest.SIGNATURE
    is_there = file.is_file() and file.read_text(encoding="utf-8") == release.signature
    if folder.is_dir() and not is_there:
        # Beside the folder, where no check of it can meet half a file.
        draft = folder.parent / f".{folder.name}.{manifest.SIGNATURE}"
        draft.write_text(release.signature, encoding="utf-8")
        draft.rename(file)


@transaction.atomic
def withdraw_release(
    *, release: Release, because: str, actor: User, now: datetime
) -> Release:
    """Say that a release must not be used, or a draft will not be; for good.

    Raises:
        Conflict: if it is withdrawn already.
        Invalid: without a reason.
    """
    if not because.strip():
        message = "Say why, so that those who pulled it know what to do."
        raise Invalid(message, fields={"because": message})
    held = Release.objects.select_for_update(of=("self",)).get(pk=release.pk)
    if held.withdrawn_at is not None:
        raise Conflict(
            f"Release {held.version} is withdrawn already.", next_step="Open it."
        )
    was_out = held.released_at is not None
    held.state = Release.State.WITHDRAWN
    held.withdrawn_at = now
    held.withdrawn_by = actor
    held.withdrawn_because = because.strip()
    held.save(
        update_fields=["state", "withdrawn_at", "withdrawn_by", "withdrawn_because"]
    )
    record(
        action="release.withdrawn",
        subject=held,
        actor=actor,
        details={"version": held.version, "because": held.withdrawn_because},
    )
    if was_out:
        withdraw_all(release=held)
    release.refresh_from_db()
    return release
