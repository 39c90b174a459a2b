"""Ratings saved by each policy against a fixed overlap of five, and what it costs.

    .venv/bin/python benchmarks/routing_savings.py [--items 2000] [--check]

Replays every policy on crowds drawn by `feedback.stats.crowds`, whose generator is
written out there; nothing is fitted to them. All policies see the same raters in the
same order. Prints for each crowd and policy: ratings saved; accuracy beside that of
five ratings, in percentage points, with a 95 % interval that resamples items; and the
share of items sent to a specialist.

Accuracy gives specialists no credit: an item they would decide counts with the crowd's
own leading label, and with ties broken by chance. The last table pools the crowds.

With --check, ends with code 1 unless lead 2 (cap 7) saves at least 35 % over all
crowds, its accuracy is not significantly below that of five ratings, and the interval
rules out a loss of a whole point.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from feedback.stats.crowds import PROFILES, Replay, draw_crowd, replay
from feedback.stats.routing import (
    Policy,
    fixed,
    lead,
    locked,
    posterior,
    ratings_saved,
)

SEED = 20_260_101
N_RATERS = 60
N_RESAMPLES = 2000
LEAST_SAVING = 35.0
MOST_LOSS = -1.0
POLICIES: dict[str, Policy] = {
    "fixed 3": fixed(3),
    "locked 5": locked(5),
    "lead 2, cap 7": lead(2, cap=7),
    "lead 2, cap 9": lead(2, cap=9),
    "lead 3, cap 9": lead(3, cap=9),
    "posterior .90, cap 9": posterior(0.90, cap=9),
}
CHECKED = "lead 2, cap 7"


def interval(gains: list[np.ndarray], rng: np.random.Generator) -> tuple[float, float]:
    """95 % interval of the mean gain, in points; items resampled within each crowd."""
    drawn = np.zeros(N_RESAMPLES)
    for gain in gains:
        # A gain is -1, 0 or 1: resampling items is drawing how many there are of each.
        shares = [(gain == value).mean() for value in (-1, 0, 1)]
        counts = rng.multinomial(len(gain), shares, size=N_RESAMPLES)
        drawn += (counts[:, 2] - counts[:, 0]) / len(gain) / len(gains)
    low, high = np.percentile(100.0 * drawn, [2.5, 97.5])
    return float(low), float(high)


def row(
    name: str, played: list[Replay], gains: list[np.ndarray], rng: np.random.Generator
) -> tuple[float, float, float]:
    """Print one line; return the saving and the interval of the gain."""
    saved = ratings_saved(np.concatenate([one.n_asked for one in played])).percent
    low, high = interval(gains, rng)
    mean = 100.0 * float(np.mean([gain.mean() for gain in gains]))
    sent = 100.0 * float(np.mean([one.is_referred.mean() for one in played]))
    print(
        f"  {name:22s} {saved:6.1f} %   {mean:+5.1f} [{low:+5.1f}, {high:+5.1f}]"
        f"   {sent:5.1f} %"
    )
    return saved, low, high


def main() -> int:
    """Replay, print, and compare with the targets."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(SEED)
    played: dict[str, list[Replay]] = {name: [] for name in POLICIES}
    gains: dict[str, list[np.ndarray]] = {name: [] for name in POLICIES}
    heading = "  policy                   saved     points [95 %]       specialist"
    for crowd_name, profile in PROFILES.items():
        crowd = draw_crowd(
            profile, n_items=options.items, n_raters=N_RATERS, n_asked=9, rng=rng
        )
        five = replay(fixed(5), crowd, rng=rng).label == crowd.truth
        print(f"{crowd_name}: five ratings are {100 * five.mean():.1f} % right")
        print(heading)
        for name, policy in POLICIES.items():
            one = replay(policy, crowd, rng=rng)
            gain = (one.label == crowd.truth).astype(int) - five
            played[name].append(one)
            gains[name].append(gain)
            row(name, [one], [gain], rng)
    print(f"\nall {len(PROFILES)} crowds, {options.items} items each, seed {SEED}")
    print(heading)
    pooled = {name: row(name, played[name], gains[name], rng) for name in POLICIES}
    saved, low, high = pooled[CHECKED]
    is_met = saved >= LEAST_SAVING and high >= 0.0 and low > MOST_LOSS
    print(f"\n{CHECKED}: {'met' if is_met else 'MISSED'}")
    return 1 if options.check and not is_met else 0


if __name__ == "__main__":
    sys.exit(main())
