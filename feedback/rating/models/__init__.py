"""Judgments. Nothing here is ever changed: a change of mind is a new revision."""

from feedback.rating.models.drafts import (
    Draft,
    Reveal,
)
from feedback.rating.models.judgments import (
    Judgment,
)
from feedback.rating.models.parts import (
    Correction,
    CriterionRating,
    PointVerdict,
    Preference,
    SafetyFlag,
    SpanMark,
    SpanRelation,
)

__all__ = [
    "Correction",
    "CriterionRating",
    "Draft",
    "Judgment",
    "PointVerdict",
    "Preference",
    "Reveal",
    "SafetyFlag",
    "SpanMark",
    "SpanRelation",
]
