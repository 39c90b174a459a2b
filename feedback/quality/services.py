"""Reports: computed once from one input, then read."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction

from feedback.quality.computing import Computation
from feedback.quality.epochs import Epoch
from feedback.quality.models import Report
from feedback.quality.report_agreement import agreement_computation
from feedback.quality.report_bias import bias_computation
from feedback.quality.report_consensus import consensus_computation
from feedback.quality.report_leaderboard import leaderboard_computation
from feedback.quality.report_raters import raters_computation
from feedback.quality.report_savings import savings_computation
from feedback.quality.report_taxonomy import taxonomy_computation
from feedback.quality.selectors import fingerprint_of, newest_report
from feedback.studies.models import Study

_REMEMBERED = timedelta(days=1)
# How old a report may be while work goes on, where computing it takes long.
_MAY_BE_OLD = {
    Report.Kind.BIAS: timedelta(minutes=5),
    Report.Kind.RATERS: timedelta(minutes=1),
}

_COMPUTATIONS: dict[Report.Kind, Callable[[Study, Epoch], Computation]] = {
    Report.Kind.AGREEMENT: agreement_computation,
    Report.Kind.CONSENSUS: consensus_computation,
    Report.Kind.LEADERBOARD: leaderboard_computation,
    Report.Kind.RATERS: raters_computation,
    Report.Kind.BIAS: bias_computation,
    Report.Kind.TAXONOMY: taxonomy_computation,
    Report.Kind.SAVINGS: savings_computation,
}


def report_of(
    *,
    kind: Report.Kind,
    study: Study,
    epoch: Epoch,
    code_version: str,
    now: datetime,
) -> Report:
    """The report of a study's epoch as it stands; computed only if its input is new.

    A cheap fingerprint tells whether anything happened since; if it did, the input is
    read and hashed, and the same input gives the report that is stored for it. Losing
    the cache costs time and changes no number.

    Args:
        kind: which numbers.
        study: whose.
        epoch: of `epochs_of`.
        code_version: of the application, kept with the numbers.
        now: decides whether a report that takes long is too old.
    """
    known = f"quality:{study.pk}:{kind}:{epoch.number}:{code_version}"
    known = f"{known}:{epoch.newest_id}:{fingerprint_of(study)}"
    report = Report.objects.filter(pk=cache.get(known)).first()
    if report is None:
        report = _young_enough(kind, study, epoch, code_version, now)
    if report is None:
        report = _computed(kind, study, epoch, code_version)
        cache.set(known, report.pk, timeout=int(_REMEMBERED.total_seconds()))
    return report


def _young_enough(
    kind: Report.Kind, study: Study, epoch: Epoch, code_version: str, now: datetime
) -> Report | None:
    if kind not in _MAY_BE_OLD:
        return None
    newest = newest_report(study, kind, epoch, code_version)
    if newest is None or newest.created_at + _MAY_BE_OLD[kind] < now:
        return None
    return newest


@transaction.atomic
def _computed(
    kind: Report.Kind, study: Study, epoch: Epoch, code_version: str
) -> Report:
    computation = _COMPUTATIONS[kind](study, epoch)
    names = {
        "study": study,
        "kind": kind,
        "epoch": epoch.number,
        "input_sha256": computation.input_sha256,
        "seed": study.seed,
        "code_version": code_version,
    }
    stored = Report.objects.filter(**names).first()
    if stored is not None:
        return stored
    report, _ = Report.objects.get_or_create(
        **names, defaults={"content": computation.compute()}
    )
    # What the database holds, so that the first look and the next are the same.
    report.refresh_from_db()
    return report
