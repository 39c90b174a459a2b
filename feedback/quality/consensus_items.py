"""What each item of a question settled on: read on demand, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.urls import reverse

from feedback.quality.agreement import Scaled
from feedback.quality.epochs import Epoch
from feedback.quality.gold_labels import gold_labels, known_in
from feedback.quality.numbers import stored
from feedback.quality.questions import asked_in
from feedback.quality.report_agreement import scaled_questions
from feedback.quality.report_consensus import labels_of, number_keys, summarized
from feedback.quality.settling import Settled, compact, label_names, settle_labels
from feedback.quality.tables import Column, Row, Table
from feedback.stats.arrays import IntArray
from feedback.studies.models import Study

_ITEM = (Column("item", "Item", "link"), Column("n_votes", "Ratings", "count"))
_LABEL_COLUMNS = (
    *_ITEM,
    Column("votes", "Votes"),
    Column("label", "Label"),
    Column("posterior", "Probability", "share"),
    Column("scaled", "Scaled by temperature", "share", empty="too few golds"),
)
_NUMBER_COLUMNS = (
    *_ITEM,
    Column("mean", "Mean", "number"),
    Column("median", "Median", "number"),
    Column("within", "Ratings near it", "share"),
)
_FILE_HEAD = (Column("task", "Task"), Column("part", "Part", "count"))
TIED = "tied"


@dataclass(frozen=True)
class Items:
    """The items of one question.

    Attributes:
        key: of the question.
        question: as a page says it.
        is_number: whether items have means, not labels.
        method: how labels came about; empty of means.
        temperature: by which probabilities are scaled; None of too few golds.
        rows: of every item, by task.
    """

    key: str
    question: str
    is_number: bool
    method: str
    temperature: float | None
    rows: Sequence[Row]

    def table(self, rows: Sequence[Row]) -> Table:
        """Some rows as the page shows them."""
        return Table("items", f"Consensus: {self.question}", self._columns, rows)

    def as_csv(self) -> str:
        """Every row, with the whole key of its task."""
        columns = (*_FILE_HEAD, *self._columns[1:])
        return Table("items", self.question, columns, self.rows).as_csv()

    @property
    def _columns(self) -> tuple[Column, ...]:
        return _NUMBER_COLUMNS if self.is_number else _LABEL_COLUMNS


def items_of_question(study: Study, epoch: Epoch, key: str) -> Items | None:
    """Every item of a question with what it settled on; None for no such question."""
    questions = {one.key: one for one in scaled_questions(study, epoch)}
    scaled = questions.get(key)
    if scaled is None or not len(scaled.answers.item):
        return None
    asked = asked_in(epoch)
    if key in number_keys(asked):
        return Items(
            key=key,
            question=scaled.name,
            is_number=True,
            method="",
            temperature=None,
            rows=_number_rows(study, scaled),
        )
    golds = gold_labels(known_in(study, epoch), asked).get(key)
    found = settle_labels(scaled, golds, seed=study.seed)
    names = label_names(scaled, labels_of(epoch))
    return Items(
        key=key,
        question=scaled.name,
        is_number=False,
        method=found.method,
        temperature=stored(found.calibration.temperature),
        rows=_label_rows(study, found, names),
    )


def _number_rows(study: Study, scaled: Scaled) -> Sequence[Row]:
    found, _ = summarized(scaled)
    item = compact(scaled.answers.item)
    task = np.empty(len(found.n), dtype=np.int64)
    task[item] = scaled.answers.task
    return [
        {
            **head,
            "n_votes": int(found.n[place]),
            "mean": stored(found.mean[place]),
            "median": stored(found.median[place]),
            "within": stored(found.share_within[place]),
        }
        for place, head in enumerate(_heads(study, task))
    ]


def _label_rows(study: Study, found: Settled, names: Sequence[str]) -> Sequence[Row]:
    tied = found.is_tied
    likeliest = found.posterior.argmax(axis=1)
    rows = []
    for place, head in enumerate(_heads(study, found.task)):
        label = int(likeliest[place])
        counts = found.counts[place]
        rows.append(
            {
                **head,
                "n_votes": int(counts.sum()),
                "votes": ", ".join(
                    f"{name} {n}"
                    for name, n in zip(names, counts.tolist(), strict=True)
                    if n
                ),
                "label": TIED if tied[place] else names[label],
                "posterior": stored(found.posterior[place, label]),
                "scaled": None
                if found.scaled is None
                else stored(found.scaled[place, label]),
            }
        )
    return rows


def _heads(study: Study, task: IntArray) -> Sequence[Row]:
    """What an item is called: its task, and which part where a task has several."""
    uids = dict(
        study.tasks.filter(pk__in=np.unique(task).tolist()).values_list("pk", "uid")
    )
    n_parts = dict(zip(*np.unique(task, return_counts=True), strict=True))
    seen: dict[int, int] = {}
    heads = []
    for one in task.tolist():
        seen[one] = seen.get(one, 0) + 1
        uid = str(uids[one])
        part = f", part {seen[one]} of {n_parts[one]}" if n_parts[one] > 1 else ""
        heads.append(
            {
                "item": f"Task {uid[:8]}{part}",
                "task": uid,
                "part": seen[one],
                "url": reverse("quality_task", args=[study.uid, uid]),
            }
        )
    return heads
