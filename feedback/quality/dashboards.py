"""Which blocks the dashboards have, and what each is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from feedback.quality.block_agreement import agreement_block
from feedback.quality.block_bias import bias_block
from feedback.quality.block_consensus import consensus_block
from feedback.quality.block_errors import errors_block
from feedback.quality.block_preferences import preferences_block
from feedback.quality.block_progress import progress_block
from feedback.quality.block_raters import raters_block
from feedback.quality.block_routing import routing_block
from feedback.quality.block_time import time_block
from feedback.quality.blocks import Block
from feedback.quality.epochs import Epoch
from feedback.quality.models import Report
from feedback.quality.prices import Price
from feedback.quality.services import report_of
from feedback.studies.models import Study


@dataclass(frozen=True)
class Look:
    """Who looks at which judgments, and when.

    Attributes:
        study: whose.
        epoch: which guideline versions; None before the first is published.
        rater: pseudonym of the person if they rate in the study, else None. They then
            see no model names, nothing of single items, and nothing that checks say.
        may_see_answers: whether the person may read what was said of single items.
        price: of an hour, if the person gave one.
        code_version: of the application.
        now: the time.
    """

    study: Study
    epoch: Epoch | None
    rater: str | None
    may_see_answers: bool
    price: Price | None
    code_version: str
    now: datetime

    def report(self, kind: Report.Kind, epoch: Epoch) -> Report:
        """The report of a kind as it stands."""
        return report_of(
            kind=kind,
            study=self.study,
            epoch=epoch,
            code_version=self.code_version,
            now=self.now,
        )


def _progress(look: Look, _epoch: Epoch) -> Block:
    return progress_block(look.study)


def _agreement(look: Look, epoch: Epoch) -> Block:
    report = look.report(Report.Kind.AGREEMENT, epoch)
    return agreement_block(report, look.study)


def _preferences(look: Look, epoch: Epoch) -> Block:
    report = look.report(Report.Kind.LEADERBOARD, epoch)
    return preferences_block(report, may_see_models=look.rater is None)


def _consensus(look: Look, epoch: Epoch) -> Block:
    report = look.report(Report.Kind.CONSENSUS, epoch)
    return consensus_block(report, look.study, by_item=look.may_see_answers)


def _raters(look: Look, epoch: Epoch) -> Block:
    return raters_block(look.report(Report.Kind.RATERS, epoch), rater=look.rater)


def _bias(look: Look, epoch: Epoch) -> Block:
    return bias_block(look.report(Report.Kind.BIAS, epoch))


def _errors(look: Look, epoch: Epoch) -> Block:
    return errors_block(look.report(Report.Kind.TAXONOMY, epoch))


def _routing(look: Look, epoch: Epoch) -> Block:
    return routing_block(look.report(Report.Kind.SAVINGS, epoch))


def _time(look: Look, _epoch: Epoch) -> Block:
    return time_block(look.study, look.price)


@dataclass(frozen=True)
class Tab:
    """A block by its name in addresses.

    Attributes:
        title: as the tab says it.
        make: what it shows.
        is_first: whether it stands on the first page, too.
    """

    title: str
    make: Callable[[Look, Epoch], Block]
    is_first: bool = False


TABS: dict[str, Tab] = {
    "progress": Tab("Progress", _progress, is_first=True),
    "agreement": Tab("Agreement", _agreement, is_first=True),
    "preferences": Tab("Preferences", _preferences),
    "consensus": Tab("Consensus", _consensus),
    "raters": Tab("Raters", _raters),
    "bias": Tab("Bias", _bias),
    "errors": Tab("Errors", _errors),
    "routing": Tab("Routing", _routing),
    "time": Tab("Time", _time),
}
