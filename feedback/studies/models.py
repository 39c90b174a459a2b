"""Studies, the versions of their guideline, tasks, slots and leases."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from feedback.accounts.models import Rater
from feedback.accounts.permissions import Role
from feedback.common.guards import Sealed, sealed_with
from feedback.common.history import tracked
from feedback.common.models import Identified
from feedback.corpus.models import Completion, Prompt, Source


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


@tracked()
class GuidelineVersion(Identified):
    """The rules raters follow. Once published it never changes."""

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="guideline_versions"
    )
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField()
    content_sha256 = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "number"], name="guideline_number_once"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | ~Q(content_sha256=""),
                name="published_guideline_is_hashed",
            ),
        ]
        triggers = [Sealed(column="published_at")]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class Criterion(Identified):
    """One thing a rater scores, with the meaning of each value spelled out."""

    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="criteria"
    )
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    question = models.CharField(max_length=300)
    low_label = models.CharField(max_length=60)
    high_label = models.CharField(max_length=60)
    minimum = models.SmallIntegerField(default=1)
    maximum = models.SmallIntegerField(default=5)
    anchors = models.JSONField(help_text='{"1": "what a 1 means", …}')
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        verbose_name_plural = "criteria"
        constraints = [
            models.UniqueConstraint(
                fields=["guideline_version", "key"], name="criterion_key_once"
            ),
            models.CheckConstraint(
                condition=Q(minimum__lt=F("maximum")), name="criterion_has_a_range"
            ),
        ]
        triggers = sealed_with(
            "guideline_version_id",
            parent_table="studies_guidelineversion",
            column="published_at",
        )

    def __str__(self) -> str:
        return self.name


class Task(Identified):
    """One thing to judge: a completion, or a pair of completions of one prompt."""

    class Kind(models.TextChoices):
        SINGLE = "single", "Rate one completion"
        PAIR = "pair", "Choose between two"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        # Has a slot that is not done.
        COMPLETE = "complete", "Complete"
        # Every slot is done. Final, until the study asks for more raters.
        WITHDRAWN = "withdrawn", "Withdrawn"
        # Taken out of the queues by a person.

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="tasks")
    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="tasks"
    )
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "fingerprint"], name="task_once_per_study"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["single", "pair"]), name="task_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "complete", "withdrawn"]),
                name="task_state_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["study", "kind", "state"], name="task_progress")
        ]

    def __str__(self) -> str:
        return f"{self.kind} task {self.uid}"


class TaskItem(models.Model):
    """A completion that a task shows. In a pair, 0 has the smaller id."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="items")
    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="task_items"
    )
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "position"], name="task_item_position_once"
            ),
            models.UniqueConstraint(
                fields=["task", "completion"], name="task_item_completion_once"
            ),
        ]

    def __str__(self) -> str:
        return f"item {self.position} of {self.task_id}"


class Slot(models.Model):
    """Room for one rater on one task. Rows, because counting over-assigns."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        # Anyone eligible may claim it.
        LEASED = "leased", "Leased"
        # One rater holds it until `leased_until`; the sweep opens it again.
        DONE = "done", "Done"
        # A judgment was submitted. Final.

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="slots")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="slots")
    slot_no = models.PositiveSmallIntegerField()
    shuffle_key = models.BigIntegerField(
        help_text="Pseudo-random order from the study's seed; same for a task's slots."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    lease_no = models.PositiveIntegerField(
        default=0, help_text="Fencing number; grows with every lease."
    )
    leased_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "slot_no"], name="slot_once"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "leased", "done"]),
                name="slot_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state="leased", leased_until__isnull=False)
                | ~Q(state="leased"),
                name="leased_slot_has_an_end",
            ),
        ]
        indexes = [
            # assign_next walks the open slots of a study in shuffled order.
            models.Index(
                fields=["study", "shuffle_key", "id"],
                name="slot_open",
                condition=Q(state="open"),
            ),
            # The sweep looks for leases that ran out.
            models.Index(
                fields=["leased_until"],
                name="slot_leased",
                condition=Q(state="leased"),
            ),
        ]

    def __str__(self) -> str:
        return f"slot {self.slot_no} of {self.task_id} ({self.state})"


@tracked()
class Assignment(Identified):
    """A rater holds, held or answered a task: the record of what was served to whom."""

    class State(models.TextChoices):
        LEASED = "leased", "In hand"
        # The rater has the page; the slot is theirs until `leased_until`.
        SUBMITTED = "submitted", "Submitted"
        # A judgment exists. Final (later revisions are judgments, not assignments).
        EXPIRED = "expired", "Expired"
        # The lease ran out and the slot went back; the same rater may take it up again.

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="assignments"
    )
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="assignments")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="assignments")
    rater = models.ForeignKey(
        Rater, on_delete=models.PROTECT, related_name="assignments"
    )
    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="+"
    )
    lease_no = models.PositiveIntegerField()
    leased_until = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.LEASED)
    left_position = models.PositiveSmallIntegerField(
        default=0, help_text="Which item of a pair stands left for this rater."
    )
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "rater"], name="rater_meets_a_task_once"
            ),
            models.UniqueConstraint(
                fields=["slot"],
                condition=Q(state__in=["leased", "submitted"]),
                name="slot_has_one_live_assignment",
            ),
            models.UniqueConstraint(
                fields=["study", "rater"],
                condition=Q(state="leased"),
                name="rater_holds_one_lease_per_study",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["leased", "submitted", "expired"]),
                name="assignment_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(left_position__in=[0, 1]),
                name="left_is_item_0_or_1",
            ),
        ]
        indexes = [
            # Where a rater stands in the shuffled order, and their progress.
            models.Index(fields=["study", "rater", "-id"], name="assignment_of_rater"),
        ]

    def __str__(self) -> str:
        return f"assignment {self.uid} ({self.state})"
