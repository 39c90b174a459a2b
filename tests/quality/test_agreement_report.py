"""The agreement report against data whose agreement was published."""

import pytest
from django.urls import reverse

from feedback.quality.epochs import epochs_of
from feedback.quality.report_agreement import scaled_questions
from feedback.stats.agreement import fleiss_kappa
from feedback.stats.counts import count_ratings
from tests.quality.kqa import (
    FILE,
    PHYSICIANS,
    judge_as_physicians,
    make_kqa_study,
    read_rows,
)
from tests.quality.reports import row


def counts_of(study):
    (epoch, *_) = epochs_of(study)
    (scaled,) = scaled_questions(study, epoch)
    base = scaled.answers.base
    return count_ratings(
        base.item, base.value, n_items=base.n_items, n_values=len(scaled.values)
    )


@pytest.mark.skipif(not FILE.exists(), reason="the shared data are not beside this")
def test_three_physicians_of_kqa_agree_as_published(db, sign_in):
    rows = read_rows()
    study = make_kqa_study(rows)
    judge_as_physicians(study, rows)

    found = row(study, "stance")
    page = sign_in(study.created_by).get(reverse("quality", args=[study.uid]))

    assert (found["n_items"], found["n_ratings"]) == (114, 342)
    assert found["alpha"] == pytest.approx(0.639, abs=5e-4)
    assert found["alpha_low"] < found["alpha"] < found["alpha_high"]
    assert not found["is_few"]
    counts = counts_of(study)
    assert fleiss_kappa(counts) == pytest.approx(0.638, abs=5e-4)
    all_agree = (counts.max(axis=1) == len(PHYSICIANS)).mean()
    assert all_agree == pytest.approx(0.728, abs=5e-4)
    text = page.content.decode()
    assert "0.639" in text
    assert f"{100 * found['percent']:.1f} %" in text
