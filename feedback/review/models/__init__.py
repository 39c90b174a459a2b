"""Cases for a second pair of eyes, what was decided in them, and on what evidence."""

from feedback.review.models.adjudications import (
    Adjudication,
    AdjudicationEvidence,
)
from feedback.review.models.cases import (
    AdjudicationCase,
)
from feedback.review.models.evidence import (
    EvidenceEdition,
    EvidenceSource,
)

__all__ = [
    "Adjudication",
    "AdjudicationCase",
    "AdjudicationEvidence",
    "EvidenceEdition",
    "EvidenceSource",
]
