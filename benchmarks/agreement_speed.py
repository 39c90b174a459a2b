"""Agreement of 1,000,000 ratings, against the `krippendorff` package.

    python benchmarks/agreement_speed.py [--ratings 1000000] [--rounds 7] [--check]

200 raters give five values to 200,000 items, five raters an item, in no order. All in
this process, in CPU seconds, so that a busy machine does not decide; the median of the
rounds counts. Measured:

* ours: ordinal alpha from three arrays (item, rater, value), counting included, and
  alone from the table of counts;
* `krippendorff.alpha` on the matrix of raters by items, which is built beforehand and
  not timed, and on the same table of counts;
* all that a criterion's panel shows: percent, within 1, alpha and AC2, both with an
  interval of 1000 bootstrap draws;
* the most memory that NumPy and Python hold above the three arrays meanwhile.

The package is no dependency. If it cannot be imported the ratios are left out. To have
it beside:

    python -m venv oracles && oracles/bin/pip install krippendorff
    PYTHONPATH=oracles/lib/python3.11/site-packages \\
        python benchmarks/agreement_speed.py --check

With --check the end code is 1 if a target is missed, or the package is not there.
"""

import argparse
import importlib
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from feedback.stats.agreement import krippendorff_alpha, measure_agreement
from feedback.stats.counts import count_ratings

N_RATERS = 200
RATERS_AN_ITEM = 5
VALUES = np.arange(1.0, 6.0)
SEED = 20

TARGET_MATRIX = 50
TARGET_COUNTS = 5
TARGET_BOOTSTRAP = 4
TARGET_MIB = 60

Columns = tuple[np.ndarray, np.ndarray, np.ndarray]


# --- the ratings --------------------------------------------------------------------


def make_ratings(n_ratings: int) -> Columns:
    """Items, raters and value codes of noisy raters, shuffled."""
    rng = np.random.default_rng(SEED)
    n_items = n_ratings // RATERS_AN_ITEM
    items = np.repeat(np.arange(n_items), RATERS_AN_ITEM)
    # Five raters in a row, from a random one on: nobody rates an item twice.
    first = np.repeat(rng.integers(0, N_RATERS, n_items), RATERS_AN_ITEM)
    raters = (first + np.tile(np.arange(RATERS_AN_ITEM), n_items)) % N_RATERS
    truth = np.repeat(rng.normal(2.0, 1.0, n_items), RATERS_AN_ITEM)
    noise = rng.normal(0.0, 0.8, len(items))
    values = np.clip(np.rint(truth + noise), 0, 4).astype(np.int64)
    order = rng.permutation(len(items))
    return items[order], raters[order], values[order]


def counted(columns: Columns) -> np.ndarray:
    items, _, values = columns
    n_items = len(items) // RATERS_AN_ITEM
    return count_ratings(items, values, n_items=n_items, n_values=len(VALUES))


def matrix_of(columns: Columns) -> np.ndarray:
    """Raters by items, NaN where a rater did not rate: what the package takes."""
    items, raters, values = columns
    matrix = np.full((N_RATERS, len(items) // RATERS_AN_ITEM), np.nan)
    matrix[raters, items] = VALUES[values]
    return matrix


# --- what is measured ---------------------------------------------------------------


def point(counts: np.ndarray) -> float:
    return krippendorff_alpha(counts, values=VALUES, level="ordinal")


def panel(counts: np.ndarray) -> object:
    rng = np.random.default_rng(SEED)
    return measure_agreement(counts, values=VALUES, level="ordinal", rng=rng)


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Median CPU seconds of this process, all its threads included."""
    work()
    found = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return statistics.median(found)


def extra_mib(columns: Columns) -> float:
    """How far memory rises above the ratings, from them to the whole panel."""
    tracemalloc.start()
    panel(counted(columns))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20


# --- the run ------------------------------------------------------------------------


def find_package() -> ModuleType | None:
    try:
        return importlib.import_module("krippendorff")
    except ModuleNotFoundError:
        return None


def measure_ours(columns: Columns, rounds: int) -> dict[str, float]:
    counts = counted(columns)
    return {
        "ours, from ratings": seconds(lambda: point(counted(columns)), rounds),
        "ours, from counts": seconds(lambda: point(counts), rounds),
        "ours, 1000 draws": seconds(lambda: panel(counts), rounds),
    }


def measure_package(
    package: ModuleType, columns: Columns, rounds: int
) -> dict[str, float]:
    counts, matrix = counted(columns), matrix_of(columns)

    def on_matrix() -> float:
        return package.alpha(reliability_data=matrix, level_of_measurement="ordinal")

    def on_counts() -> float:
        return package.alpha(
            value_counts=counts, value_domain=VALUES, level_of_measurement="ordinal"
        )

    for theirs in (on_matrix, on_counts):
        if abs(theirs() - point(counts)) > 1e-9:
            raise AssertionError(f"alpha {point(counts)} is not {theirs()} of theirs")
    return {
        "package, matrix": seconds(on_matrix, max(1, rounds // 2)),
        "package, counts": seconds(on_counts, rounds),
    }


def report(found: dict[str, float], mib: float) -> bool:
    """Print the table and the ratios; True if all targets are met."""
    print(f"{'way':20} {'CPU ms':>9}")
    for name, took in found.items():
        print(f"{name:20} {1000 * took:9.1f}")
    print()
    checks = [
        (
            "1000 draws / one estimate from ratings",
            found["ours, 1000 draws"] / found["ours, from ratings"],
            TARGET_BOOTSTRAP,
        ),
        ("extra memory, MiB", mib, TARGET_MIB),
    ]
    is_good = True
    for name, value, target in checks:
        print(f"{name}: {value:.1f} (target at most {target})")
        is_good &= value <= target
    if "package, matrix" not in found:
        print("`krippendorff` cannot be imported: no ratios. See this file's top.")
        return False
    ratios = [
        # Ours counts the ratings first; the matrix was ready for the package.
        ("matrix", found["ours, from ratings"], TARGET_MATRIX),
        ("counts", found["ours, from counts"], TARGET_COUNTS),
    ]
    for name, ours, target in ratios:
        ratio = found[f"package, {name}"] / ours
        print(f"package on {name} / ours: {ratio:.1f} (target at least {target})")
        is_good &= ratio >= target
    return is_good


def main() -> int:
    """Measure, compare, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true", help="end with 1 on a miss")
    options = parser.parse_args()
    columns = make_ratings(options.ratings)
    found = measure_ours(columns, options.rounds)
    package = find_package()
    if package:
        found |= measure_package(package, columns, options.rounds)
    is_good = report(found, extra_mib(columns))
    return 1 if options.check and not is_good else 0


if __name__ == "__main__":
    sys.exit(main())
