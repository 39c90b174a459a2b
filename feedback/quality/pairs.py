"""How each two raters agree: on demand, since their number grows with its square."""

from dataclasses import asdict, dataclass

from feedback.accounts.models import Rater
from feedback.quality.agreement import weights_of
from feedback.quality.epochs import Epoch
from feedback.quality.numbers import stored
from feedback.quality.report_agreement import scaled_questions
from feedback.quality.tables import Column, Table
from feedback.stats.pairs_of_raters import compare_raters
from feedback.studies.models import Study

_SHOWN = 500
_COLUMNS = (
    Column("first_rater", "Rater"),
    Column("second_rater", "And rater"),
    Column("n_items", "Common items", "count"),
    Column("percent", "Same answer", "share"),
    Column("kappa", "Kappa", "number"),
)


@dataclass(frozen=True)
class Pairs:
    """The pairs of raters of one question.

    Attributes:
        key: of the question.
        question: as a page says it.
        weighting: how kappa counts answers that are close.
        table: those with most common items first.
        n_pairs: how many there are in all.
    """

    key: str
    question: str
    weighting: str
    table: Table
    n_pairs: int


def pairs_table(study: Study, epoch: Epoch, key: str) -> Pairs | None:
    """Each two raters with common items of the base wave; None for no such question."""
    scaled = next((q for q in scaled_questions(study, epoch) if q.key == key), None)
    if scaled is None:
        return None
    base = scaled.answers.base
    found = compare_raters(
        base.item, base.rater, base.value, weights=weights_of(scaled)
    )
    names = dict(
        Rater.objects.filter(pk__in={int(one) for one in base.rater}).values_list(
            "pk", "pseudonym"
        )
    )
    most = sorted(found, key=lambda pair: -pair.n_items)
    rows = [
        {
            **asdict(pair),
            "first_rater": names[pair.first],
            "second_rater": names[pair.second],
            "percent": stored(pair.percent),
            "kappa": stored(pair.kappa),
        }
        for pair in most[:_SHOWN]
    ]
    return Pairs(
        key=key,
        question=scaled.name,
        weighting="unweighted"
        if scaled.level == "nominal"
        else "weighted by squared distance",
        table=Table("pairs", "Agreement of each two raters", _COLUMNS, rows),
        n_pairs=len(found),
    )
