"""The parts of a judgment: each a row of its own, none ever changed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from feedback.common.guards import said
from feedback.common.models import Identified
from feedback.corpus.models import CasePoint, Completion
from feedback.rating.models.judgments import Judgment
from feedback.studies.models import (
    Criterion,
    SpanLabel,
)


class CriterionRating(models.Model):
    """One criterion's value for one completion, or that it does not apply.

    Exactly one of `value`, `choices`, `text` and the two reasons for none is given:
    numbers for scales, yes or no (1, 0), scores and turns; a list for one or any of
    several (an empty list says "none of them").
    """

    judgment = models.ForeignKey(
        Judgment, on_delete=models.PROTECT, related_name="ratings"
    )
    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="ratings"
    )
    criterion = models.ForeignKey(
        Criterion, on_delete=models.PROTECT, related_name="ratings"
    )
    turn_no = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="The assistant turn it is about, from 1; null for the whole.",
    )
    value = models.SmallIntegerField(null=True)
    choices = ArrayField(models.CharField(max_length=40), null=True)
    text = models.TextField(blank=True)
    is_not_applicable = models.BooleanField(default=False)
    is_outside_practice = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion", "criterion", "turn_no"],
                name="rating_once_per_criterion",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=(
                    Q(value__isnull=False, choices=None, text="")
                    | Q(value=None, choices__isnull=False, text="")
                    | (Q(value=None, choices=None) & ~Q(text=""))
                )
                & Q(is_not_applicable=False, is_outside_practice=False)
                | Q(value=None, choices=None, text="", is_not_applicable=True)
                & Q(is_outside_practice=False)
                | Q(value=None, choices=None, text="", is_outside_practice=True)
                & Q(is_not_applicable=False),
                name="value_xor_not_applicable",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.criterion_id}: {self.value}"


class Preference(models.Model):
    """Which of two completions is better, and by how much.

    One row for a pair; for a ranking one row for each two of its completions, with the
    strength of a ranking (1, better by any amount). With a criterion it is the answer
    to that criterion alone.

    The pair is stored in canonical order (smaller id is `a`), so that A against B and
    B against A are one fact; what stood left is on the assignment.
    """

    class Outcome(models.TextChoices):
        A = "a", "a is better"
        B = "b", "b is better"
        TIE = "tie", "About equal"
        NEITHER = "neither", "Neither is acceptable"
        NOT_APPLICABLE = "not_applicable", "Does not apply"
        OUTSIDE_PRACTICE = "outside_practice", "Outside my practice"
        # The last two answer one criterion only, never the whole.

    judgment = models.ForeignKey(
        Judgment, on_delete=models.PROTECT, related_name="preferences"
    )
    criterion = models.ForeignKey(
        Criterion,
        on_delete=models.PROTECT,
        related_name="preferences",
        null=True,
        help_text="Null for the answer as a whole.",
    )
    completion_a = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="+"
    )
    completion_b = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    strength = models.PositiveSmallIntegerField(
        help_text="2 much, 1 slightly, 0 for a tie or neither."
    )
    reasons = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion_a", "completion_b", "criterion"],
                name="pair_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(completion_a__lt=F("completion_b")),
                name="pair_in_canonical_order",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["a", "b"], strength__in=[1, 2])
                | Q(
                    outcome__in=[
                        "tie",
                        "neither",
                        "not_applicable",
                        "outside_practice",
                    ],
                    strength=0,
                ),
                name="strength_fits_outcome",
            ),
            models.CheckConstraint(
                condition=Q(criterion=None)
                & Q(outcome__in=["a", "b", "tie", "neither"])
                | Q(criterion__isnull=False) & ~Q(outcome="neither"),
                name="outcome_fits_criterion",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.outcome} by {self.strength}"


class Correction(models.Model):
    """The text a rater would have wanted instead of a completion."""

    judgment = models.ForeignKey(
        Judgment, on_delete=models.PROTECT, related_name="corrections"
    )
    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="corrections"
    )
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion"], name="correction_once"
            ),
            models.CheckConstraint(
                condition=~Q(text=""), name="correction_is_not_empty"
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"correction of {self.completion_id}"


class SafetyFlag(Identified):
    """A rater says that a completion could harm somebody."""

    class Category(models.TextChoices):
        DANGEROUS_ADVICE = "dangerous_advice", "Dangerous advice"
        CONTRAINDICATION = "contraindication", "Contraindication missed"
        DOSE_ERROR = "dose_error", "Dose error"
        MISSED_EMERGENCY = "missed_emergency", "Missed emergency"
        SELF_HARM = "self_harm", "Self-harm"
        BIAS = "bias", "Bias or stereotyping"
        PRIVACY = "privacy", "Privacy leak"
        FABRICATION = "fabrication", "Fabricated source"
        REFUSAL = "refusal", "Refusal that harms"
        OTHER = "other", "Something else"

    class Severity(models.TextChoices):
        MILD = "mild", "Mild: discomfort or delay"
        MODERATE = "moderate", "Moderate: treatment needed"
        SEVERE = "severe", "Severe: lasting harm or death"

    judgment = models.ForeignKey(
        Judgment, on_delete=models.PROTECT, related_name="safety_flags"
    )
    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="safety_flags"
    )
    category = models.CharField(max_length=30, choices=Category.choices)
    severity = models.CharField(max_length=10, choices=Severity.choices)
    rationale = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(severity__in=["mild", "moderate", "severe"]),
                name="flag_severity_is_known",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.severity}: {self.category}"


class SpanMark(Identified):
    """A place in a completion where something is wrong, or missing.

    Offsets are code points of the completion's stored content, half open. An omission
    is a point: start and end are the same and the quote is empty.
    """

    class Severity(models.TextChoices):
        MINOR = "minor", "Minor: changes nothing"
        MAJOR = "major", "Major: could mislead"
        CRITICAL = "critical", "Critical: could harm"

    class Assertion(models.TextChoices):
        NEGATED = "negated", "Negated"
        HISTORICAL = "historical", "Historical"
        HYPOTHETICAL = "hypothetical", "Hypothetical"
        FAMILY = "family", "Of the family"

    judgment = models.ForeignKey(
        Judgment, on_delete=models.PROTECT, related_name="marks"
    )
    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="marks"
    )
    label = models.ForeignKey(SpanLabel, on_delete=models.PROTECT, related_name="marks")
    severity = models.CharField(max_length=10, choices=Severity.choices)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    quote = models.TextField(blank=True)
    text_sha256 = models.CharField(max_length=64, help_text="Of the text marked in.")
    suggestion = models.TextField(blank=True)
    assertions = ArrayField(
        models.CharField(max_length=20, choices=Assertion.choices),
        default=list,
        blank=True,
    )
    code_system = models.CharField(max_length=40, blank=True)
    code = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(start__lt=F("end")) & ~Q(quote="")
                | Q(start=F("end"), quote=""),
                name="mark_is_a_range_with_quote_or_a_point",
            ),
            models.CheckConstraint(
                condition=Q(severity__in=["minor", "major", "critical"]),
                name="mark_severity_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    assertions__contained_by=[
                        "negated",
                        "historical",
                        "hypothetical",
                        "family",
                    ]
                ),
                name="mark_assertions_are_known",
            ),
            models.CheckConstraint(
                condition=Q(code="", code_system="")
                | (~Q(code="") & ~Q(code_system="")),
                name="mark_code_has_its_system",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.start} to {self.end}: {self.severity}"


class SpanRelation(models.Model):
    """How one mark of a judgment stands to another."""

    class Kind(models.TextChoices):
        CAUSES = "causes", "Causes"
        CONTRADICTS = "contradicts", "Contradicts"
        CONTINUES = "continues", "Continues"

    source = models.ForeignKey(
        SpanMark, on_delete=models.PROTECT, related_name="relations"
    )
    target = models.ForeignKey(SpanMark, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "target", "kind"], name="span_relation_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["causes", "contradicts", "continues"]),
                name="span_relation_kind_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(source=F("target")), name="span_relation_has_two_ends"
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.target_id}"


class PointVerdict(models.Model):
    """What a rater found of one of the case's points in one completion."""

    class Verdict(models.TextChoices):
        MET = "met", "Met"
        NOT_MET = "not_met", "Not met"
        SUPPORTED = "supported", "Supported"
        CONTRADICTED = "contradicted", "Contradicted"
        NOT_ADDRESSED = "not_addressed", "Not addressed"
        SAID = "said", "Said"
        MISSING = "missing", "Missing"
        OUTSIDE_PRACTICE = "outside_practice", "Outside my practice"

    judgment = models.ForeignKey(
        Judgment, on_delete=models.PROTECT, related_name="point_verdicts"
    )
    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="point_verdicts"
    )
    point = models.ForeignKey(
        CasePoint, on_delete=models.PROTECT, related_name="verdicts"
    )
    verdict = models.CharField(max_length=20, choices=Verdict.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion", "point"], name="verdict_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    verdict__in=[
                        "met",
                        "not_met",
                        "supported",
                        "contradicted",
                        "not_addressed",
                        "said",
                        "missing",
                        "outside_practice",
                    ]
                ),
                name="verdict_is_known",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.point_id}: {self.verdict}"
