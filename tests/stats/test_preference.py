"""Davidson's model: two published data sets, a generic optimizer, and recovery."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats import preference
from feedback.stats.preference import FIRST, SECOND, TIE, fit_davidson, leaderboard

# Davidson (1970): six brands of chocolate pudding. Brands i and j; votes for i, for j,
# for neither.
PUDDINGS = [
    (1, 2, 19, 22, 16),
    (1, 3, 16, 19, 12),
    (2, 3, 19, 19, 10),
    (1, 4, 18, 23, 13),
    (2, 4, 23, 19, 9),
    (3, 4, 19, 20, 15),
    (1, 5, 13, 19, 18),
    (2, 5, 16, 20, 12),
    (3, 5, 16, 15, 17),
    (4, 5, 17, 14, 16),
    (1, 6, 18, 21, 12),
    (2, 6, 22, 20, 12),
    (3, 6, 13, 18, 10),
    (4, 6, 14, 19, 18),
    (5, 6, 11, 21, 12),
]
# Agresti, Categorical Data Analysis (2nd ed., 2002), pages 437 and 438: American League
# East 1987; rows at home, columns away, in the order Milwaukee, Detroit, Toronto, New
# York, Boston, Cleveland, Baltimore; games won and lost by the home team.
BASEBALL = """
    ---  4-3  4-2  4-3  6-1  4-2  6-0
    3-3  ---  4-2  4-3  6-0  6-1  4-3
    2-5  4-3  ---  2-4  4-3  4-2  6-0
    3-3  5-1  2-5  ---  4-3  4-2  6-1
    5-1  2-5  3-3  4-2  ---  5-2  6-0
    2-5  3-3  3-4  4-3  4-2  ---  2-4
    2-5  1-5  1-6  2-4  1-6  3-4  ---
"""
NO_RIDGE = 1e-7


def votes_of(rows):
    """Parallel arrays from rows of first, second, votes for each and ties."""
    first, second, outcome = [], [], []
    for i, j, n_first, n_second, n_tie in rows:
        n = n_first + n_second + n_tie
        first += [i] * n
        second += [j] * n
        outcome += [FIRST] * n_first + [SECOND] * n_second + [TIE] * n_tie
    return np.array(first), np.array(second), np.array(outcome)


def baseball():
    table = [line.split() for line in BASEBALL.strip().splitlines()]
    return votes_of(
        (home, away, *map(int, table[home][away].split("-")), 0)
        for home in range(7)
        for away in range(7)
        if home != away
    )


def fit_on_both_sides(first, second, outcome, **options):
    """Every vote once from each side, so that no side can be favored."""
    n = len(first)
    return fit_davidson(
        np.tile(first, 2),
        np.tile(second, 2),
        np.tile(outcome, 2),
        rater=np.arange(2 * n),
        first_stood_left=np.repeat([True, False], n),
        **options,
    )


def simulated(
    rng, *, n_votes=4000, n_systems=8, n_raters=40, side=0.16, tie=0.6, habit=0.0
):
    """Votes of the model itself; raters' own leaning to a side has sd `habit`."""
    strength = rng.normal(size=n_systems)
    first = rng.integers(n_systems, size=n_votes)
    second = (first + rng.integers(1, n_systems, size=n_votes)) % n_systems
    rater = rng.integers(n_raters, size=n_votes)
    left = rng.random(n_votes) < 0.5
    leaning = side + rng.normal(scale=habit, size=n_raters)[rater]
    gap = strength[first] - strength[second] + np.where(left, leaning, -leaning)
    weights = np.stack([np.exp(gap / 2), np.full(n_votes, tie), np.exp(-gap / 2)], 1)
    shares = weights.cumsum(axis=1) / weights.sum(axis=1, keepdims=True)
    outcome = (rng.random((n_votes, 1)) > shares[:, :2]).sum(axis=1)
    fit = fit_davidson(
        first,
        second,
        outcome,
        rater=rater,
        first_stood_left=left,
        n_systems=n_systems,
    )
    return fit, strength - strength.mean()


def test_davidsons_chocolate_puddings():
    first, second, outcome = votes_of(PUDDINGS)

    fit = fit_on_both_sides(first - 1, second - 1, outcome, n_systems=6, ridge=NO_RIDGE)
    worth = np.exp(fit.strength) / np.exp(fit.strength).sum()

    published = [0.1388, 0.1730, 0.1617, 0.1654, 0.1587, 0.2024]
    assert np.round(worth, 4).tolist() == published
    assert round(fit.tie, 4) == 0.7468
    assert fit.side == pytest.approx(0.0, abs=1e-9)


def test_agrestis_baseball_without_the_home_field():
    fit = fit_on_both_sides(*baseball(), n_systems=7, ridge=NO_RIDGE)
    above_baltimore = np.sort(fit.strength - fit.strength[6])[1:]

    assert np.round(above_baltimore, 2).tolist() == [0.68, 1.11, 1.25, 1.29, 1.44, 1.58]
    # Every game was counted twice, so the variance is half of the published one.
    variance = 2.0 * fit.covariance
    against = np.diag(variance)[:6] + variance[6, 6] - 2.0 * variance[:6, 6]
    assert np.round(np.sqrt(against), 1).tolist() == [0.3] * 6


def test_agrestis_baseball_with_the_home_field():
    first, second, outcome = baseball()

    fit = fit_davidson(
        first,
        second,
        outcome,
        rater=np.arange(len(first)),
        first_stood_left=np.ones(len(first), dtype=bool),
        n_systems=7,
        ridge=NO_RIDGE,
    )
    worth = np.exp(fit.strength) / np.exp(fit.strength).sum()

    published = [0.044, 0.088, 0.137, 0.157, 0.164, 0.190, 0.220]
    assert np.round(np.sort(worth), 3).tolist() == published
    assert round(fit.side, 3) == 0.302
    assert fit.tie < 0.001


def slow_log_posterior(point, votes, n_systems, ridge):
    """Straight from the definition, vote by vote."""
    side, log_tie = point[-2:]
    total = -ridge * (point[:n_systems] ** 2).sum() / 2
    total -= 0.01 * (side**2 + log_tie**2) / 2
    for i, j, outcome, left in votes:
        gap = point[i] - point[j] + (side if left else -side)
        weights = [np.exp(gap / 2), np.exp(log_tie), np.exp(-gap / 2)]
        total += np.log(weights[outcome] / sum(weights))
    return total


def test_no_step_in_any_direction_climbs_higher():
    rng = np.random.default_rng(1)
    first = rng.integers(4, size=120)
    second = (first + rng.integers(1, 4, size=120)) % 4
    outcome = rng.integers(3, size=120)
    left = rng.random(120) < 0.7
    fit = fit_davidson(
        first,
        second,
        outcome,
        rater=rng.integers(6, size=120),
        first_stood_left=left,
        n_systems=4,
        ridge=0.7,
    )
    votes = list(zip(first, second, outcome, left, strict=True))
    summit = np.append(fit.strength, [fit.side, np.log(fit.tie)])
    top = slow_log_posterior(summit, votes, 4, 0.7)

    # Generic numeric maximization: second differences give the covariance back.
    width, size = 1e-3, len(summit)
    unit = np.eye(size) * width
    for direction in (*unit, *-unit, *rng.normal(scale=width, size=(20, size))):
        assert slow_log_posterior(summit + direction, votes, 4, 0.7) < top
    curvature = np.array(
        [
            [
                slow_log_posterior(summit + a + b, votes, 4, 0.7)
                - slow_log_posterior(summit + a - b, votes, 4, 0.7)
                - slow_log_posterior(summit - a + b, votes, 4, 0.7)
                + slow_log_posterior(summit - a - b, votes, 4, 0.7)
                for b in unit
            ]
            for a in unit
        ]
    ) / (-4 * width**2)
    center = np.eye(size)
    center[:4, :4] -= 0.25
    np.testing.assert_allclose(
        fit.covariance, center @ np.linalg.inv(curvature) @ center, atol=1e-4
    )


def test_the_clustered_covariance_is_the_sandwich_of_each_raters_slope():
    rng = np.random.default_rng(2)
    first = rng.integers(3, size=60)
    second = (first + rng.integers(1, 3, size=60)) % 3
    outcome = rng.integers(3, size=60)
    left = rng.random(60) < 0.5
    rater = rng.integers(5, size=60)
    fit = fit_davidson(
        first,
        second,
        outcome,
        rater=rater * 2,  # numbers with gaps: absent raters are no clusters
        first_stood_left=left,
        n_systems=3,
        ridge=1.0,
    )
    summit = np.append(fit.strength, [fit.side, np.log(fit.tie)])
    votes = list(zip(first, second, outcome, left, strict=True))

    def flat(point, kept):
        # Without the prior: ridge 0 leaves its weak hold on side and tie.
        weak = 0.01 * (point[-2:] ** 2).sum() / 2
        return slow_log_posterior(point, kept, 3, 0.0) + weak

    unit = np.eye(5) * 1e-5
    slopes = []
    for one in range(5):
        kept = [vote for vote, who in zip(votes, rater, strict=True) if who == one]
        slopes.append(
            [(flat(summit + u, kept) - flat(summit - u, kept)) / 2e-5 for u in unit]
        )
    meat = np.array(slopes).T @ np.array(slopes) * 5 / 4
    np.testing.assert_allclose(
        fit.clustered, fit.covariance @ meat @ fit.covariance, atol=1e-6
    )
    assert fit.n_raters == 5


def test_strengths_side_and_ties_are_recovered_with_honest_intervals():
    inside, sides, ties = [], [], []
    for seed in range(30):
        fit, truth = simulated(np.random.default_rng(seed))
        inside += [row.low <= truth[row.system] <= row.high for row in leaderboard(fit)]
        sides.append(fit.side_interval()[0] <= 0.16 <= fit.side_interval()[1])
        ties.append(fit.tie)

    # 240 strengths and 30 sides at .95: below these, chance is under one in a thousand.
    assert sum(inside) >= 216
    assert sum(sides) >= 24
    assert np.mean(ties) == pytest.approx(0.6, abs=0.01)


def test_raters_with_habits_widen_the_clustered_error_of_the_side():
    ratios = []
    for seed in range(10):
        fit, _ = simulated(np.random.default_rng(seed), habit=0.5)
        naive = np.sqrt(fit.covariance[-2, -2])
        ratios.append(fit.standard_error[-2] / naive)

    assert np.mean(ratios) > 1.8


def test_the_side_term_takes_what_would_look_like_strength():
    # Equal systems; the first always stands left, and left is favored.
    rng = np.random.default_rng(3)
    n = 6000
    first = rng.integers(6, size=n)
    second = (first + rng.integers(1, 6, size=n)) % 6
    outcome = np.where(rng.random(n) < 0.6, FIRST, SECOND)

    fit = fit_davidson(
        first,
        second,
        outcome,
        rater=rng.integers(30, size=n),
        first_stood_left=np.ones(n, dtype=bool),
        n_systems=6,
    )

    assert np.abs(fit.strength).max() < 0.15
    assert fit.side == pytest.approx(np.log(0.6 / 0.4), abs=0.1)


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_swapping_both_answers_of_any_vote_changes_nothing(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    first, second = np.array([0, 0, 1, 2, 1]), np.array([1, 2, 2, 0, 0])
    outcome, left = rng.integers(3, size=5), rng.random(5) < 0.5
    swap = np.array(data.draw(st.lists(st.booleans(), min_size=5, max_size=5)))
    options = {"rater": np.array([0, 1, 0, 1, 2]), "n_systems": 3}

    plain = fit_davidson(first, second, outcome, first_stood_left=left, **options)
    turned = fit_davidson(
        np.where(swap, second, first),
        np.where(swap, first, second),
        np.where(swap, 2 - outcome, outcome),
        first_stood_left=left ^ swap,
        **options,
    )

    np.testing.assert_allclose(turned.strength, plain.strength, atol=1e-8)
    np.testing.assert_allclose(turned.side, plain.side, atol=1e-8)
    np.testing.assert_allclose(turned.clustered, plain.clustered, atol=1e-8)


def lopsided(n, n_systems, outcome, ridge=None):
    """The first system meets all others, always with the same outcome."""
    return fit_davidson(
        np.zeros(n, dtype=int),
        1 + np.arange(n) % (n_systems - 1),
        np.full(n, outcome),
        rater=np.zeros(n, dtype=int),
        first_stood_left=np.arange(n) % 2 == 0,
        n_systems=n_systems,
        ridge=ridge,
    )


@pytest.mark.parametrize("outcome", [FIRST, TIE, SECOND])
@pytest.mark.parametrize("n", [1, 10, 10_000])
def test_votes_that_all_agree_still_have_an_estimate(outcome, n):
    fit = lopsided(n, 6, outcome, ridge=1e-6)

    assert np.isfinite(fit.strength).all()
    assert np.isfinite(fit.standard_error).all()
    assert np.sign(round(fit.strength[0], 6)) == 1 - outcome
    assert fit.n_raters == 1


def test_few_systems_are_drawn_together_less():
    few, many = lopsided(20, 5, FIRST), lopsided(20, 6, FIRST)

    assert few.strength.tolist() == lopsided(20, 5, FIRST, ridge=0.1).strength.tolist()
    assert many.strength.tolist() == lopsided(20, 6, FIRST, ridge=1.0).strength.tolist()


def test_the_leaderboard_runs_from_the_strongest_down():
    fit, _ = simulated(np.random.default_rng(5), n_votes=500)
    rows = leaderboard(fit)

    assert [row.strength for row in rows] == sorted(fit.strength, reverse=True)
    assert sum(row.n_votes for row in rows) == 1000
    assert all(row.low < row.strength < row.high for row in rows)
    assert rows[0].standard_error == pytest.approx(
        (rows[0].high - rows[0].low) / 2 / 1.96, rel=1e-3
    )


def test_probabilities_follow_the_model():
    fit, _ = simulated(np.random.default_rng(6), n_votes=500)
    shares = fit.probabilities(np.array([0, 1, 2]), np.array([1, 0, 2]))

    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    np.testing.assert_allclose(shares[0], shares[1][::-1])
    assert shares[2][TIE] == pytest.approx(fit.tie / (fit.tie + 2.0))
    gap = fit.strength[0] - fit.strength[1]
    assert shares[0][FIRST] / shares[0][SECOND] == pytest.approx(np.exp(gap))


def test_a_climb_that_does_not_arrive_says_so(monkeypatch):
    monkeypatch.setattr(preference, "_MAX_STEPS", 1)

    with pytest.raises(ArithmeticError, match="no summit after 1 Newton steps"):
        lopsided(10, 3, FIRST)


ONE = np.array([0])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"first": ONE[:0]}, "need one vote or more and arrays of one length"),
        ({"rater": np.array([0, 1])}, "need one vote or more and arrays of one"),
        ({"second": ONE + 2}, "second runs from 2 to 2, not within 0 to 1"),
        ({"first": ONE - 1}, "first runs from -1 to -1, not within 0 to 1"),
        ({"outcome": ONE + 3}, "outcome runs from 3 to 3, not within 0 to 2"),
        ({"rater": ONE - 1}, "rater runs from -1 to -1"),
        ({"second": ONE}, "a system meets itself"),
        ({"ridge": 0.0}, "ridge 0.0 is not above 0"),
    ],
)
def test_what_cannot_be_fitted_is_refused(changed, said):
    votes = {
        "first": ONE,
        "second": ONE + 1,
        "outcome": ONE,
        "rater": ONE,
        "first_stood_left": np.array([True]),
        "n_systems": 2,
    }

    with pytest.raises(ValueError, match=said):
        fit_davidson(**{**votes, **changed})
