"""Which cases of the queue an address asks for."""

from collections.abc import Iterable, Mapping

from feedback.common.exceptions import Invalid
from feedback.review.models import AdjudicationCase
from feedback.review.selectors_cases import ever_disputed_in
from feedback.studies.models import Criterion, Study

_LONGEST_SHOWN = 40


def queue_filter(asked: Mapping[str, str], study: Study) -> dict[str, str]:
    """The reason and the criterion that an address names, each empty for any.

    A criterion of the study about which nobody disagrees, or not any more, is a filter
    that finds nothing, so that a bookmark stays good; what the study never asked is
    none.

    Args:
        asked: the address's parameters.
        study: whose queue.

    Raises:
        Invalid: with what is allowed, if an address names anything else.
    """
    reason, criterion = asked.get("reason", ""), asked.get("criterion", "")
    if reason:
        _require("reason", reason, AdjudicationCase.Reason.values)
    if criterion:
        _require("criterion", criterion, _criteria_of(study))
    return {"reason": reason, "criterion": criterion}


def _criteria_of(study: Study) -> set[str]:
    """Whatever may be in dispute: criteria, and the preference or a point of a case."""
    asked = Criterion.objects.filter(guideline_version__study=study)
    return {*asked.values_list("key", flat=True), *ever_disputed_in(study)}


def _require(name: str, given: str, allowed: Iterable[str]) -> None:
    known = sorted(allowed)
    if given in known:
        return
    shown = given if len(given) <= _LONGEST_SHOWN else f"{given[:_LONGEST_SHOWN]}…"
    raise Invalid(
        f"The queue cannot be narrowed to {name} {shown!r}; allowed is "
        f"{', '.join([*known, 'nothing'])}.",
        next_step="Open the queue again and choose from its lists.",
    )
