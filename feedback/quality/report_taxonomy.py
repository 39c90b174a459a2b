"""The taxonomy report: which errors and omissions raters marked, and since when."""

from typing import Any

import numpy as np

from feedback.quality.arrays import mark_columns, number_rows
from feedback.quality.columns import NONE, Columns
from feedback.quality.computing import Computation, Content, input_sha256
from feedback.quality.epochs import Epoch
from feedback.quality.numbers import stored
from feedback.rating.models import SpanMark
from feedback.stats.arrays import BoolArray
from feedback.studies.models import SpanLabel, Study

Row = dict[str, Any]
_RECENT_WEEKS = 4
SEVERITIES = tuple(SpanMark.Severity.values)


def taxonomy_computation(study: Study, epoch: Epoch) -> Computation:
    """What the taxonomy is computed from, and how."""
    marks = mark_columns(study, epoch)
    labels = list(
        SpanLabel.objects.filter(guideline_version=epoch.newest_id)
        .order_by("position")
        .values_list("key", "name", "kind")
    )

    def compute() -> Content:
        return taxonomy(marks, labels)

    return Computation(
        input_sha256(marks, context=[list(label) for label in labels]), compute
    )


def taxonomy(marks: Columns, labels: list[tuple[str, str, str]]) -> Content:
    """Marks of the base wave by label and severity, and by week.

    Args:
        marks: of `mark_columns`.
        labels: key, name and kind of each, in order.
    """
    base = marks.numbers["is_base"] == 1
    read = number_rows(
        marks.numbers["judgment"][base], marks.numbers["completion"][base]
    )
    n_read = int(read.max()) + 1 if len(read) else 0
    is_recent, n_recent = _recent(marks, base)
    marked = base & (marks.texts["label"].codes != NONE)
    return {
        "n_read": n_read,
        "n_raters": len(np.unique(marks.numbers["rater"][base])),
        "n_marked": len(np.unique(read[marked[base]])),
        "labels": [
            _label_row(marks, marked, label, n_read=n_read)
            | _trend(marks, marked, label[0], is_recent, n_recent, n_read - n_recent)
            for label in labels
        ],
        "weeks": _weeks(marks, base, marked),
    }


def _label_row(
    marks: Columns, marked: BoolArray, label: tuple[str, str, str], *, n_read: int
) -> Row:
    key, name, kind = label
    found, severities = marks.texts["label"], marks.texts["severity"]
    rows = marked & _is_word(found.codes, found.words, key)
    by_severity = {
        severity: int(
            (rows & _is_word(severities.codes, severities.words, severity)).sum()
        )
        for severity in SEVERITIES
    }
    n = int(rows.sum())
    return {
        "key": key,
        "name": name,
        "kind": kind,
        "n": n,
        **by_severity,
        "per_100": stored(100.0 * n / n_read) if n_read else None,
        "n_raters": len(np.unique(marks.numbers["rater"][rows])),
    }


def _recent(marks: Columns, base: BoolArray) -> tuple[BoolArray, int]:
    """Rows of the last four weeks that had texts, and how many texts they had."""
    weeks = marks.texts["week"]
    of_base = {weeks.words[code] for code in np.unique(weeks.codes[base]).tolist()}
    last = sorted(of_base)[-_RECENT_WEEKS:]
    codes = [code for code, word in enumerate(weeks.words) if word in last]
    is_recent = np.isin(weeks.codes, codes)
    rows = base & is_recent
    texts = number_rows(
        marks.numbers["judgment"][rows], marks.numbers["completion"][rows]
    )
    return is_recent, int(texts.max()) + 1 if len(texts) else 0


def _trend(
    marks: Columns,
    marked: BoolArray,
    key: str,
    is_recent: BoolArray,
    n_recent: int,
    n_before: int,
) -> Row:
    """Marks per 100 texts in the last four weeks and before; None without a before."""
    found = marks.texts["label"]
    rows = marked & _is_word(found.codes, found.words, key)
    if not n_before:
        return {"before": None, "recent": None}
    return {
        "before": stored(100.0 * int((rows & ~is_recent).sum()) / n_before),
        "recent": stored(100.0 * int((rows & is_recent).sum()) / n_recent),
    }


def _is_word(codes: Any, words: tuple[str, ...], word: str) -> BoolArray:  # noqa: ANN401 - of any width
    place = words.index(word) if word in words else NONE
    is_word: BoolArray = (codes == place) & (codes != NONE)
    return is_word


def _weeks(marks: Columns, base: BoolArray, marked: BoolArray) -> list[Row]:
    """Texts read and marks set in each ISO week, weeks without any included."""
    weeks = marks.texts["week"]
    judgment, completion = marks.numbers["judgment"], marks.numbers["completion"]
    found = []
    for code, week in enumerate(weeks.words):
        of_week = base & (weeks.codes == code)
        if not of_week.any():
            continue
        texts = number_rows(judgment[of_week], completion[of_week])
        n_read = int(texts.max()) + 1
        rows = of_week & marked
        is_omission = marks.numbers["start"] == marks.numbers["end"]
        n_omissions = int((rows & is_omission).sum())
        n_errors = int(rows.sum()) - n_omissions
        found.append(
            {
                "week": week,
                "n_read": n_read,
                "n_errors": n_errors,
                "n_omissions": n_omissions,
                "errors_per_100": stored(100.0 * n_errors / n_read),
                "omissions_per_100": stored(100.0 * n_omissions / n_read),
            }
        )
    return found
