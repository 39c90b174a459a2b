import math

import numpy as np
import pytest

from feedback.stats.agreement import gwet_ac, krippendorff_alpha, measure_agreement
from feedback.stats.bootstrap import draw_items, percentile_interval
from feedback.stats.counts import Patterns, merge_patterns
from tests.stats.published import VALUES
from tests.stats.test_agreement import noisy_counts


def patterns_of(n_items):
    return Patterns(
        rows=np.eye(len(n_items), dtype=np.int64), n_items=np.array(n_items)
    )


def test_each_draw_has_as_many_items_as_there_are():
    drawn = np.concatenate(
        list(
            draw_items(
                patterns_of([5, 1, 94]), n_draws=300, rng=np.random.default_rng(1)
            )
        )
    )

    assert drawn.shape == (300, 3)
    assert set(drawn.sum(axis=1)) == {100.0}
    assert drawn.mean(axis=0) == pytest.approx([5, 1, 94], abs=0.5)


def test_batches_are_one_stream_of_draws(monkeypatch):
    patterns = patterns_of([3, 4, 5])
    (whole,) = draw_items(patterns, n_draws=10, rng=np.random.default_rng(1))

    monkeypatch.setattr("feedback.stats.bootstrap._TERMS", 27)
    batches = list(draw_items(patterns, n_draws=10, rng=np.random.default_rng(1)))

    assert [len(batch) for batch in batches] == [3, 3, 3, 1]
    assert np.array_equal(np.concatenate(batches), whole)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_drawing_patterns_is_drawing_items(level):
    counts = noisy_counts(80)
    rng = np.random.default_rng(11)
    naive = np.array(
        [
            (
                krippendorff_alpha(drawn, values=VALUES, level=level),
                gwet_ac(
                    drawn,
                    values=VALUES,
                    weighting="identity" if level == "nominal" else "quadratic",
                ),
            )
            for drawn in (counts[rng.integers(0, 80, 80)] for _ in range(2000))
        ]
    )

    found = measure_agreement(
        counts, values=VALUES, level=level, rng=np.random.default_rng(12), n_draws=4000
    )

    for low, high, draws in (
        (found.alpha_low, found.alpha_high, naive[:, 0]),
        (found.ac_low, found.ac_high, naive[:, 1]),
    ):
        sd = draws.std()
        # Two normal quantiles of 2.5 % are 3.92 standard deviations apart.
        assert (high - low) / 3.92 == pytest.approx(sd, rel=0.1)
        assert [low, high] == pytest.approx(
            np.quantile(draws, [0.025, 0.975]), abs=0.3 * sd
        )


def test_draws_have_the_spread_of_a_multinomial():
    counts = noisy_counts(200)
    patterns = merge_patterns(counts)
    drawn = np.concatenate(
        list(draw_items(patterns, n_draws=4000, rng=np.random.default_rng(5)))
    )

    share = patterns.n_items / 200

    assert drawn.var(axis=0) == pytest.approx(200 * share * (1 - share), rel=0.2)


def test_interval_is_the_middle_of_the_draws():
    assert percentile_interval(np.arange(101.0)) == pytest.approx((2.5, 97.5))
    assert percentile_interval(np.arange(101.0), coverage=0.8) == pytest.approx(
        (10, 90)
    )


def test_a_few_undefined_draws_are_left_out_but_many_leave_no_interval():
    draws = np.arange(100.0)
    draws[:5] = np.nan
    few = percentile_interval(draws)
    draws[5] = np.nan

    assert few == pytest.approx((5 + 2.35, 99 - 2.35))
    assert all(math.isnan(end) for end in percentile_interval(draws))
    assert all(math.isnan(end) for end in percentile_interval(np.array([])))


def test_rare_disagreement_leaves_no_interval_instead_of_a_false_one():
    counts = np.tile([0, 3], (60, 1))
    counts[0] = [1, 2]

    found = measure_agreement(
        counts,
        values=np.array([0.0, 1.0]),
        level="nominal",
        rng=np.random.default_rng(1),
    )

    # A third of the draws has no disagreement at all, hence no alpha.
    assert not math.isnan(found.alpha)
    assert not found.has_interval
    assert found.ac_low < found.ac
