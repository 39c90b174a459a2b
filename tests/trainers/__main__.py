"""``python -m tests.trainers EXPORT [PART OF A NAME]``: all trainers on what they take.

Prints a table; exits with 1 if anything failed.
"""

import logging
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import transformers

from tests.trainers.croissant import check_croissant
from tests.trainers.folders import check_llamafactory, check_openai
from tests.trainers.runs import RUNS, train
from tests.trainers.tiny import make_models, make_tokenizer

_TEXTS_READ = 200


def _texts(export: Path) -> list[str]:
    """Some of the export's own texts, for the tokenizer."""
    rows = pq.read_table(next((export / "sft").glob("train-*.parquet"))).to_pylist()
    return [turn["content"] for row in rows[:_TEXTS_READ] for turn in row["messages"]]


def main(export: Path, chosen: str) -> int:
    """Run everything whose name holds `chosen`; return how many failed."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    datasets.disable_progress_bars()
    transformers.utils.logging.set_verbosity_error()
    outcomes: list[tuple[str, bool, str, float]] = []

    def check(name: str, run: Callable[[], str]) -> None:
        if chosen not in name:
            return
        began = time.monotonic()
        try:
            says, passed = run(), True
        except Exception as error:  # noqa: BLE001 - whatever a trainer raises is a no
            says, passed = f"{type(error).__name__}: {error}", False
            traceback.print_exc()
        outcomes.append((name, passed, says, time.monotonic() - began))
        _say(f"  {'passed' if passed else 'FAILED'}  {name}")

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        make_tokenizer(_texts(export), scratch)
        causal, reward = make_models(scratch)
        for run in RUNS:
            model = reward if run.is_reward else causal
            check(
                run.name,
                lambda run=run, model=model: train(
                    run, export=export, model=model, scratch=scratch
                ),
            )
    check("Croissant", lambda: check_croissant(export))
    check("OpenAI folder", lambda: check_openai(export))
    check("LLaMA-Factory folder", lambda: check_llamafactory(export))
    _show(outcomes)
    return sum(not passed for _, passed, _, _ in outcomes)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _show(outcomes: list[tuple[str, bool, str, float]]) -> None:
    _say(f"\n{'check':<34} {'':<7} {'s':>5}  what it says")
    for name, passed, says, seconds in outcomes:
        line = " ".join(says.split())[:160]
        mark = "passed" if passed else "FAILED"
        _say(f"{name:<34} {mark:<7} {seconds:>5.1f}  {line}")
    n_passed = sum(passed for _, passed, _, _ in outcomes)
    _say(f"\n{n_passed} passed, {len(outcomes) - n_passed} failed")


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]), " ".join(sys.argv[2:])) else 0)
