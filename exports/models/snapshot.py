"""Snapshots: what left the house, pinned row by row, and the files it left as."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from feedback.accounts.models import Rater
from feedback.accounts.permissions import Role
from feedback.common.guards import NoTruncate, Sealed, sealed_with
from feedback.common.models import Identified
from feedback.corpus.models import Completion
from feedback.rating.models import Judgment
from feedback.review.models import Adjudication
from feedback.studies.models import Study, Task


def _sealed_with_snapshot() -> list[pgtrigger.Trigger]:
    """Triggers of the tables that close together with their snapshot."""
    return [
        *sealed_with(
            "snapshot_id", parent_table="exports_snapshot", column="sealed_at"
        ),
        NoTruncate(),
    ]


class Snapshot(Identified):
    """A numbered, frozen selection of a study's judgments, and its export."""

    # The kind of the job that seals a snapshot.
    WRITE_JOB = "exports.write_snapshot"

    class State(models.TextChoices):
        BUILDING = "building", "Building"
        # A job pins the members, then writes the files; `step` and `n_steps_done` move.
        SEALED = "sealed", "Sealed"
        # Members, contract and file hashes are fixed by trigger. Final.
        FAILED = "failed", "Failed"
        # The attempts ran into `error`; the job tries again or a person makes a new one.

    class Split(models.TextChoices):
        TRAIN = "train", "Train"
        TEST = "test", "Test"
        BENCHMARK = "benchmark", "Benchmark"
        # Held out for good: in no folder that a trainer reads by the name of a split.

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="snapshots")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within its study.")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    test_percent = models.PositiveSmallIntegerField(
        default=10, help_text="Share of the families that goes to the test split."
    )
    rules = models.JSONField(help_text="The thresholds: exports.rules.Rules.")
    salt = models.CharField(
        max_length=64, help_text="Keys the raters' pseudonyms; never exported."
    )
    app_version = models.CharField(max_length=40)

    state = models.CharField(
        max_length=10, choices=State.choices, default=State.BUILDING
    )
    step = models.CharField(max_length=80, blank=True)
    n_steps_done = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    pinned_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(
        default=dict,
        blank=True,
        help_text="What the card says of study, raters and sources.",
    )
    n_judgments = models.PositiveIntegerField(default=0)
    members_sha256 = models.CharField(max_length=64, blank=True)

    contract = models.JSONField(
        default=list,
        blank=True,
        help_text="Which rule kept how many rows out, and why.",
    )
    manifest_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of SHA256SUMS, which names every file."
    )
    sealed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "number"], name="snapshot_number_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["building", "sealed", "failed"]),
                name="snapshot_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state="sealed", sealed_at__isnull=False)
                | (~Q(state="sealed") & Q(sealed_at=None)),
                name="snapshot_is_sealed_by_its_date",
            ),
            models.CheckConstraint(
                condition=Q(sealed_at=None)
                | (~Q(members_sha256="") & ~Q(manifest_sha256="")),
                name="sealed_snapshot_is_hashed",
            ),
            models.CheckConstraint(
                condition=Q(test_percent__lte=50),
                name="snapshot_test_percent_is_0_to_50",
            ),
        ]
        triggers = [Sealed(column="sealed_at"), NoTruncate()]

    def __str__(self) -> str:
        return f"snapshot {self.number} of {self.study}"

    @property
    def name(self) -> str:
        """How people and files call it."""
        return f"snapshot-{self.number}"

    def roles_of(self, user_id: int) -> frozenset[Role]:
        """The roles a person holds in the snapshot's study."""
        return self.study.roles_of(user_id)


class SnapshotMember(models.Model):
    """A judgment is in a snapshot, in this family and split."""

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, related_name="members"
    )
    judgment = models.ForeignKey(Judgment, on_delete=models.PROTECT, related_name="+")
    group_id = models.CharField(
        max_length=16, help_text="Hash of the prompt's family; never crosses splits."
    )
    split = models.CharField(max_length=9, choices=Snapshot.Split.choices)

    class Meta:
        constraints = [
            # Also serves the export's walk in order of judgments.
            models.UniqueConstraint(
                fields=["snapshot", "judgment"], name="snapshot_member_once"
            ),
            models.CheckConstraint(
                condition=Q(split__in=["train", "test", "benchmark"]),
                name="member_split_is_known",
            ),
        ]
        triggers = _sealed_with_snapshot()

    def __str__(self) -> str:
        return f"judgment {self.judgment_id} in {self.split}"


class SnapshotRater(models.Model):
    """Who judged, as the export shows them: a pseudonym of this snapshot only."""

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, related_name="raters"
    )
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=16)
    profession = models.CharField(max_length=100, blank=True)
    specialty = models.CharField(max_length=100, blank=True)
    is_simulated = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "rater"], name="snapshot_rater_once"
            ),
            models.UniqueConstraint(
                fields=["snapshot", "key"], name="snapshot_rater_key_once"
            ),
        ]
        triggers = _sealed_with_snapshot()

    def __str__(self) -> str:
        return self.key


class SnapshotExclusion(models.Model):
    """A completion that must never be chosen, taught or called desirable here."""

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, related_name="exclusions"
    )
    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="+"
    )
    rule = models.CharField(max_length=40)
    reasons = models.JSONField(
        default=list, blank=True, help_text="E.g. the flags' categories."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "completion", "rule"],
                name="snapshot_exclusion_once",
            ),
        ]
        triggers = _sealed_with_snapshot()

    def __str__(self) -> str:
        return f"completion {self.completion_id}: {self.rule}"


class SnapshotVerdict(models.Model):
    """How a task stood in review: settled by a verdict, or not settled yet."""

    class Standing(models.TextChoices):
        SETTLED = "settled", "Settled"
        # `adjudication` holds instead of the raters' votes.
        OPEN = "open", "In dispute"
        # A case waits for a verdict: no row may rest on the task.
        STALE = "stale", "Evidence superseded"
        # The verdict cites what is no longer in force: no row may rest on it.

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, related_name="verdicts"
    )
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="+")
    adjudication = models.ForeignKey(
        Adjudication, on_delete=models.PROTECT, null=True, related_name="+"
    )
    standing = models.CharField(max_length=7, choices=Standing.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "task"], name="snapshot_verdict_once"
            ),
            models.CheckConstraint(
                condition=Q(standing="settled", adjudication__isnull=False)
                | Q(standing__in=["open", "stale"]),
                name="settled_task_has_its_verdict",
            ),
        ]
        triggers = _sealed_with_snapshot()

    def __str__(self) -> str:
        return f"task {self.task_id}: {self.standing}"


class ExportFile(models.Model):
    """One file of a snapshot's folder. Nothing else of the folder is served."""

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, related_name="files"
    )
    path = models.CharField(max_length=200)
    configuration = models.CharField(max_length=40, blank=True)
    split = models.CharField(max_length=9, blank=True)
    n_rows = models.PositiveIntegerField(null=True)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "path"], name="export_file_once"
            ),
        ]
        triggers = _sealed_with_snapshot()

    def __str__(self) -> str:
        return self.path
