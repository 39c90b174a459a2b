"""Groups of cases: what is known of the patient a prompt is about."""

from math import isfinite

import numpy as np

from feedback.quality.columns import NONE, Columns, Layout, read_columns
from feedback.stats.arrays import IntArray
from feedback.studies.models import Study

GIVEN = ("age", "sex", "ethnicity", "language")
_CASES = """
    SELECT t.id, p.metadata->>'age', p.metadata->>'sex', p.metadata->>'ethnicity',
        coalesce(p.metadata->>'language', nullif(p.locale, ''))
    FROM studies_task t JOIN corpus_prompt p ON p.id = t.prompt_id
    WHERE t.study_id = %(study)s AND t.purpose = 'label'
    ORDER BY t.id
"""
_LAYOUT = Layout(names=("task", *GIVEN), texts=frozenset(GIVEN))
# Lowest age of each band but the first.
_BANDS = ((18, "under 18"), (40, "18 to 39"), (65, "40 to 64"))
_OLDEST = "65 and over"


def case_columns(study: Study) -> Columns:
    """What is known of the case of each task."""
    return read_columns(_CASES, {"study": study.pk}, layout=_LAYOUT)


def group_of(cases: Columns, name: str, tasks: IntArray) -> list[str]:
    """The group of each task by one attribute; empty where it is not known.

    Args:
        cases: of `case_columns`.
        name: one of `GIVEN`.
        tasks: shape (n,); keys of tasks.
    """
    words = cases.texts[name]
    groups = [age_band(word) if name == "age" else _tidy(word) for word in words.words]
    place = np.searchsorted(cases.numbers["task"], tasks)
    codes = words.codes[place]
    return ["" if code == NONE else groups[code] for code in codes.tolist()]


def age_band(said: str) -> str:
    """A band for an age in years; what is no number is a group of its own."""
    try:
        years = float(said)
    except ValueError:
        return _tidy(said)
    if not isfinite(years):
        return _tidy(said)
    return next((band for below, band in _BANDS if years < below), _OLDEST)


def _tidy(said: str) -> str:
    return " ".join(said.split()).lower()
