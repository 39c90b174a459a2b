"""Reading what a study's verdicts cite; the door from a view to an edition."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.common.exceptions import NotVisible
from feedback.review.models import (
    AdjudicationEvidence,
    EvidenceEdition,
    EvidenceSource,
)
from feedback.review.selectors_cases import cases_for
from feedback.studies.models import Study
from feedback.studies.selectors import studies_for


def access_edition(user: User, uid: UUID, verb: Verb) -> EvidenceEdition:
    """The only door to an edition.

    Raises:
        NotVisible: if it does not exist or the person may not do `verb` in its study.
    """
    edition = (
        EvidenceEdition.objects.filter(
            uid=uid, source__study__in=studies_for(user, verb)
        )
        .select_related("source__study", "superseded_by__source")
        .first()
    )
    if edition is None:
        raise NotVisible
    return edition


def editions_in_force(study: Study) -> QuerySet[EvidenceEdition]:
    """What a verdict may cite, by title and newest edition first."""
    return (
        EvidenceEdition.objects.filter(source__study=study, superseded_at=None)
        .select_related("source")
        .order_by("source__title", "-published_on", "-pk")
    )


@dataclass(frozen=True, slots=True)
class Use:
    """A verdict that cites an edition; its case is named to whoever may see it."""

    by: str
    at: datetime
    locator: str
    is_in_force: bool
    case_uid: UUID | None


@dataclass(frozen=True, slots=True)
class EditionLine:
    """An edition with the verdicts that cite it."""

    edition: EvidenceEdition
    uses: Sequence[Use]

    @property
    def n_in_force(self) -> int:
        """Verdicts in force that cite it."""
        return sum(use.is_in_force for use in self.uses)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source with its editions, newest first."""

    source: EvidenceSource
    editions: Sequence[EditionLine]


def evidence_of(study: Study, user: User) -> list[SourceLine]:
    """Everything that a study's verdicts may cite or ever cited, by title."""
    cited = AdjudicationEvidence.objects.select_related(
        "adjudication__decided_by",
        "adjudication__case",
        "adjudication__superseded_by",
    ).order_by("-pk")
    editions = EvidenceEdition.objects.select_related(
        "superseded_by__source"
    ).prefetch_related(Prefetch("citations", queryset=cited))
    sources = EvidenceSource.objects.filter(study=study).prefetch_related(
        Prefetch("editions", queryset=editions)
    )
    visible = set(
        cases_for(user, Verb.ADJUDICATION_SEE)
        .filter(study=study, adjudication__evidence__isnull=False)
        .values_list("uid", flat=True)
    )
    return [
        SourceLine(
            source,
            [
                EditionLine(
                    edition, [_use(one, visible) for one in _citations(edition)]
                )
                for edition in source.editions.all()
            ],
        )
        for source in sources.order_by("title", "pk")
    ]


def _citations(edition: EvidenceEdition) -> list[AdjudicationEvidence]:
    return list(edition.citations.all())


def _use(citation: AdjudicationEvidence, visible: set[UUID]) -> Use:
    adjudication = citation.adjudication
    uid = adjudication.case.uid
    return Use(
        by=adjudication.decided_by.name,
        at=adjudication.created_at,
        locator=citation.locator,
        is_in_force=not hasattr(adjudication, "superseded_by"),
        case_uid=uid if uid in visible else None,
    )
