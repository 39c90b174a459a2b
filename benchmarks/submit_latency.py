"""Submitting a judgment and receiving the next task, by HTTP, with raters at once.

    .venv/bin/python benchmarks/submit_latency.py [--raters 8] [--tasks 20000]

Starts web, worker and sweep as `make run` does, with a database of their own and
PostgreSQL's safe settings (each answer waits for the disk), makes a study, and lets each
rater submit one judgment after another. A measurement is the POST of a rating until the
last byte of the next task's page. Two rounds: raters who read for a second before each
submit, and raters who do not pause at all, which shows what the machine can bear.

Prints percentiles in milliseconds, and the same requests' share of an empty request
(/healthz, one SELECT) measured beside them. Ends with code 1 if the 95th percentile of
the first round is 100 ms or more.
"""

import argparse
import http.client
import shutil
import signal
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rlhf_site import local_services
from tests.under_load import HttpRater, free_port, set_up, start

TARGET_MS = 100
WARM_UP = 5


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50": 1000 * cuts[49], "p95": 1000 * cuts[94], "p99": 1000 * cuts[98]}


def empty_requests(port: int, n: int = 200) -> list[float]:
    """Seconds of requests that only ask whether the database answers."""
    seconds = []
    for _ in range(n):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        began = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        seconds.append(time.perf_counter() - began)
        connection.close()
    return seconds


def play(
    raters: list[HttpRater], *, limit: int, pause: float
) -> tuple[dict[str, float], float]:
    """Let all raters submit at once; percentiles, and judgments a second."""
    for rater in raters:
        rater.acknowledged.clear()
        rater.seconds.clear()
    began = time.perf_counter()
    with ThreadPoolExecutor(len(raters)) as pool:
        list(pool.map(lambda rater: rater.judge(limit=limit, pause=pause), raters))
    wall = time.perf_counter() - began
    seconds = [second for rater in raters for second in rater.seconds[WARM_UP:]]
    n_judgments = sum(len(rater.acknowledged) for rater in raters)
    return percentiles(seconds), n_judgments / wall


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raters", type=int, default=8)
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--submits", type=int, default=60, help="of each rater")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="consilium-benchmark-"))
    root.chmod(0o755)
    port = free_port()
    process = start(root / "data", root / "log", port)
    try:
        world = set_up(root / "data", n_raters=options.raters, n_tasks=options.tasks)
        raters = [HttpRater(port, one, world["start"]) for one in world["cookies"]]
        play(raters, limit=2 * WARM_UP, pause=0.0)
        base = percentiles(empty_requests(port))
        reading, _rate = play(raters, limit=options.submits, pause=1.0)
        flat_out, rate = play(raters, limit=options.submits, pause=0.0)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        local_services.remove(data=root / "data")
        shutil.rmtree(root, ignore_errors=True)
    print(f"{options.raters} raters, {options.tasks:,} tasks; milliseconds")
    for name, one in (
        ("empty request", base),
        ("reading 1 s", reading),
        ("no pause", flat_out),
    ):
        cells = "  ".join(f"{key} {value:6.1f}" for key, value in one.items())
        print(f"{name:>14}  {cells}  x{one['p50'] / base['p50']:.1f} of an empty one")
    print(f"{rate:.0f} judgments a second without pauses")
    return 0 if reading["p95"] < TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
