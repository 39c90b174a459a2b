"""Studies, the versions of their guideline, tasks, slots and leases."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from feedback.accounts.models import Rater
from feedback.accounts.permissions import Role
from feedback.common.guards import NoTruncate, Sealed, said, sealed_with
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


@tracked()
class GuidelineVersion(Identified):
    """The rules raters follow. Once published it never changes."""

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="guideline_versions"
    )
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField()
    changes = models.TextField(
        blank=True, help_text="What is different from the version before, for raters."
    )
    is_major = models.BooleanField(
        default=False,
        help_text="Raters of an earlier version confirm that they read the changes.",
    )
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


def _sealed_with_guideline() -> list[pgtrigger.Trigger]:
    """Triggers of the tables that close together with their guideline version."""
    return [
        *sealed_with(
            "guideline_version_id",
            parent_table="studies_guidelineversion",
            column="published_at",
        ),
        NoTruncate(),
    ]


class Criterion(Identified):
    """One thing a rater scores, with the meaning of each value spelled out."""

    class Kind(models.TextChoices):
        LIKERT = "likert", "Scale with both poles labeled"
        YES_NO = "yes_no", "Yes or no"
        # Stored as 1 and 0.
        SCORE = "score", "0 to 100"
        NOMINAL = "nominal", "One of several"
        MULTI_LABEL = "multi_label", "Any of several"
        TEXT = "text", "Free text"
        TURN = "turn", "The first turn where it goes wrong"
        # Stored as the assistant turn's number from 1; 0 when none goes wrong.

    class Scope(models.TextChoices):
        COMPLETION = "completion", "Each completion"
        PAIR = "pair", "The pair, compared"
        TURN = "turn", "Each assistant turn"

    class Direction(models.TextChoices):
        BETTER = "better", "Higher is better"
        WORSE = "worse", "Higher is worse"
        NEUTRAL = "neutral", "Neither"
        # Only what is better the higher it is makes up one mark of quality at export.

    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="criteria"
    )
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    question = models.CharField(max_length=300)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.LIKERT)
    scope = models.CharField(
        max_length=20, choices=Scope.choices, default=Scope.COMPLETION
    )
    direction = models.CharField(
        max_length=10, choices=Direction.choices, default=Direction.BETTER
    )
    low_label = models.CharField(max_length=60, blank=True)
    high_label = models.CharField(max_length=60, blank=True)
    minimum = models.SmallIntegerField(default=1)
    maximum = models.SmallIntegerField(default=5)
    anchors = models.JSONField(
        default=dict, blank=True, help_text='{"1": "what a 1 means", …}'
    )
    options = models.JSONField(
        default=list,
        blank=True,
        help_text="Of one or any of several: [{value, label, meaning}], in order.",
    )
    is_required = models.BooleanField(default=True)
    guidance = models.TextField(
        blank=True, help_text="What the guideline says of this criterion."
    )
    examples = models.JSONField(
        default=list, blank=True, help_text="[{text, value, why}]"
    )
    condition_key = models.SlugField(
        max_length=40,
        blank=True,
        help_text="Asked only if this earlier criterion has one of the values below.",
    )
    condition_values = ArrayField(
        models.CharField(max_length=40), default=list, blank=True
    )
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
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "likert",
                        "yes_no",
                        "score",
                        "nominal",
                        "multi_label",
                        "text",
                        "turn",
                    ]
                ),
                name="criterion_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(scope__in=["completion", "pair", "turn"]),
                name="criterion_scope_is_known",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=["better", "worse", "neutral"]),
                name="criterion_direction_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(kind="likert")
                | (~Q(low_label="") & ~Q(high_label=""))
                | Q(scope="pair"),
                name="likert_has_both_poles",
            ),
        ]
        triggers = _sealed_with_guideline()

    def __str__(self) -> str:
        return self.name

    @property
    def is_number(self) -> bool:
        """Whether its answers are numbers that may be averaged."""
        return self.kind in {self.Kind.LIKERT, self.Kind.YES_NO, self.Kind.SCORE}


class SpanLabel(Identified):
    """A kind of error that raters mark in a text, or of thing missing from it."""

    class Kind(models.TextChoices):
        SPAN = "span", "In the text"
        OMISSION = "omission", "Missing"

    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="span_labels"
    )
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    meaning = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SPAN)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["guideline_version", "key"], name="span_label_key_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["span", "omission"]),
                name="span_label_kind_is_known",
            ),
        ]
        triggers = _sealed_with_guideline()

    def __str__(self) -> str:
        return self.name


class Task(Identified):
    """One thing to judge: one or several completions of one prompt."""

    class Kind(models.TextChoices):
        SINGLE = "single", "Rate one completion"
        PAIR = "pair", "Choose between two"
        RANKING = "ranking", "Rank several"
        CONVERSATION = "conversation", "Follow a conversation turn by turn"

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
    kind = models.CharField(max_length=20, choices=Kind.choices)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "fingerprint"], name="task_once_per_study"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["single", "pair", "ranking", "conversation"]),
                name="task_kind_is_known",
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


class TaskForm(models.Model):
    """What a guideline version asks about one kind of task."""

    class Part(models.TextChoices):
        MARKS = "marks", "Errors and omissions marked in the text"
        RUBRIC = "rubric", "The case's own points, met or not"
        CLAIMS = "claims", "The case's claims: supported, contradicted, not addressed"
        MUST_SAY = "must_say", "What an answer to this case must say"
        RATINGS = "ratings", "The criteria, for each completion"
        CORRECTION = "correction", "The text as it should be"

    class Extra(models.TextChoices):
        ASSERTION = "assertion", "Negated, historical, hypothetical, of the family"
        CODE = "code", "A code and its system"
        RELATION = "relation", "Relations between marks"

    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="forms"
    )
    kind = models.CharField(max_length=20, choices=Task.Kind.choices)
    parts = ArrayField(
        models.CharField(max_length=20, choices=Part.choices), default=list, blank=True
    )
    mark_extras = ArrayField(
        models.CharField(max_length=20, choices=Extra.choices), default=list, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["guideline_version", "kind"], name="task_form_once_per_kind"
            ),
            models.CheckConstraint(
                condition=Q(
                    parts__contained_by=[
                        "marks",
                        "rubric",
                        "claims",
                        "must_say",
                        "ratings",
                        "correction",
                    ]
                ),
                name="task_form_parts_are_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    mark_extras__contained_by=["assertion", "code", "relation"]
                ),
                name="task_form_extras_are_known",
            ),
        ]
        triggers = _sealed_with_guideline()

    def __str__(self) -> str:
        return f"{self.kind}: {', '.join(self.parts)}"


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

    class Arm(models.TextChoices):
        PLAIN = "plain", "Plain"
        REVEAL = "reveal", "Commit, reveal, revise"
        # After the blind answer is stored, others' answers are shown and one revision
        # is allowed. Drawn from the seed; the blind answer is the one exported.

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
    shown_order = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        help_text="Positions of the task's items as this rater sees them, left first.",
    )
    arm = models.CharField(max_length=10, choices=Arm.choices, default=Arm.PLAIN)
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
                condition=Q(arm__in=["plain", "reveal"]), name="assignment_arm_is_known"
            ),
        ]
        indexes = [
            # Where a rater stands in the shuffled order, and their progress.
            models.Index(fields=["study", "rater", "-id"], name="assignment_of_rater"),
        ]

    def __str__(self) -> str:
        return f"assignment {self.uid} ({self.state})"


class GuidelineAcknowledgment(Identified):
    """A rater has read what changed in a guideline version."""

    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="acknowledgments"
    )
    rater = models.ForeignKey(
        Rater, on_delete=models.PROTECT, related_name="acknowledgments"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["guideline_version", "rater"],
                name="guideline_acknowledged_once",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.rater} read {self.guideline_version}"


class Question(Identified):
    """A rater asks the study lead something, about the task in hand."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="questions")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, related_name="questions"
    )
    text = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="question_is_not_empty"),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"question {self.uid}"


class Reply(Identified):
    """A lead's reply to a question; shown to the rater on the task itself."""

    question = models.ForeignKey(
        Question, on_delete=models.PROTECT, related_name="replies"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="reply_is_not_empty"),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"reply {self.uid}"
