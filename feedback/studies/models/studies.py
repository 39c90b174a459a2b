"""Studies, what they ask about, and who takes part."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
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

    class Policy(models.TextChoices):
        FIXED = "fixed", "The same number of raters for every task"
        LOCKED = "locked", "Stop when the leader cannot be caught"
        LEAD = "lead", "Stop when one answer leads by two"
        POSTERIOR = "posterior", "Stop when the raters' record makes it certain"
        INFORMATION = "information", "Next pair where it teaches most"
        # What each does is in `feedback.stats.routing`; the first two ratings of a
        # task are asked for under every policy.

    class Practice(models.TextChoices):
        ANY = "any", "Any rater"
        PREFER = "prefer", "Own specialty first"
        # A rater is given other specialties when nothing of their own is left.
        REQUIRE = "require", "Own specialty only"
        # Tasks whose prompt names no specialty are for everybody.

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    overlap = models.PositiveSmallIntegerField(
        default=3, help_text="How many raters judge each task."
    )
    policy = models.CharField(
        max_length=12, choices=Policy.choices, default=Policy.FIXED
    )
    decides_on = models.SlugField(
        max_length=40,
        blank=True,
        help_text="The criterion whose answers the policy counts; the preference, or "
        "the first criterion, if none is named.",
    )
    cap = models.PositiveSmallIntegerField(
        default=7, help_text="The most raters one task gets, whatever the policy says."
    )
    audit_percent = models.PositiveSmallIntegerField(
        default=10,
        help_text="Share of tasks that seem certain and go to a specialist all the same.",
    )
    gold_percent = models.PositiveSmallIntegerField(
        default=0, help_text="Share of a rater's tasks whose answer is known."
    )
    retest_percent = models.PositiveSmallIntegerField(
        default=0, help_text="Share of a rater's tasks that repeat one of their own."
    )
    needs_qualification = models.BooleanField(
        default=False, help_text="New raters train and qualify on known answers first."
    )
    practice = models.CharField(
        max_length=10, choices=Practice.choices, default=Practice.ANY
    )
    specialties = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="Only raters of these specialties are served; empty for all.",
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
    cloned_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="clones"
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
            models.CheckConstraint(
                condition=Q(
                    policy__in=["fixed", "locked", "lead", "posterior", "information"]
                ),
                name="study_policy_is_known",
            ),
            models.CheckConstraint(
                condition=Q(cap__gte=2, cap__lte=50), name="study_cap_is_2_to_50"
            ),
            models.CheckConstraint(
                condition=Q(
                    audit_percent__lte=100, gold_percent__lte=50, retest_percent__lte=50
                ),
                name="study_shares_are_percents",
            ),
            models.CheckConstraint(
                condition=Q(practice__in=["any", "prefer", "require"]),
                name="study_practice_is_known",
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

    class Tier(models.TextChoices):
        GENERAL = "general", "General"
        SPECIALIST = "specialist", "Specialist"
        # Also asked where raters disagree, and to audit what seems certain.

    class Stage(models.TextChoices):
        TRAINING = "training", "In training"
        # Answers training tasks and reads why after each.
        QUALIFYING = "qualifying", "Qualifying"
        # Answers known tasks until the sequential test decides.
        READY = "ready", "Rates"
        LOOK = "look", "Waits for the lead"
        # The test could not decide, or a rule asked for a person to look.
        PAUSED = "paused", "Paused"
        # By rule or by the lead; what is in hand may still be submitted.
        FAILED = "failed", "Did not qualify"

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="enrollments"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="enrollments"
    )
    role = models.CharField(max_length=20, choices=Role.choices)
    tier = models.CharField(max_length=12, choices=Tier.choices, default=Tier.GENERAL)
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.READY)
    stage_reason = models.CharField(
        max_length=300, blank=True, help_text="Why, as the rater reads it."
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "user", "role"],
                condition=Q(ended_at=None),
                name="enrollment_once",
            ),
            models.CheckConstraint(
                condition=Q(tier__in=["general", "specialist"]),
                name="enrollment_tier_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    stage__in=[
                        "training",
                        "qualifying",
                        "ready",
                        "look",
                        "paused",
                        "failed",
                    ]
                ),
                name="enrollment_stage_is_known",
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
