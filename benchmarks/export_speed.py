"""How fast 1,000,000 ratings become Parquet, against the fastest plain way.

    python benchmarks/export_speed.py [--ratings 1000000] [--rounds 3] [--keep]

Makes a scratch database beside the configured one, fills it set-based, seals a
snapshot of it, and then measures in turn, each in a process of its own so that peak
memory can be read:

* ours: the `ratings` configuration, from the pinned members to closed Parquet files,
* plain ways: the same columns of the same rows with one query and pyarrow, without
  members, splits, order or fixed row groups; the fastest of them is the yardstick,
* and, for information, the whole folder: all configurations, side folders, card and hashes.

Prints seconds, peak memory and ratios.
"""

import argparse
import io
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
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

import psycopg  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.csv as pcsv  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402
from psycopg import sql  # noqa: E402

from exports.models import Snapshot  # noqa: E402
from exports.pinning import pin  # noqa: E402
from exports.raw import write_raw  # noqa: E402
from exports.schemas import arrow_schema  # noqa: E402
from exports.services import request_snapshot, write_files  # noqa: E402
from exports.shards import Shard  # noqa: E402
from feedback.accounts.models import User  # noqa: E402
from feedback.common import clock  # noqa: E402
from feedback.studies.models import Study  # noqa: E402

SCRATCH = "consilium_bench_export"
TARGET_RATIO = 2.5
TARGET_MIB = 512
RATERS_A_COMPLETION = 3
N_RATERS = 24

PLAIN = """
    SELECT j.uid, p.uid, c.uid, p.group_key, k.key, r.value, r.is_not_applicable,
        a.pseudonym, a.specialty, a.is_simulated, v.name, g.number, j.active_seconds,
        j.created_at, p.specialty, p.locale, p.note_type, p.is_synthetic
    FROM rating_criterionrating r
    JOIN rating_judgment j ON j.id = r.judgment_id
    JOIN accounts_rater a ON a.id = j.rater_id
    JOIN studies_guidelineversion g ON g.id = j.guideline_version_id
    JOIN studies_criterion k ON k.id = r.criterion_id
    JOIN corpus_completion c ON c.id = r.completion_id
    JOIN corpus_prompt p ON p.id = c.prompt_id
    LEFT JOIN corpus_modelversion v ON v.id = c.model_version_id
    WHERE j.study_id = (SELECT max(id) FROM studies_study)
"""
COLUMNS = [
    "judgment_uid",
    "prompt_uid",
    "completion_uid",
    "group_id",
    "criterion",
    "value",
    "is_not_applicable",
    "rater_id",
    "rater_specialty",
    "rater_is_simulated",
    "source_model",
    "guideline_version",
    "active_seconds",
    "created_at",
    "specialty",
    "locale",
    "note_type",
    "is_synthetic",
]

# One statement per table; nothing goes through the ORM.
FILL = """
INSERT INTO accounts_user (uid, email, name, password, roles, is_active)
SELECT gen_random_uuid(), 'bench' || n || '@example.org', 'Bench ' || n, '!',
    '{{}}', true FROM generate_series(0, {raters}) n;
INSERT INTO accounts_rater (uid, user_id, pseudonym, profession, specialty,
    is_simulated)
SELECT gen_random_uuid(), id, 'bench-' || id, 'physician',
    (ARRAY['cardiology', 'paediatrics', 'general practice', ''])[id % 4 + 1], true
FROM accounts_user WHERE email LIKE 'bench%' AND email <> 'bench0@example.org';
INSERT INTO corpus_source (uid, name, license, attribution, created_by_id)
SELECT gen_random_uuid(), 'Benchmark', '', '', min(id) FROM accounts_user;
INSERT INTO corpus_importbatch (uid, source_id, shape, file_name, file_sha256,
    file_bytes, imported_by_id, state, error, n_rows_read, n_prompts_new,
    n_completions_new, n_known, n_rejected)
SELECT gen_random_uuid(), s.id, 'consilium', 'bench', '', 0, s.created_by_id, 'done',
    '', 0, 0, 0, 0, 0 FROM corpus_source s;
INSERT INTO corpus_modelversion (uid, name)
SELECT gen_random_uuid(), 'model-' || n FROM generate_series(1, 4) n;
INSERT INTO corpus_prompt (uid, source_id, batch_id, messages, content_sha256,
    group_key, external_id, specialty, locale, note_type, is_synthetic,
    reference_answer, metadata)
SELECT gen_random_uuid(), b.source_id, b.id,
    jsonb_build_array(jsonb_build_object('role', 'user', 'content',
        'Question ' || n || ': may I take ibuprofen with my blood pressure tablets?')),
    encode(sha256(('p' || n)::bytea), 'hex'), 'family-' || n / 2, '',
    (ARRAY['cardiology', 'nephrology', 'general practice'])[n % 3 + 1], 'en', '',
    true, '', '{{}}'
FROM corpus_importbatch b, generate_series(1, {prompts}) n;
INSERT INTO corpus_completion (uid, prompt_id, batch_id, model_version_id, content,
    content_sha256, external_id, metadata)
SELECT gen_random_uuid(), p.id, p.batch_id, m.low + side,
    'Answer ' || side || ' to ' || p.id || '. '
        || repeat('Ask your doctor before you combine them. ', 5 + side),
    encode(sha256((p.id || '-' || side)::bytea), 'hex'), '', '{{}}'
FROM corpus_prompt p, generate_series(0, 1) side,
    (SELECT min(id) AS low FROM corpus_modelversion) m;
INSERT INTO studies_study (uid, name, description, state, overlap, lease_seconds,
    seed, created_by_id)
SELECT gen_random_uuid(), 'Benchmark', '', 'open', 3, 1800, 1, min(id)
FROM accounts_user;
INSERT INTO studies_guidelineversion (uid, study_id, number, title, body,
    content_sha256)
SELECT gen_random_uuid(), id, 1, 'Benchmark', '', repeat('0', 64) FROM studies_study;
INSERT INTO studies_criterion (uid, guideline_version_id, key, name, question,
    low_label, high_label, minimum, maximum, anchors, position)
SELECT gen_random_uuid(), g.id, k, k, '', '', '', 1, 5, '{{}}', n
FROM studies_guidelineversion g,
    unnest(ARRAY['correctness', 'tone', 'safety']) WITH ORDINALITY AS u (k, n);
INSERT INTO studies_task (uid, study_id, guideline_version_id, prompt_id, kind,
    fingerprint, state)
SELECT gen_random_uuid(), g.study_id, g.id, c.prompt_id, 'single', c.id, 'complete'
FROM corpus_completion c, studies_guidelineversion g ORDER BY c.id;
INSERT INTO studies_taskitem (task_id, completion_id, position)
SELECT id, fingerprint::bigint, 0 FROM studies_task ORDER BY id;
INSERT INTO studies_slot (study_id, task_id, slot_no, shuffle_key, state, lease_no)
SELECT study_id, id, n, id, 'done', 1
FROM studies_task, generate_series(0, 2) n ORDER BY id, n;
INSERT INTO studies_assignment (uid, study_id, task_id, slot_id, rater_id,
    guideline_version_id, lease_no, leased_until, state, shown_order, arm)
SELECT gen_random_uuid(), s.study_id, s.task_id, s.id,
    r.low + (s.task_id * 7 + s.slot_no * 5) % {raters}, t.guideline_version_id, 1,
    now(), 'submitted', ARRAY[0], 'plain'
FROM studies_slot s JOIN studies_task t ON t.id = s.task_id,
    (SELECT min(id) AS low FROM accounts_rater) r ORDER BY s.id;
INSERT INTO rating_judgment (uid, study_id, task_id, assignment_id, rater_id,
    guideline_version_id, lease_no, revision, outcome, basis, is_unblinded,
    is_fit_as_is, comment, active_seconds,
    idempotency_key, request_sha256, shown_sha256, created_at)
SELECT gen_random_uuid(), study_id, task_id, id, rater_id, guideline_version_id, 1, 1,
    'answered', 'blind', false, false, '', id % 300, gen_random_uuid(), '', '',
    timestamptz '2026-01-01' + id * interval '1 second'
FROM studies_assignment ORDER BY id;
INSERT INTO rating_criterionrating (judgment_id, completion_id, criterion_id, value,
    text, is_not_applicable, is_outside_practice)
SELECT j.id, i.completion_id, k.id,
    CASE WHEN (j.id + k.id) % 50 = 0 THEN NULL
         ELSE 2 + ((i.completion_id * 13 + j.id * 3 + k.id) % 4) END,
    '', (j.id + k.id) % 50 = 0, false
FROM rating_judgment j JOIN studies_taskitem i ON i.task_id = j.task_id
JOIN studies_criterion k ON k.guideline_version_id = j.guideline_version_id
ORDER BY j.id, k.id;
"""


# --- the plain ways -----------------------------------------------------------------


def _connect() -> psycopg.Connection:
    return psycopg.connect(**_parameters())


def _parameters() -> dict[str, str]:
    given = connections["default"].get_connection_params()
    return {
        k: given[k]
        for k in ("dbname", "user", "password", "host", "port")
        if given.get(k)
    }


def _read(source: io.BytesIO | Path) -> pa.Table:
    return pcsv.read_csv(source, read_options=pcsv.ReadOptions(column_names=COLUMNS))


def plain_psycopg(target: Path) -> None:
    """COPY as CSV through psycopg into memory, pyarrow.csv, one write_table."""
    copying = f"COPY ({PLAIN}) TO STDOUT (FORMAT csv)"
    with _connect() as plain, plain.cursor() as cursor, cursor.copy(copying) as copy:
        buffer = io.BytesIO(b"".join(copy))
    pq.write_table(_read(buffer), target / "plain.parquet")


def plain_psql(target: Path) -> None:
    """COPY as CSV by psql into a file, pyarrow.csv, one write_table."""
    csv = target / "plain.csv"
    parameters = " ".join(f"{key}={value}" for key, value in _parameters().items())
    command = [_psql(), parameters, "-qXc", f"COPY ({PLAIN}) TO STDOUT (FORMAT csv)"]
    with csv.open("wb") as file:
        subprocess.run(command, check=True, stdout=file)
    pq.write_table(_read(csv), target / "plain.parquet")


def _psql() -> str:
    """The client beside the embedded server's binaries, else the one installed."""
    package = Path(sys.prefix).glob("lib/python*/site-packages/*/pginstall*/bin/psql")
    return next(map(str, package), None) or shutil.which("psql") or "psql"


def plain_cursor(target: Path) -> None:
    """A server-side cursor, tuples turned into columns, 50,000 at a time."""
    with _connect() as plain, plain.cursor(name="plain", binary=True) as cursor:
        cursor.execute(PLAIN)
        writer = None
        while rows := cursor.fetchmany(50_000):
            columns = [
                [str(v) for v in column] if i < 3 else list(column)
                for i, column in enumerate(zip(*rows, strict=True))
            ]
            table = pa.table(dict(zip(COLUMNS, columns, strict=True)))
            writer = writer or pq.ParquetWriter(target / "plain.parquet", table.schema)
            writer.write_table(table)
        writer.close()


# --- ours ---------------------------------------------------------------------------


def ours(target: Path) -> None:
    """The ratings configuration of the pinned snapshot."""
    snapshot = Snapshot.objects.earliest("pk")
    schema = arrow_schema("ratings", criteria=())
    with ExitStack() as stack:
        shards = {
            split: stack.enter_context(
                Shard(target, configuration="ratings", split=split, schema=schema)
            )
            for split in ("train", "test", "benchmark")
        }
        write_raw("ratings", snapshot, shards=shards, schema=schema)


def whole(target: Path) -> None:
    """All configurations, side folders, card and hashes of the pinned snapshot."""
    write_files(snapshot=Snapshot.objects.earliest("pk"), directory=target / "whole")


# --- the run ------------------------------------------------------------------------


def use_scratch() -> None:
    """Turn this process to the scratch database."""
    connections["default"].close()
    connections.databases["default"]["NAME"] = SCRATCH
    connections["default"].settings_dict["NAME"] = SCRATCH


def make_scratch(n_ratings: int) -> None:
    """A migrated database with so many ratings, and one pinned snapshot of them."""
    drop_scratch()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {SCRATCH}")
    use_scratch()
    call_command("migrate", verbosity=0)
    n_prompts = -(-n_ratings // (2 * RATERS_A_COMPLETION * 3))
    with _connect() as plain:
        for statement in FILL.split(";\n"):
            if statement.strip():
                query = sql.SQL(statement).format(raters=N_RATERS, prompts=n_prompts)
                plain.execute(query)
    with _connect() as plain:
        plain.autocommit = True
        plain.execute("VACUUM ANALYZE")


def drop_scratch() -> None:
    """Leave nothing behind."""
    connections["default"].close()
    with psycopg.connect(
        **(_parameters() | {"dbname": "postgres"}), autocommit=True
    ) as c:
        c.execute(f"DROP DATABASE IF EXISTS {SCRATCH} WITH (FORCE)")


def pin_snapshot(_target: Path) -> None:
    """Fix the members of a new snapshot: the first half of sealing."""
    snapshot = request_snapshot(
        study=Study.objects.get(),
        actor=User.objects.earliest("pk"),
        app_version="benchmark",
        is_queued=False,
    )
    pin(snapshot=snapshot, now=clock.now())


def peak_mib() -> float:
    """This process's own peak; getrusage would count its parent's before exec, too."""
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = [s for s in status.read_text().splitlines() if s.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PLAIN_WAYS = (plain_psycopg, plain_psql, plain_cursor)
MEASURED = {way.__name__: way for way in (*PLAIN_WAYS, ours, whole)}
WAYS = {**MEASURED, "pin_snapshot": pin_snapshot}


def run_child(name: str) -> None:
    """Do one way once and print what it took, as JSON."""
    use_scratch()
    connection.ensure_connection()
    with tempfile.TemporaryDirectory(prefix="export-speed-") as folder:
        started = time.perf_counter()
        WAYS[name](Path(folder))
        seconds = time.perf_counter() - started
        rows = sum(
            pq.ParquetFile(path).metadata.num_rows
            for path in Path(folder).rglob("*.parquet")
            if path.parent.name in {"ratings", Path(folder).name}
        )
    print(json.dumps({"seconds": seconds, "mib": peak_mib(), "rows": rows}))


def measure(name: str) -> dict[str, float]:
    """One way in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", name],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def report(found: dict[str, list[dict[str, float]]]) -> bool:
    """Print the table; True if both targets are met."""
    medians = {
        name: statistics.median(run["seconds"] for run in runs)
        for name, runs in found.items()
    }
    fastest = min((way.__name__ for way in PLAIN_WAYS), key=medians.__getitem__)
    print(
        f"\n{'way':16} {'rows':>9} {'seconds':>8} {'best':>7} {'ratio':>6} {'peak MiB':>9}"
    )
    for name, runs in found.items():
        print(
            f"{name:16} {runs[0]['rows']:9.0f} {medians[name]:8.2f} "
            f"{min(r['seconds'] for r in runs):7.2f} "
            f"{medians[name] / medians[fastest]:6.2f} {max(r['mib'] for r in runs):9.0f}"
        )
    ratio = medians["ours"] / medians[fastest]
    peak = max(run["mib"] for name in ("ours", "whole") for run in found[name])
    print(f"\nfastest plain way: {fastest}")
    print(f"ours / fastest plain: {ratio:.2f} (target below {TARGET_RATIO})")
    print(f"peak memory, all four configurations: {peak:.0f} MiB (target {TARGET_MIB})")
    return ratio < TARGET_RATIO and peak < TARGET_MIB


def main() -> int:
    """Fill, pin, measure in turn, report, drop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="use and keep the database")
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_child(options.child)
        return 0
    if not options.keep or not _has_scratch():
        print(f"filling {SCRATCH} with {options.ratings:,} ratings …", flush=True)
        make_scratch(options.ratings)
    pinned = measure("pin_snapshot")
    print(f"pinned in {pinned['seconds']:.1f} s, {pinned['mib']:.0f} MiB", flush=True)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in MEASURED}
    for number in range(options.rounds):
        for name in MEASURED:
            found[name].append(measure(name))
            print(
                f"round {number + 1} {name}: {found[name][-1]['seconds']:.2f} s",
                flush=True,
            )
    is_good = report(found) and pinned["mib"] < TARGET_MIB
    if not options.keep:
        drop_scratch()
    return 0 if is_good else 1


def _has_scratch() -> bool:
    with psycopg.connect(**_parameters()) as c:
        found = c.execute("SELECT 1 FROM pg_database WHERE datname = %s", [SCRATCH])
        return found.fetchone() is not None


if __name__ == "__main__":
    sys.exit(main())
