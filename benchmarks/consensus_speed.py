"""Dawid-Skene and Davidson against the libraries people use, at a million ratings.

    PYTHON benchmarks/consensus_speed.py [--ratings 1000000] [--check]

Compares, in CPU seconds of one process, the best of three rounds in turns:

* ten steps of `dawid_skene` with ten of crowd-kit's `DawidSkene`, on a table of integer
  columns, which is its fastest form (with text it takes about four times as long);
* `fit_davidson` with ties, side, and two covariances, with evalica's `bradley_terry`,
  which has none of these, on lists of integers and on categories of text, whichever is
  faster.

Also prints the peak of memory each of ours takes beyond the arrays it is given.

The two libraries are no dependencies of this project. Make an environment for them:

    python -m venv peers && peers/bin/pip install numpy crowd-kit evalica

and run this file with its Python. A library that is absent is skipped, loudly, and with
--check that is a failure. Ends with code 1 if --check is given and a target is missed:
12 times crowd-kit, 2.5 times evalica, and 60 MB.
"""

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from feedback.stats.consensus import dawid_skene
from feedback.stats.preference import fit_davidson

try:
    import pandas as pd
    from crowdkit.aggregation.classification.dawid_skene import DawidSkene as CrowdKit
except ImportError as error:
    CrowdKit = None
    print(f"!!! SKIPPED crowd-kit: {error}. See the top of this file.")
try:
    import pandas as pd
    from evalica import Winner, bradley_terry
except ImportError as error:
    bradley_terry = None
    print(f"!!! SKIPPED evalica: {error}. See the top of this file.")

SEED = 20_260_101
N_RATERS, N_VALUES, N_SYSTEMS, N_STEPS = 200, 5, 50, 10
ROUNDS = 3
TARGETS = {"crowd-kit": 12.0, "evalica": 2.5}
MOST_MB = 60.0


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process, all its threads together."""
    began = time.process_time()
    work()
    return time.process_time() - began


def peak_mb(work: Callable[[], object]) -> float:
    """Most memory allocated at once beyond what was there before."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    work()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak / 1e6


def labels(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Five ratings an item by raters of unequal accuracy, in random order."""
    item = rng.permutation(np.repeat(np.arange(n // 5), 5))
    rater = rng.integers(N_RATERS, size=n)
    truth = rng.integers(N_VALUES, size=n // 5)
    accuracy = rng.uniform(0.4, 0.95, size=N_RATERS)
    is_right = rng.random(n) < accuracy[rater]
    value = np.where(is_right, truth[item], rng.integers(N_VALUES, size=n))
    return {"item": item, "rater": rater, "value": value}


def votes(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Votes of Davidson's own model, sides at random."""
    strength = rng.normal(size=N_SYSTEMS)
    first = rng.integers(N_SYSTEMS, size=n)
    second = (first + rng.integers(1, N_SYSTEMS, size=n)) % N_SYSTEMS
    left = rng.random(n) < 0.5
    gap = strength[first] - strength[second] + np.where(left, 0.16, -0.16)
    weights = np.stack([np.exp(gap / 2), np.full(n, 0.5), np.exp(-gap / 2)], axis=1)
    shares = weights.cumsum(axis=1) / weights.sum(axis=1, keepdims=True)
    return {
        "first": first,
        "second": second,
        "outcome": (rng.random((n, 1)) > shares[:, :2]).sum(axis=1),
        "rater": rng.integers(N_RATERS, size=n),
        "first_stood_left": left,
    }


def compare(
    name: str, ours: Callable[[], object], theirs: list[Callable[[], object]]
) -> bool:
    """Print both, ours and their fastest form; whether the targets are met."""
    ours()
    rounds = [
        (cpu_seconds(ours), min(cpu_seconds(form) for form in theirs))
        for _ in range(ROUNDS if theirs else 0)
    ]
    memory = peak_mb(ours)
    print(f"{name}: memory {memory:.0f} MB (at most {MOST_MB:.0f})")
    if not rounds:
        print(f"!!! SKIPPED the ratio to {name}: not installed")
        return False
    own, other = (min(column) for column in zip(*rounds, strict=True))
    ratio = other / own
    print(
        f"{name}: ours {own:.3f} s, theirs {other:.3f} s, ratio {ratio:.1f} "
        f"(at least {TARGETS[name]:g})"
    )
    return ratio >= TARGETS[name] and memory <= MOST_MB


def crowd_kit_forms(given: dict[str, np.ndarray]) -> list[Callable[[], object]]:
    """Ten steps exactly: no loss is small enough to stop before."""
    if CrowdKit is None:
        return []
    table = pd.DataFrame(
        {"task": given["item"], "worker": given["rater"], "label": given["value"]}
    )
    return [lambda: CrowdKit(n_iter=N_STEPS, tol=-np.inf).fit(table)]


def evalica_forms(given: dict[str, np.ndarray]) -> list[Callable[[], object]]:
    """The same votes as lists of integers and as categories of text."""
    if bradley_terry is None:
        return []
    kinds = [Winner.X, Winner.Draw, Winner.Y]
    winners = [kinds[outcome] for outcome in given["outcome"].tolist()]
    first, second = given["first"].tolist(), given["second"].tolist()
    names = [f"system {n}" for n in range(N_SYSTEMS)]
    columns = [
        pd.Series(pd.Categorical.from_codes(given[key], names))
        for key in ("first", "second")
    ]
    return [
        lambda: bradley_terry(first, second, winners),
        lambda: bradley_terry(*columns, winners),
    ]


def main() -> int:
    """Measure both, and compare with the targets."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ratings", type=int, default=1_000_000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(SEED)
    rated, voted = labels(options.ratings, rng), votes(options.ratings, rng)
    sizes = {"n_items": options.ratings // 5, "n_raters": N_RATERS}
    are_met = [
        compare(
            "crowd-kit",
            lambda: dawid_skene(
                **rated, **sizes, n_values=N_VALUES, max_steps=N_STEPS, tolerance=0.0
            ),
            crowd_kit_forms(rated),
        ),
        compare(
            "evalica",
            lambda: fit_davidson(**voted, n_systems=N_SYSTEMS),
            evalica_forms(voted),
        ),
    ]
    print("met" if all(are_met) else "MISSED")
    return 1 if options.check and not all(are_met) else 0


if __name__ == "__main__":
    sys.exit(main())
