"""Studies, what they ask about, and who takes part."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from feedback.accounts.permissions import Role
from feedback.common.history import tracked
from feedback.common.models import Identified
from feedback.corpus.models import Source


@tracked()
class Study(Identified):
    """One question put to a group of clinicians about a set of completions."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        # Tasks are served.
        PAUSED = "paused", "Paused"
        # Nothing is served; leases already out may still be submitted.
        CLOSED = "closed", "Closed"
        # Nothing is served or accepted. Final.

    class LeakPolicy(models.TextChoices):
        MASK = "mask", "Mask the name"
        # A completion that names its maker is shown with the name covered.
        MARK = "mark", "Show and mark the vote"
        # It is shown as it is, and every vote on it is marked as not blind.

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    overlap = models.PositiveSmallIntegerField(
        default=3, help_text="How many raters judge each task."
    )
    lease_seconds = models.PositiveIntegerField(
        default=1800, help_text="How long a rater keeps a task without submitting."
    )
    seed = models.BigIntegerField(
        default=1, help_text="Decides task order and which side stands left."
    )
    undo_seconds = models.PositiveIntegerField(
        default=600, help_text="How long a rater may change what was submitted."
    )
    reveal_percent = models.PositiveSmallIntegerField(
        default=0,
        help_text="Share of assignments in which others' answers are shown after the "
        "rater's own is stored.",
    )
    leak_policy = models.CharField(
        max_length=10, choices=LeakPolicy.choices, default=LeakPolicy.MASK
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    sources: "models.ManyToManyField[Source, StudySource]" = models.ManyToManyField(
        Source, through="StudySource", related_name="studies"
    )

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "paused", "closed"]),
                name="study_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(overlap__gte=1, overlap__lte=50),
                name="study_overlap_is_1_to_50",
            ),
            models.CheckConstraint(
                condition=Q(reveal_percent__lte=100),
                name="study_reveal_percent_is_0_to_100",
            ),
            models.CheckConstraint(
                condition=Q(leak_policy__in=["mask", "mark"]),
                name="study_leak_policy_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def roles_of(self, user_id: int) -> frozenset[Role]:
        """The roles a person holds in this study."""
        return frozenset(
            Role(role)
            for role in self.enrollments.filter(
                user_id=user_id, ended_at=None
            ).values_list("role", flat=True)
        )


@tracked()
class StudySource(models.Model):
    """A study uses a source."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "source"], name="study_source_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study}: {self.source}"


@tracked()
class Enrollment(Identified):
    """A person has a role in a study, until it is ended."""

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="enrollments"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="enrollments"
    )
    role = models.CharField(max_length=20, choices=Role.choices)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "user", "role"],
                condition=Q(ended_at=None),
                name="enrollment_once",
            ),
        ]
        indexes = [
            # The scope of every query: this person's live roles.
            models.Index(
                fields=["user", "study"],
                name="enrollment_of_user",
                condition=Q(ended_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} in {self.study}"
