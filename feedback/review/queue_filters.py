"""Which cases of the queue an address asks for."""

from collections.abc import Iterable, Mapping

from feedback.common.exceptions import Invalid
from feedback.review.models import AdjudicationCase
from feedback.review.selectors_cases import ever_disputed_in
from feedback.studies.models import Study

_LONGEST_SHOWN = 40


def queue_filter(asked: Mapping[str, str], study: Study) -> dict[str, str]:
    """The reason and the criterion that an address names, each empty for any.

    What was in dispute once and is not now is a filter that finds nothing, so that a
    bookmark stays good; what never was is none.

    Args:
        asked: the address's parameters.
        study: whose queue.

    Raises:
        Invalid: with what is allowed, if an address names anything else.
    """
    return {
        "reason": _one_of("reason", asked, AdjudicationCase.Reason.values),
        "criterion": _one_of("criterion", asked, ever_disputed_in(study)),
    }


def _one_of(name: str, asked: Mapping[str, str], allowed: Iterable[str]) -> str:
    given = asked.get(name, "")
    known = sorted(allowed)
    if not given or given in known:
        return given
    shown = given if len(given) <= _LONGEST_SHOWN else f"{given[:_LONGEST_SHOWN]}…"
    said = f"{', '.join(known)}, or nothing" if known else "nothing yet"
    raise Invalid(
        f"The queue cannot be narrowed to {name} {shown!r}; allowed is {said}.",
        next_step="Open the queue again and choose from its lists.",
    )
