"""Evaluation sets, as hashed word sequences, and what of a snapshot overlaps them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from exports.models.snapshot import Snapshot
from feedback.accounts.permissions import Role
from feedback.common.guards import NoTruncate, said, sealed_with
from feedback.common.history import tracked
from feedback.common.models import Identified
from feedback.studies.models import Study


@tracked()
class EvaluationSet(Identified):
    """A named benchmark whose texts must not be trained on. Its texts are not kept."""

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="evaluation_sets"
    )
    name = models.CharField(max_length=200)
    source = models.CharField(
        max_length=500, blank=True, help_text="Where it comes from, for the card."
    )
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, help_text="Of the file's bytes.")
    n_words = models.PositiveSmallIntegerField(
        help_text="Words in a row that count as an overlap."
    )
    n_items = models.PositiveIntegerField()
    n_too_short = models.PositiveIntegerField(
        help_text="Items of so few words that they cannot be looked for."
    )
    n_grams = models.PositiveIntegerField(help_text="Different word sequences.")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    retired_at = models.DateTimeField(
        null=True, blank=True, help_text="No snapshot is checked against it any more."
    )

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "name"],
                condition=Q(retired_at=None),
                name="evaluation_set_name_once_in_use",
            ),
            models.CheckConstraint(
                condition=Q(n_grams__gt=0), name="evaluation_set_can_be_looked_for"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def roles_of(self, user_id: int) -> frozenset[Role]:
        """The roles a person holds in the set's study."""
        return self.study.roles_of(user_id)


class EvaluationGrams(models.Model):
    """A block of a set's word sequences: sorted 64-bit hashes, little-endian."""

    evaluation_set = models.ForeignKey(
        EvaluationSet, on_delete=models.PROTECT, related_name="blocks"
    )
    n_words = models.PositiveSmallIntegerField(
        help_text="Words of each sequence; fewer than the set's for short items."
    )
    block_no = models.PositiveIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [
            # Also serves reading a set's blocks in order.
            models.UniqueConstraint(
                fields=["evaluation_set", "n_words", "block_no"],
                name="evaluation_block_once",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"block {self.block_no} of {self.evaluation_set_id}"


class SnapshotOverlap(models.Model):
    """A family that a snapshot leaves out because a text of it is in a set."""

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, related_name="overlaps"
    )
    evaluation_set = models.ForeignKey(
        EvaluationSet, on_delete=models.PROTECT, related_name="+"
    )
    group_id = models.CharField(max_length=16)
    n_texts = models.PositiveIntegerField(
        help_text="Prompts, completions and corrections of the family that overlap."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "evaluation_set", "group_id"],
                name="snapshot_overlap_once",
            ),
        ]
        triggers = [
            *sealed_with(
                "snapshot_id", parent_table="exports_snapshot", column="sealed_at"
            ),
            NoTruncate(),
        ]

    def __str__(self) -> str:
        return f"family {self.group_id} overlaps {self.evaluation_set_id}"
