"""What a stored guideline version asks, as drafts: to check, copy, compare and hash."""

from dataclasses import dataclass

from feedback.studies.criteria import (
    Choice,
    CriterionDraft,
    Example,
    FormDraft,
    SpanLabelDraft,
)
from feedback.studies.drafts import Offence, offences
from feedback.studies.models import Criterion, GuidelineVersion, SpanLabel, TaskForm


@dataclass(frozen=True, slots=True)
class Contents:
    """The questions of a version, in order."""

    criteria: tuple[CriterionDraft, ...] = ()
    span_labels: tuple[SpanLabelDraft, ...] = ()
    forms: tuple[FormDraft, ...] = ()

    def offences(self) -> list[Offence]:
        """Why it could not be published as it is."""
        return offences(
            criteria=self.criteria, span_labels=self.span_labels, forms=self.forms
        )


def contents_of(version: GuidelineVersion) -> Contents:
    """What a version asks, as it is stored now."""
    return Contents(
        criteria=tuple(criterion_draft(one) for one in version.criteria.all()),
        span_labels=tuple(label_draft(one) for one in version.span_labels.all()),
        forms=tuple(form_draft(one) for one in version.forms.order_by("pk")),
    )


def criterion_draft(row: Criterion) -> CriterionDraft:
    """A criterion as it was before it was stored."""
    return CriterionDraft(
        key=row.key,
        name=row.name,
        question=row.question,
        kind=row.kind,
        scope=row.scope,
        direction=row.direction,
        low_label=row.low_label,
        high_label=row.high_label,
        anchors=dict(row.anchors),
        minimum=row.minimum,
        maximum=row.maximum,
        options=tuple(Choice(**option) for option in row.options),
        is_required=row.is_required,
        guidance=row.guidance,
        examples=tuple(Example(**example) for example in row.examples),
        condition_key=row.condition_key,
        condition_values=tuple(row.condition_values),
    )


def label_draft(row: SpanLabel) -> SpanLabelDraft:
    """A label as it was before it was stored."""
    return SpanLabelDraft(
        key=row.key, name=row.name, meaning=row.meaning, kind=row.kind
    )


def form_draft(row: TaskForm) -> FormDraft:
    """A form as it was before it was stored."""
    return FormDraft(row.kind, tuple(row.parts), tuple(row.mark_extras))
