"""What was computed about a study's judgments, kept as it came out."""

from django.db import models
from django.db.models import Q

from feedback.common.guards import said
from feedback.common.models import Identified
from feedback.studies.models import Study


class Report(Identified):
    """One set of numbers: from which input, by which seed and code.

    Computed and append-only: the same input, seed and code give the same content, so
    a report is computed once and never changed.
    """

    class Kind(models.TextChoices):
        AGREEMENT = "agreement", "Agreement"
        CONSENSUS = "consensus", "Consensus"
        LEADERBOARD = "leaderboard", "Preferences"
        RATERS = "raters", "Raters"
        BIAS = "bias", "Bias"
        TAXONOMY = "taxonomy", "Errors marked"
        SAVINGS = "savings", "Routing"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    epoch = models.PositiveIntegerField(
        help_text="Number of the major guideline version the judgments follow."
    )
    input_sha256 = models.CharField(
        max_length=64, help_text="Of everything the numbers were computed from."
    )
    seed = models.BigIntegerField(help_text="Of the bootstraps and permutations.")
    code_version = models.CharField(max_length=40)
    content = models.JSONField(help_text="The numbers; null where not defined.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "study",
                    "kind",
                    "epoch",
                    "input_sha256",
                    "seed",
                    "code_version",
                ],
                name="report_once_per_input",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "agreement",
                        "consensus",
                        "leaderboard",
                        "raters",
                        "bias",
                        "taxonomy",
                        "savings",
                    ]
                ),
                name="report_kind_is_known",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.kind} report {self.uid}"
