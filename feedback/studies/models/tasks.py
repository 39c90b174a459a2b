"""Tasks, the form of each kind, and who holds which: slots and leases."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from feedback.accounts.models import Rater
from feedback.common.history import tracked
from feedback.common.models import Identified
from feedback.corpus.models import Completion, Prompt
from feedback.studies.models.guidelines import GuidelineVersion, sealed_with_guideline
from feedback.studies.models.studies import Study


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

    class Purpose(models.TextChoices):
        LABEL = "label", "To be labeled"
        # What the study is for; the only purpose that is counted or exported.
        GOLD = "gold", "Answer known"
        RETEST = "retest", "Repeats one that the same rater answered"
        TRAINING = "training", "Answer known and explained afterwards"
        # Nothing that a rater is sent tells the purposes apart.

    class Stop(models.TextChoices):
        FIXED = "fixed", "As many raters as the study asks"
        LOCKED = "locked", "The leader cannot be caught"
        LEAD = "lead", "One answer leads by two"
        POSTERIOR = "posterior", "Certain by the raters' record"
        CAP = "cap", "The most raters a task gets"
        SPECIALIST = "specialist", "A specialist decided"
        LOWERED = "lowered", "The study asks for fewer raters now"
        # Empty while more raters are asked for.

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="tasks")
    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="tasks"
    )
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    purpose = models.CharField(
        max_length=10, choices=Purpose.choices, default=Purpose.LABEL
    )
    repeats = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="twins",
        help_text="The ordinary task that shows the same; a rater who met one is not "
        "served the other, but for a retest of their own.",
    )
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    stopped_by = models.CharField(max_length=12, choices=Stop.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "fingerprint"], name="task_once_per_study"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=["label", "gold", "retest", "training"]),
                name="task_purpose_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    stopped_by__in=[
                        "",
                        "fixed",
                        "locked",
                        "lead",
                        "posterior",
                        "cap",
                        "specialist",
                        "lowered",
                    ]
                ),
                name="task_stop_is_known",
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
        triggers = sealed_with_guideline()

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
        PASSED = "passed", "Outside the rater's practice"
        # Answered so; another slot of the same wave took its place. Final.
        CLOSED = "closed", "Not needed"
        # The policy stopped, or the study asks for fewer raters. Opens again if it
        # asks for more.

    class Wave(models.TextChoices):
        BASE = "base", "Base wave"
        # The first two of each task, asked for before anything is known: agreement
        # and comparisons of raters use these only.
        MORE = "more", "Asked for by the policy"
        SPECIALIST = "specialist", "Raters disagree: a specialist decides"
        AUDIT = "audit", "Random specialist audit"
        CHECK = "check", "Gold, retest or training"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="slots")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="slots")
    slot_no = models.PositiveSmallIntegerField()
    shuffle_key = models.BigIntegerField(
        help_text="Pseudo-random order from the study's seed; same for a task's slots."
    )
    wave = models.CharField(max_length=10, choices=Wave.choices, default=Wave.BASE)
    is_for_specialist = models.BooleanField(default=False)
    reserved_for = models.ForeignKey(
        Rater, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    specialty = models.CharField(
        max_length=100,
        blank=True,
        help_text="Of the prompt, in lower case, for own-practice routing.",
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
                condition=Q(state__in=["open", "leased", "done", "passed", "closed"]),
                name="slot_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state="leased", leased_until__isnull=False)
                | ~Q(state="leased"),
                name="leased_slot_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(wave__in=["base", "more", "specialist", "audit", "check"]),
                name="slot_wave_is_known",
            ),
        ]
        indexes = [
            # assign_next walks the open slots of a study in shuffled order.
            models.Index(
                fields=["study", "shuffle_key", "id"],
                name="slot_open",
                condition=Q(state="open"),
            ),
            # The same, of one specialty.
            models.Index(
                fields=["study", "specialty", "shuffle_key", "id"],
                name="slot_open_of_specialty",
                condition=Q(state="open"),
            ),
            # What waits for a specialist, and for one rater.
            models.Index(
                fields=["study", "shuffle_key", "id"],
                name="slot_open_for_specialist",
                condition=Q(state="open", is_for_specialist=True),
            ),
            models.Index(
                fields=["reserved_for", "study"],
                name="slot_open_reserved",
                condition=Q(state="open", reserved_for__isnull=False),
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
        DECLINED = "declined", "Declined"
        # The rater gave it back with a reason; it is never offered to them again.

    class DeclineReason(models.TextChoices):
        CONFLICT = "conflict", "I have a conflict of interest"
        KNOWN = "known", "I know this case or its author"
        UPSETTING = "upsetting", "I would rather not read this"
        UNCLEAR = "unclear", "I cannot tell what is asked"
        TOO_LONG = "too_long", "I have no time for one of this length"
        BROKEN = "broken", "Something on the page is broken"
        OTHER = "other", "Another reason"
        # "Outside my practice" is an answer, not a reason to decline.

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
    decline_reason = models.CharField(
        max_length=12, choices=DeclineReason.choices, blank=True
    )
    decline_note = models.CharField(max_length=300, blank=True)

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
                condition=Q(state__in=["leased", "submitted", "expired", "declined"]),
                name="assignment_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state="declined") & ~Q(decline_reason="")
                | ~Q(state="declined") & Q(decline_reason=""),
                name="declined_assignment_has_a_reason",
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
