"""Releases: a sealed snapshot that two persons put their names to, and what followed.

A release is a version of a study's dataset. It is closed by trigger once it is out;
that it was withdrawn is the only thing that can be written on it afterwards.
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from exports.models.snapshot import Snapshot
from feedback.accounts.permissions import Role
from feedback.audit.models import ClockTimestamp
from feedback.common.guards import NoTruncate, Sealed, said
from feedback.common.models import Identified
from feedback.studies.models import Study

N_SIGNATURES = 2


class OnlyWithdrawn(pgtrigger.Trigger):
    """Refuses every change of a release that is out, but that it is withdrawn, once."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete

    def __init__(self, *, name: str = "only_withdrawn") -> None:
        super().__init__(
            name=name,
            func="""
                IF coalesce(current_setting('consilium.erasure', true), '') = ''
                AND (OLD.released_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL)
                AND (
                    TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL
                    OR NEW.withdrawn_at IS NULL
                    OR (to_jsonb(OLD) - 'state' - 'withdrawn_at' - 'withdrawn_by_id'
                        - 'withdrawn_because')
                       <> (to_jsonb(NEW) - 'state' - 'withdrawn_at'
                           - 'withdrawn_by_id' - 'withdrawn_because')
                ) THEN
                    RAISE EXCEPTION USING
                        ERRCODE = 'restrict_violation',
                        MESSAGE = format(
                            '%s is sealed: %s refused', TG_TABLE_NAME, TG_OP
                        ),
                        HINT = 'Make a new version.',
                        TABLE = TG_TABLE_NAME;
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
            """,
        )


class SignedByTwo(pgtrigger.Trigger):
    """Refuses a release that two persons have not signed, for the same bytes."""

    when = pgtrigger.Before
    operation = pgtrigger.Insert | pgtrigger.Update

    def __init__(self, *, name: str = "signed_by_two") -> None:
        super().__init__(
            name=name,
            func="""
                IF NEW.released_at IS NOT NULL
                AND (TG_OP = 'INSERT' OR OLD.released_at IS NULL)
                AND (
                    SELECT count(DISTINCT s.signer_id) FROM exports_signoff s
                    WHERE s.release_id = NEW.id
                      AND s.manifest_sha256 = NEW.manifest_sha256
                ) < 2 THEN
                    RAISE EXCEPTION USING
                        ERRCODE = 'restrict_violation',
                        MESSAGE = format(
                            '%s is signed by two: %s refused', TG_TABLE_NAME, TG_OP
                        ),
                        HINT = 'Two different persons sign the same manifest.',
                        TABLE = TG_TABLE_NAME;
                END IF;
                RETURN NEW;
            """,
        )


class SigningKey(models.Model):
    """The public half of a key that releases were signed with. Kept for good."""

    key_id = models.CharField(
        max_length=16, help_text="Hexadecimal, as minisign prints it."
    )
    public_key = models.CharField(
        max_length=80, help_text="Base64, the second line of a minisign public key."
    )
    first_used_at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key_id"], name="signing_key_once"),
        ]
        triggers = said()

    def __str__(self) -> str:
        return self.key_id


class Release(Identified):
    """A version of a study's dataset: a snapshot, a number, two names, a signature."""

    class State(models.TextChoices):
        DRAFT = "draft", "Waiting for two signatures"
        # A lead prepared it; notes and version are fixed, nobody has signed.
        SIGNED_ONCE = "signed_once", "Waiting for the second signature"
        # A lead signed; another person is to sign.
        RELEASED = "released", "Released"
        # Two persons signed, and the key signed the manifest. Final but for withdrawal.
        WITHDRAWN = "withdrawn", "Withdrawn"
        # Not to be used any more, or never signed. Final; its number is not used again.

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="releases")
    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, related_name="releases"
    )
    previous = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The newest release when this one was prepared.",
    )
    major = models.PositiveIntegerField()
    minor = models.PositiveIntegerField()
    patch = models.PositiveIntegerField()
    notes = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    manifest_sha256 = models.CharField(
        max_length=64, help_text="The snapshot's: what the signatures are about."
    )

    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    key = models.ForeignKey(
        SigningKey,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="releases",
    )
    signature = models.TextField(
        blank=True,
        help_text="SHA256SUMS.minisig, whole, as the tool minisign reads it.",
    )
    released_at = models.DateTimeField(null=True, blank=True)

    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    withdrawn_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "major", "minor", "patch"], name="release_version_once"
            ),
            models.UniqueConstraint(
                fields=["snapshot"],
                condition=Q(withdrawn_at=None),
                name="one_release_of_a_snapshot_stands",
            ),
            models.UniqueConstraint(
                fields=["study"],
                condition=Q(state__in=["draft", "signed_once"]),
                name="one_release_of_a_study_waits",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["draft", "signed_once", "released", "withdrawn"]
                ),
                name="release_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["draft", "signed_once"],
                    released_at=None,
                    withdrawn_at=None,
                )
                | Q(state="released", released_at__isnull=False, withdrawn_at=None)
                | Q(state="withdrawn", withdrawn_at__isnull=False),
                name="release_state_fits_its_dates",
            ),
            models.CheckConstraint(
                condition=Q(released_at=None, key=None, signature="")
                | (Q(released_at__isnull=False, key__isnull=False) & ~Q(signature="")),
                name="released_is_signed",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdrawn_because="")
                | (
                    Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                    & ~Q(withdrawn_because="")
                ),
                name="withdrawn_release_says_by_whom_and_why",
            ),
        ]
        triggers = [SignedByTwo(), OnlyWithdrawn(), NoTruncate()]

    def __str__(self) -> str:
        return f"{self.study} {self.version}"

    @property
    def version(self) -> str:
        """As people and machines name it."""
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def is_waiting(self) -> bool:
        """Whether it still wants signatures."""
        return self.state in {self.State.DRAFT, self.State.SIGNED_ONCE}

    def roles_of(self, user_id: int) -> frozenset[Role]:
        """The roles a person holds in the release's study."""
        return self.study.roles_of(user_id)


class Signoff(Identified):
    """A person put their name to a release, after proving again that it is them."""

    class Proof(models.TextChoices):
        PASSWORD = "password", "Password"
        LINK = "link", "Fresh sign-in link"

    release = models.ForeignKey(
        Release, on_delete=models.PROTECT, related_name="signoffs"
    )
    position = models.PositiveSmallIntegerField(help_text="1 or 2, in order of time.")
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=200, help_text="As it was at that moment.")
    role = models.CharField(max_length=20, choices=Role.choices)
    meaning = models.CharField(max_length=200)
    proof = models.CharField(max_length=10, choices=Proof.choices)
    manifest_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "signer"], name="nobody_signs_twice"
            ),
            models.UniqueConstraint(
                fields=["release", "position"], name="signature_position_once"
            ),
            models.CheckConstraint(
                condition=Q(position__in=[1, 2]), name="two_sign_a_release"
            ),
            models.CheckConstraint(
                condition=Q(proof__in=["password", "link"]), name="proof_is_known"
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.name}, {self.position} of {N_SIGNATURES}"


class Comparison(Identified):
    """What changed from one sealed snapshot to another, row by row, as counted once."""

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, related_name="comparisons"
    )
    older = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    result = models.JSONField(
        default=dict, blank=True, help_text="exports.comparing.Difference, as JSON."
    )
    error = models.TextField(blank=True)
    computed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "older"], name="comparison_once"
            ),
            models.CheckConstraint(
                condition=~Q(snapshot=models.F("older")),
                name="comparison_is_of_two_snapshots",
            ),
        ]
        triggers = [Sealed(column="computed_at"), NoTruncate()]

    def __str__(self) -> str:
        return f"{self.older} to {self.snapshot}"


class Tombstone(models.Model):
    """Notice that a row of a release must not be used any more, and why."""

    class Reason(models.TextChoices):
        SAFETY_FLAG = "safety_flag", "A clinician flagged the text as unsafe"
        JUDGMENT_SUPERSEDED = (
            "judgment_superseded",
            "A clinician changed a judgment that it rests on",
        )
        TASK_WITHDRAWN = "task_withdrawn", "The task was taken out of the study"
        CONSENT_WITHDRAWN = "consent_withdrawn", "A clinician withdrew their consent"
        STALE_EVIDENCE = (
            "stale_evidence",
            "The verdict cites evidence that has been superseded",
        )
        ERASED = "erased", "What it rests on was erased"
        RELEASE_WITHDRAWN = "release_withdrawn", "The whole release was withdrawn"
        # One notice for all rows: configuration and example_id are both "*".

    release = models.ForeignKey(
        Release, on_delete=models.PROTECT, related_name="tombstones"
    )
    configuration = models.CharField(max_length=40)
    example_id = models.CharField(max_length=200)
    reason = models.CharField(max_length=24, choices=Reason.choices)
    at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["release", "configuration", "example_id"],
                name="tombstone_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    reason__in=[
                        "safety_flag",
                        "judgment_superseded",
                        "task_withdrawn",
                        "consent_withdrawn",
                        "stale_evidence",
                        "erased",
                        "release_withdrawn",
                    ]
                ),
                name="tombstone_reason_is_known",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.configuration} {self.example_id}: {self.reason}"


class ReleaseWatch(models.Model):
    """How far the rows of a release were looked after, so that nothing is read twice."""

    release = models.OneToOneField(
        Release, on_delete=models.PROTECT, related_name="watch"
    )
    checked_at = models.DateTimeField()
    grounds_sha256 = models.CharField(
        max_length=64, help_text="Of everything that had vanished then."
    )

    def __str__(self) -> str:
        return f"watch of {self.release_id}"
