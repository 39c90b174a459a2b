"""Content: never changed, only added. Each row knows the batch that brought it."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from feedback.accounts.models import Rater
from feedback.common.guards import said
from feedback.common.history import tracked
from feedback.common.models import Identified


@tracked()
class Source(Identified):
    """A named origin of content: a file series, a model log, a public corpus."""

    name = models.CharField(max_length=200)
    license = models.CharField(max_length=100, blank=True)
    attribution = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    def __str__(self) -> str:
        return self.name


@tracked(exclude=["n_rows_read"])
class ImportBatch(Identified):
    """One file brought in: all of its good rows, or none."""

    # The kind of the job that reads a batch.
    READ_JOB = "corpus.read_batch"

    class Shape(models.TextChoices):
        CONSILIUM = "consilium", "Consilium columns"
        HH = "hh", "Anthropic HH"
        HELPSTEER3 = "helpsteer3", "HelpSteer3"
        ULTRAFEEDBACK = "ultrafeedback", "UltraFeedback"
        OASST = "oasst", "OpenAssistant trees"
        TRL = "trl", "TRL preference"
        KQA = "kqa", "K-QA physician answers"
        MEDEC = "medec", "MEDEC corrections"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        # The file is stored; a job will read it.
        READING = "reading", "Reading"
        # A worker streams the file; `n_rows_read` moves.
        DONE = "done", "Done"
        # Every good row is in, every other row is a reject. Final.
        FAILED = "failed", "Failed"
        # The file as a whole could not be taken (`error` says why); nothing is in. Final.

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="batches")
    shape = models.CharField(max_length=20, choices=Shape.choices)
    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64)
    file_bytes = models.BigIntegerField()
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    state = models.CharField(
        max_length=10, choices=State.choices, default=State.WAITING
    )
    error = models.TextField(blank=True)
    n_rows_read = models.PositiveIntegerField(default=0)
    n_prompts_new = models.PositiveIntegerField(default=0)
    n_completions_new = models.PositiveIntegerField(default=0)
    n_known = models.PositiveIntegerField(
        default=0, help_text="Rows that brought nothing new."
    )
    n_rejected = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "reading", "done", "failed"]),
                name="import_batch_state_is_known",
            ),
        ]
        indexes = [models.Index(fields=["source", "-id"], name="batch_of_source")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_final(self) -> bool:
        """Whether nothing of this batch will change any more."""
        return self.state in {self.State.DONE, self.State.FAILED}

    @property
    def brought_nothing(self) -> bool:
        """Whether it went well but everything in it was known."""
        return self.state == self.State.DONE and not (
            self.n_prompts_new or self.n_completions_new
        )


class ImportReject(models.Model):
    """A row that was not taken, and what to do about it."""

    batch = models.ForeignKey(
        ImportBatch, on_delete=models.PROTECT, related_name="rejects"
    )
    row_no = models.PositiveIntegerField(help_text="1 is the file's first data row.")
    reason = models.CharField(max_length=500)
    next_step = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "row_no"], name="import_reject_once_per_row"
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"row {self.row_no}: {self.reason}"


class ModelVersion(Identified):
    """A model by the name its completions carry. Never shown to raters."""

    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="model_version_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Prompt(Identified):
    """A conversation that ends with the turn to be answered. Immutable."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="prompts")
    batch = models.ForeignKey(
        ImportBatch, on_delete=models.PROTECT, related_name="prompts"
    )
    messages = models.JSONField(help_text="[{role, content}], the last from the user.")
    content_sha256 = models.CharField(max_length=64)
    group_key = models.CharField(
        max_length=200,
        help_text="Family (same case, patient or prompt); never crosses splits.",
    )
    external_id = models.CharField(max_length=200, blank=True)
    specialty = models.CharField(max_length=100, blank=True)
    locale = models.CharField(max_length=35, blank=True)
    note_type = models.CharField(max_length=100, blank=True)
    is_synthetic = models.BooleanField(default=False)
    reference_answer = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "content_sha256"], name="prompt_once_per_source"
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"prompt {self.uid}"

    @property
    def last_turn(self) -> str:
        """The text that is to be answered."""
        return str(self.messages[-1]["content"])


class Completion(Identified):
    """One answer to a prompt. Immutable."""

    prompt = models.ForeignKey(
        Prompt, on_delete=models.PROTECT, related_name="completions"
    )
    batch = models.ForeignKey(
        ImportBatch, on_delete=models.PROTECT, related_name="completions"
    )
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="completions", null=True
    )
    written_by = models.ForeignKey(
        Rater,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        help_text="The rater who wrote it, if a person did; never asked to judge it.",
    )
    content = models.TextField()
    content_sha256 = models.CharField(max_length=64)
    external_id = models.CharField(max_length=200, blank=True)
    metadata = models.JSONField(
        default=dict,
        blank=True,
        help_text="E.g. a label the file brought; never shown.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "content_sha256"], name="completion_once_per_prompt"
            ),
            models.CheckConstraint(
                condition=~models.Q(content=""), name="completion_is_not_empty"
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"completion {self.uid}"


class CasePoint(Identified):
    """Something that an answer to one prompt is checked for. Immutable."""

    class Kind(models.TextChoices):
        RUBRIC = "rubric", "Rubric point"
        # Met or not met; `points` may be negative for what an answer should not do.
        CLAIM = "claim", "Claim"
        # A statement that the answer supports, contradicts or does not address.
        MUST_SAY = "must_say", "Must be said"
        # Said or missing.

    prompt = models.ForeignKey(
        Prompt, on_delete=models.PROTECT, related_name="case_points"
    )
    batch = models.ForeignKey(
        ImportBatch, on_delete=models.PROTECT, related_name="case_points"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    position = models.PositiveSmallIntegerField()
    text = models.TextField()
    points = models.SmallIntegerField(
        null=True, blank=True, help_text="Of a rubric point; below 0 for a fault."
    )

    class Meta:
        ordering = ["kind", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "kind", "position"], name="case_point_position_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["rubric", "claim", "must_say"]),
                name="case_point_kind_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="rubric", points__isnull=False)
                | (~models.Q(kind="rubric") & models.Q(points=None)),
                name="rubric_points_have_points",
            ),
            models.CheckConstraint(
                condition=~models.Q(text=""), name="case_point_is_not_empty"
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.kind} point {self.position} of {self.prompt_id}"


class IdentityScan(models.Model):
    """Where a completion names its maker, found before it is served to anybody."""

    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="identity_scans"
    )
    scanner_version = models.PositiveSmallIntegerField()
    leaks = models.JSONField(
        default=list,
        blank=True,
        help_text="[{start, end, name}] in code points of the content.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["completion", "scanner_version"],
                name="identity_scan_once_per_version",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{len(self.leaks)} leaks in {self.completion_id}"
