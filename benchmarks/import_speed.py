"""Import of prompts against PostgreSQL's own COPY of the same rows.

    .venv/bin/python benchmarks/import_speed.py [--prompts 100000]

Both sides end with the same rows in tables with the same columns, defaults, checks,
indexes and foreign keys, on the same server, in this run:

* ours: `read_batch` on a JSON lines file: decode, parse, check, normalize, hash, find
  contradictions and duplicates, insert, count, write progress and history;
* COPY: two `COPY … FROM STDIN` of text files that hold the finished rows, ids, hashes
  and foreign keys included, into empty tables made by `LIKE … INCLUDING ALL` with the
  foreign keys added. Nothing is checked or computed in Python. `bare` is the same
  without the foreign keys.

The import is timed once; COPY is timed three times and its best counts. Prints the
ratio of the two, and the importing process's peak memory at a tenth and at the whole
size. Ends with code 1 if the import took more than five times as long as COPY with
foreign keys, or memory grew with the file. Uses a database of its own, dropped at the
end.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault(  # noqa: TID251 - Django's own switch
    "DJANGO_SETTINGS_MODULE", "rlhf_site.settings"
)

import django  # noqa: E402

from rlhf_site import local_services  # noqa: E402

local_services.ensure_started()
django.setup()

from django.db import connection, transaction  # noqa: E402

from feedback.accounts.services import create_user  # noqa: E402
from feedback.corpus.models import ImportBatch  # noqa: E402
from feedback.corpus.services import (  # noqa: E402
    create_source,
    read_batch,
    start_import,
)
from feedback.corpus.uploads import pieces, store_upload  # noqa: E402

DATABASE = "consilium_benchmark_import"
COMPLETIONS_A_PROMPT = 2
# The targets: one fifth of COPY's speed, and memory that a tenfold file does not move.
SLOWEST = 5.0
MOST_GROWTH_MIB = 20.0
SENTENCE = (
    "the patient asks whether this tablet may be taken with food after surgery and "
    "how long the pain should last before calling a doctor or going to hospital"
)
WORDS = SENTENCE.split()
TABLES = ("corpus_prompt", "corpus_completion")


def text(number: int, n_words: int) -> str:
    """A text that differs for each number; about one in five has a non-ASCII letter."""
    words = [WORDS[(number * 31 + i * i) % len(WORDS)] for i in range(n_words)]
    return " ".join(words) + (" naïve µg" if number % 5 == 0 else "") + f" #{number}"


def write_rows(path: Path, n_prompts: int) -> None:
    """The file to import, in our own columns, nested."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(n_prompts):
            row = {
                "prompt_id": f"p{n}",
                "prompt": text(n, 40),
                "specialty": "cardiology",
                "completions": [
                    {"completion_id": f"c{n}-{k}", "model": f"m{k}", "content": text(7 * n + k, 90)}
                    for k in range(COMPLETIONS_A_PROMPT)
                ],
            }  # fmt: skip
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def import_file(path: Path, folder: Path) -> tuple[float, ImportBatch]:
    """Import the file and return the seconds and the batch."""
    person = create_user(email=f"{uuid.uuid4()}@example.org", name="Benchmark")
    source = create_source(name=path.name, created_by=person)
    with path.open("rb") as file:
        stored = store_upload(chunks=pieces(file), directory=folder, max_bytes=2**40)
    batch = start_import(
        source=source,
        shape="consilium",
        file_name=path.name,
        stored=stored,
        imported_by=person,
    )
    started = time.perf_counter()
    read_batch(batch=batch, directory=folder)
    seconds = time.perf_counter() - started
    batch.refresh_from_db()
    return seconds, batch


def unload(folder: Path) -> dict[str, Path]:
    """The finished rows as COPY's own text files."""
    paths = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            paths[table] = folder / f"{table}.copy"
            with (
                paths[table].open("wb") as file,
                cursor.copy(
                    f"COPY (SELECT * FROM {table} ORDER BY id) TO STDOUT"
                ) as copy,
            ):
                for block in copy:
                    file.write(block)
    return paths


def twin_tables(*, foreign_keys: bool) -> None:
    """Empty tables like the real ones, under the name twin_…."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS twin_corpus_completion, twin_corpus_prompt"
        )
        for table in TABLES:
            cursor.execute(f"CREATE TABLE twin_{table} (LIKE {table} INCLUDING ALL)")
        if not foreign_keys:
            return
        cursor.execute(
            """
            SELECT conrelid::regclass::text, pg_get_constraintdef(oid)
            FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)
            """,
            [list(TABLES)],
        )
        for table, definition in cursor.fetchall():
            to_twin = definition.replace(
                "REFERENCES corpus_prompt", "REFERENCES twin_corpus_prompt"
            )
            cursor.execute(f"ALTER TABLE twin_{table} ADD {to_twin}")


def copy_rows(paths: dict[str, Path]) -> float:
    """COPY both files in one transaction and return the seconds."""
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for table, path in paths.items():
            with (
                path.open("rb") as file,
                cursor.copy(f"COPY twin_{table} FROM STDIN") as copy,
            ):
                for block in pieces(file):
                    copy.write(block)
    return time.perf_counter() - started


def fastest_copy(paths: dict[str, Path], *, foreign_keys: bool) -> float:
    """The best of three, each into empty tables."""
    times = []
    for _ in range(3):
        twin_tables(foreign_keys=foreign_keys)
        times.append(copy_rows(paths))
    return min(times)


def peak_kib() -> int:
    """The most memory this process ever held.

    From /proc where there is one: `ru_maxrss` of a new process begins at what its
    parent held, which would hide a growth below that.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text()).group(1))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def child(path: Path, folder: Path) -> None:
    """Import in a process of its own and print seconds, peak memory and counts."""
    connection.settings_dict["NAME"] = DATABASE
    idle = peak_kib()
    seconds, batch = import_file(path, folder)
    peak = peak_kib()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "idle_mib": idle / 1024,
                "peak_mib": peak / 1024,
                "prompts": batch.n_prompts_new,
                "completions": batch.n_completions_new,
                "error": batch.error,
            }
        )
    )


def measured_import(path: Path, folder: Path) -> dict[str, float]:
    """Import in a fresh process."""
    command = [sys.executable, __file__, "--child", str(path), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result = json.loads(done.stdout)
    print(
        f"import {result['prompts']:>9,} prompts {result['completions']:>9,} completions"
        f"  {path.stat().st_size / 2**20:7.1f} MiB  {result['seconds']:7.2f} s"
        f"  peak {result['peak_mib']:.0f} MiB (idle {result['idle_mib']:.0f})"
    )
    return result


def compare(n_prompts: int) -> bool:
    """Measure, print, and say whether both targets are met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = folder / "small.jsonl", folder / "large.jsonl"
        write_rows(small, n_prompts // 10)
        write_rows(large, n_prompts)
        first = measured_import(small, folder)
        with connection.cursor() as cursor:
            cursor.execute("SET consilium.erasure = 'benchmark'")
            cursor.execute("TRUNCATE corpus_prompt, corpus_completion CASCADE")
            cursor.execute("RESET consilium.erasure")
        second = measured_import(large, folder)
        expected = (n_prompts, n_prompts * COMPLETIONS_A_PROMPT)
        assert (second["prompts"], second["completions"]) == expected, second
        paths = unload(folder)
        ratios = {}
        for label, foreign_keys in (("bare", False), ("with foreign keys", True)):
            seconds = fastest_copy(paths, foreign_keys=foreign_keys)
            ratios[label] = second["seconds"] / seconds
            print(
                f"COPY {label:<18} {seconds:6.2f} s  import/COPY = {ratios[label]:.2f}"
            )
        growth = second["peak_mib"] - first["peak_mib"]
        print(f"peak memory at 10 x the rows: {growth:+.1f} MiB")
        is_fast = ratios["with foreign keys"] <= SLOWEST
        is_flat = growth <= MOST_GROWTH_MIB
        print(f"at least a fifth of COPY's speed: {'yes' if is_fast else 'NO'}")
        print(f"memory flat: {'yes' if is_flat else 'NO'}")
        return is_fast and is_flat


def main() -> None:
    """Make the database, measure, drop it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--prompts", type=int, default=100_000)
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    old_name = connection.settings_dict["NAME"]
    connection.settings_dict.setdefault("TEST", {})["NAME"] = DATABASE
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        is_good = compare(options.prompts)
    finally:
        connection.creation.destroy_test_db(old_name, verbosity=0)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
