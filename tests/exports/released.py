"""Releases for tests: a judged study, its people, and what they sign with."""

from datetime import datetime

from exports.minisign import SecretKey
from exports.models import Release, Snapshot
from exports.releases import prepare_release, proposal_for, sign_release
from exports.versions import Version
from feedback.accounts.models import User
from feedback.accounts.permissions import Role
from feedback.accounts.proofs import Proof
from feedback.common import clock
from tests import builders
from tests.exports.conftest import Judged

KEY = SecretKey(key_id=b"test key", seed=bytes(range(32)))


def make_auditor() -> User:
    """Somebody of the site who may sign second."""
    return builders.make_user("Audrey Auditor", roles=(Role.AUDITOR,))


def prepare(judged: Judged, snapshot: Snapshot, version: str = "") -> Release:
    """A draft; without a version the proposed one."""
    return prepare_release(
        snapshot=snapshot,
        version=Version.from_text(version or str(proposal_for(snapshot).version)),
        notes="As agreed.",
        actor=judged.study.created_by,
    )


def sign(
    judged: Judged,
    release: Release,
    signer: User,
    *,
    proof: Proof | None = None,
    now: datetime | None = None,
) -> Release:
    """One signature."""
    return sign_release(
        release=release,
        signer=signer,
        proof=proof or Proof(user_id=signer.pk),
        key=KEY,
        directory=judged.directory,
        now=now or clock.now(),
    )


def make_release(judged: Judged, snapshot: Snapshot, version: str = "") -> Release:
    """A published release, signed by the lead and an auditor."""
    release = prepare(judged, snapshot, version)
    sign(judged, release, judged.study.created_by)
    return sign(judged, release, make_auditor())
