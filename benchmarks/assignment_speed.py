"""Finding a rater's next task among 100,000 open ones: time in the database.

    .venv/bin/python benchmarks/assignment_speed.py [--tasks 100000] [--check]

Makes a study with so many open tasks and three places each, in a database of its own
with PostgreSQL's safe settings, lets a rater answer 200 of them, and then asks for the
next task again and again, as a specialist, by practice and plainly. A measurement is
the sum of the times of all statements of one `assign_next`, transaction included, as
PostgreSQL's client waits for them. The yardstick beside it is `SELECT 1`.

`--check` ends with code 1 if the median is 10 ms or more.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rlhf_site import local_services
from tests.under_load import REPOSITORY, environment

LIMIT_MS = 10.0

# Runs in a process of its own, because the settings name the database.
_MEASURE = """
import json, sys, time
import django
django.setup()
from django.db import connection
from feedback.common import clock
from feedback.studies.assignment import assign_next
from feedback.studies.models import Assignment, Enrollment, Slot, Study
from tests.builders import make_rater, make_study

n_tasks = int(sys.argv[1])
study = make_study(n_prompts=n_tasks, n_completions=1, overlap=3)
with connection.cursor() as cursor:
    cursor.execute("ANALYZE")
rater = make_rater(study)

def sent(execute, sql, params, many, context):
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        spent[0] += time.perf_counter() - began

def one():
    spent[0] = 0.0
    with connection.execute_wrapper(sent):
        assignment = assign_next(study=study, rater=rater, now=clock.now())
    Assignment.objects.filter(pk=assignment.pk).update(
        state="submitted", submitted_at=clock.now()
    )
    Slot.objects.filter(pk=assignment.slot_id).update(state="done", leased_until=None)
    return 1000 * spent[0]

spent = [0.0]
for _ in range(200):
    one()
rows = {"plainly": [one() for _ in range(200)]}
Study.objects.filter(pk=study.pk).update(practice="prefer")
study.refresh_from_db()
type(rater).objects.filter(pk=rater.pk).update(specialty="oncology")
rater.refresh_from_db()
rows["by practice"] = [one() for _ in range(200)]
Enrollment.objects.filter(user=rater.user).update(tier="specialist")
rows["as a specialist"] = [one() for _ in range(200)]
empty = []
for _ in range(500):
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    empty.append(1000 * (time.perf_counter() - began))
rows["SELECT 1"] = empty
print(json.dumps(rows))
"""


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--check", action="store_true", help="fail on a missed limit")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="consilium-benchmark-"))
    root.chmod(0o755)
    try:
        return _report(root / "data", options)
    finally:
        local_services.remove(data=root / "data")
        shutil.rmtree(root, ignore_errors=True)


def _report(data: Path, options: argparse.Namespace) -> int:
    env = environment(data)
    python = [sys.executable]
    subprocess.run(
        [*python, "manage.py", "migrate", "--verbosity", "0"],
        cwd=REPOSITORY,
        env=env,
        check=True,
    )
    answer = subprocess.run(
        [*python, "-c", _MEASURE, str(options.tasks)],
        cwd=REPOSITORY,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    rows = json.loads(answer.stdout.splitlines()[-1])
    empty = statistics.median(rows.pop("SELECT 1"))
    print(f"{options.tasks} open tasks; one SELECT 1 takes {empty:.2f} ms")
    is_missed = False
    for name, taken in rows.items():
        median, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[18]
        is_missed = is_missed or median >= LIMIT_MS
        print(
            f"next task {name:16} median {median:6.2f} ms ({median / empty:4.0f} x), "
            f"95 % {p95:6.2f} ms"
        )
    return 1 if options.check and is_missed else 0


if __name__ == "__main__":
    sys.exit(main())
