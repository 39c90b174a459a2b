"""Which judgments may be counted together: those of one major guideline version."""

from collections.abc import Iterable
from dataclasses import dataclass

from feedback.studies.models import GuidelineVersion, Study


@dataclass(frozen=True, slots=True)
class Epoch:
    """A major guideline version and the minor ones that followed it.

    A minor version changes words, so its judgments pool with those before it. A major
    one changes what is asked: raters of either side answered different questions.

    Attributes:
        number: of the major version; 1 before the first.
        version_ids: keys of its published versions, oldest first.
        newest_id: key of the newest, whose names and scales the reports use.
        label: as a page says it.
    """

    number: int
    version_ids: tuple[int, ...]
    newest_id: int
    label: str


def epochs_of(study: Study) -> tuple[Epoch, ...]:
    """The epochs of a study, newest first; none without a published guideline."""
    versions = study.guideline_versions.filter(published_at__isnull=False)
    return group_versions(versions.order_by("number"))


def group_versions(versions: Iterable[GuidelineVersion]) -> tuple[Epoch, ...]:
    """Epochs of versions that come in rising order, newest first."""
    groups: list[list[GuidelineVersion]] = []
    for version in versions:
        if version.is_major or not groups:
            groups.append([])
        groups[-1].append(version)
    epochs = [
        Epoch(
            number=1 if place == 0 else group[0].number,
            version_ids=tuple(version.pk for version in group),
            newest_id=group[-1].pk,
            label=_label(group),
        )
        for place, group in enumerate(groups)
    ]
    return tuple(reversed(epochs))


def _label(group: list[GuidelineVersion]) -> str:
    first, last = group[0].number, group[-1].number
    return f"Version {first}" if first == last else f"Versions {first} to {last}"
