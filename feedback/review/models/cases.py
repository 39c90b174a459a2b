"""Tasks that wait for a second pair of eyes."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from feedback.common.guards import NoTruncate, Sealed
from feedback.common.history import tracked
from feedback.common.models import Identified
from feedback.review.models.guards import NotByARater
from feedback.studies.models import Study, Task

_LIVE = ["open", "claimed"]


@tracked()
class AdjudicationCase(Identified):
    """A task that somebody who did not rate it is to settle. Final once closed."""

    class State(models.TextChoices):
        OPEN = "open", "Waits"
        # Anyone who may decide and did not rate the task may claim it.
        CLAIMED = "claimed", "In hand"
        # One adjudicator has it until `leased_until`; then it can be claimed again.
        DECIDED = "decided", "Decided"
        # An adjudication exists. Final: a change of the verdict is another case.
        WITHDRAWN = "withdrawn", "Withdrawn"
        # By a person with a reason, or by rule when raters agree after all. Final.

    class Reason(models.TextChoices):
        DISAGREEMENT = "disagreement", "Raters disagree"
        AUDIT_RANDOM = "audit_random", "Random audit"
        # Raters agree; drawn from the study's seed all the same.
        AUDIT_RISK = "audit_risk", "Audit of a risk"
        # Raters agree; a flag, low safety or few raters make it worth a look.
        STALE = "stale", "Evidence superseded"
        # The verdict cites an edition that is not in force any more.
        ASKED = "asked", "Asked for"
        # A person wants this task, or its verdict, looked at.

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="adjudication_cases"
    )
    task = models.ForeignKey(
        Task, on_delete=models.PROTECT, related_name="adjudication_cases"
    )
    reason = models.CharField(max_length=12, choices=Reason.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)

    priority = models.PositiveSmallIntegerField(help_text="0 to 100; highest first.")
    because = models.TextField(help_text="The reason of the priority, in words.")
    disputed = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        help_text="Keys of the criteria in dispute; also preference, correction, points.",
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who wants it looked at; null where a rule found it.",
    )

    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    lease_no = models.PositiveIntegerField(
        default=0, help_text="Fencing number; grows with every claim."
    )
    leased_until = models.DateTimeField(null=True, blank=True)

    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Null where a rule withdrew it.",
    )
    withdrawn_because = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(state__in=_LIVE),
                name="one_live_case_per_task",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[*_LIVE, "decided", "withdrawn"]),
                name="case_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    reason__in=[
                        "disagreement",
                        "audit_random",
                        "audit_risk",
                        "stale",
                        "asked",
                    ]
                ),
                name="case_reason_is_known",
            ),
            models.CheckConstraint(
                condition=Q(priority__lte=100) & ~Q(because=""),
                name="case_priority_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(reason="asked") | Q(asked_by__isnull=False),
                name="asked_case_says_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="claimed",
                    claimed_by__isnull=False,
                    leased_until__isnull=False,
                )
                | (~Q(state="claimed") & Q(claimed_by=None, leased_until=None)),
                name="claimed_case_has_a_holder_and_an_end",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_LIVE, closed_at=None, closed_by=None)
                | (~Q(state__in=_LIVE) & Q(closed_at__isnull=False)),
                name="case_is_live_xor_closed",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn") & ~Q(withdrawn_because="")
                | ~Q(state="withdrawn") & Q(withdrawn_because=""),
                name="withdrawn_case_says_why",
            ),
        ]
        indexes = [
            # The queue of a study, most pressing first.
            models.Index(
                fields=["study", "-priority", "id"],
                name="case_queue",
                condition=Q(state__in=_LIVE),
            ),
            # Whether a task had a case, and its latest.
            models.Index(fields=["task", "-id"], name="case_of_task"),
        ]
        triggers = [
            NotByARater(person="claimed_by_id"),
            Sealed(column="closed_at"),
            NoTruncate(),
        ]

    def __str__(self) -> str:
        return f"case of {self.task_id} ({self.state})"

    @property
    def is_live(self) -> bool:
        """Whether somebody still has to decide it."""
        return self.state in _LIVE
