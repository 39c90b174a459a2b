"""The rating page in a real browser: keys, bytes and milliseconds of a scripted rater.

    .venv/bin/python benchmarks/workbench.py [--check] [--submits 200] [--tasks 5000]

Starts web, worker and sweep as `make run` does, with a database of their own, and rates
with Chromium, pressing real keys:

* keys: three comparisons and a preference with its strength in one visit, until the next
  task is there;
* bytes: the first visit of that page with an empty cache, as they came over the wire,
  headers included;
* submit: from the press of Enter until htmx has settled the next task and its heading
  has the focus; one rater alone, then with seven others who read for a second each;
* marks: 20,000 words with 500 marks, from the press of a key until the browser has
  painted what it did; moving the caret, and making marks.

`--check` ends with code 1 if a limit is missed.
"""

import argparse
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser, Page, sync_playwright

from rlhf_site import local_services
from tests.e2e.browser import context_options, ensure_browser, launch
from tests.under_load import REPOSITORY, HttpRater, environment, free_port, start

N_OTHERS = 7
N_WORDS = 20_000
N_MARKS = 500
WARM_UP = 10
ANSWER = ("5", "4", "2", "2")
CARET_KEYS = (
    "ArrowRight",
    "Control+ArrowRight",
    "ArrowDown",
    "Shift+ArrowRight",
    "ArrowUp",
    "ArrowLeft",
)
MARK_KEYS = ("s", "Enter", "1", "2", "Enter", "Escape")

# Prints, for each rater, the cookie of a session and where to begin.
_SET_UP = """
import json, sys
import django
django.setup()
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from feedback.common.hashing import json_sha256, text_sha256
from feedback.corpus.models import Completion, ModelVersion, Prompt
from feedback.corpus.services import create_source
from feedback.studies.building import build_tasks
from feedback.studies.criteria import CriterionDraft, FormDraft, SpanLabelDraft
from feedback.studies.services import use_source
from tests.builders import make_batch, make_rater, make_study

def enter(study):
    user = make_rater(study).user
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key

def start_of(study):
    return f"/studies/{study.uid}/rate/"

raters, tasks, words = map(int, sys.argv[1:])
asked = ("correct", "safe", "clear")
pairs = make_study(
    n_prompts=tasks, n_completions=2, overlap=raters, forms=[FormDraft("pair")],
    criteria=[
        CriterionDraft(
            key=one, name=one.title(), question=f"Which is more {one}?", scope="pair"
        )
        for one in asked
    ],
)
long = make_study(
    n_prompts=0, criteria=[], forms=[FormDraft("single", ("marks",))],
    span_labels=[
        SpanLabelDraft("wrong", "Wrong fact", "It is not so."),
        SpanLabelDraft("dose", "Dose", "Number or unit."),
    ],
)
source = create_source(name="Long texts", created_by=long.created_by)
use_source(study=long, source=source)
batch = make_batch(source)
messages = [{"role": "user", "content": "What does the review say?"}]
text = " ".join(f"word{number % 997}" for number in range(words))
prompt = Prompt.objects.create(
    source=source, batch=batch, messages=messages, group_key="long",
    content_sha256=json_sha256(messages),
)
Completion.objects.create(
    prompt=prompt, batch=batch, content=text, content_sha256=text_sha256(text),
    model_version=ModelVersion.objects.get_or_create(name="long")[0],
)
build_tasks(study=long)
print(json.dumps({
    "cookies": [enter(pairs) for _ in range(raters)],
    "start": start_of(pairs),
    "long_cookie": enter(long),
    "long_start": start_of(long),
}))
"""

# Counts real keys, and times each submit: Enter, settled, and the heading has the focus.
_WATCH_SUBMITS = """
[window.watched, window.n_keys] = [[], 0];
let pressed = null;
let isSettled = false;
document.addEventListener("keydown", (event) => {
  n_keys += event.isTrusted ? 1 : 0;
  if (event.key === "Enter") {
    [pressed, isSettled] = [event.timeStamp, false];
  }
}, true);
document.addEventListener("htmx:afterSettle", () => (isSettled = true), true);
document.addEventListener("focusin", (event) => {
  if (pressed !== null && isSettled && event.target.matches("#assignment h1")) {
    const began = pressed;
    pressed = null;
    // After every other script has had its turn with the new page.
    queueMicrotask(() => watched.push(performance.now() - began));
  }
});
"""
# Times each key until the frame after it has been painted.
_WATCH_KEYS = """
window.painted = [];
document.addEventListener("keydown", (event) => {
  if (event.isTrusted && !["Control", "Shift"].includes(event.key)) {
    const began = event.timeStamp;
    requestAnimationFrame(() => setTimeout(() => painted.push(performance.now() - began)));
  }
}, true);
"""
# Ours, because Playwright's own waiting needs the eval that our pages forbid.
_ENOUGH = """([name, wanted]) => new Promise((done, fail) => {
  const last = performance.now() + 20_000;
  const look = () => {
    if (window[name].length >= wanted) {
      done();
    } else if (performance.now() > last) {
      fail(new Error(`${name}: ${window[name].length} of ${wanted} after 20 s`));
    } else {
      setTimeout(look, 5);
    }
  };
  look();
})"""
_PUT_MARKS = """(wanted) => {
  const text = document.querySelector("[data-item]").textContent;
  const step = Math.floor(text.length / (wanted + 1));
  const marks = Array.from({length: wanted}, (_, at) => ({
    id: `m${at}`, kind: "span", item: 0, start: at * step, end: at * step + 12,
    quote: text.slice(at * step, at * step + 12), label: "wrong",
    severity: ["minor", "major", "critical"][at % 3], suggestion: "", assertions: [],
    code_system: "", code: "", relations: [],
  }));
  const field = document.querySelector("[name=marks]");
  field.value = JSON.stringify(marks);
  field.form.dispatchEvent(new Event("consilium:restored", {bubbles: true}));
}"""


@dataclass(frozen=True)
class Row:
    """One line of the table; without a limit it is only shown."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    is_within: bool = False

    @property
    def is_missed(self) -> bool:
        """Whether the limit does not hold."""
        if self.limit is None:
            return False
        return self.value > self.limit or (
            self.value == self.limit and not self.is_within
        )

    def __str__(self) -> str:
        sign = "at most" if self.is_within else "below"
        limit = "" if self.limit is None else f"{sign} {self.limit:g}"
        verdict = "  MISSED" if self.is_missed else ""
        return f"{self.name:<46}{self.value:>8.1f} {self.unit:<5} {limit:<12}{verdict}"


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[94]


def set_up(data: Path, *, n_tasks: int) -> dict[str, Any]:
    """Make the studies and a session for each rater."""
    numbers = [str(one) for one in (1 + N_OTHERS, n_tasks, N_WORDS)]
    made = subprocess.run(
        [sys.executable, "-c", _SET_UP, *numbers],
        cwd=REPOSITORY,
        env=environment(data),
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout.splitlines()[-1])


@contextmanager
def window(browser: Browser, url: str, cookie: str) -> Iterator[Page]:
    """A window of a rater who has signed in, with an empty cache."""
    context = browser.new_context(base_url=url, **context_options())
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
    page = context.new_page()
    try:
        yield page
    finally:
        context.close()


# --- bytes ---------------------------------------------------------------------------


def first_visit(browser: Browser, world: dict[str, Any]) -> list[Row]:
    """Bytes of each file of the rating page, for who has never been here."""
    with window(browser, world["url"], world["cookies"][0]) as page:
        given = page.request.get(world["start"], max_redirects=0)
        cdp = page.context.new_cdp_session(page)
        names: dict[str, str] = {}
        sizes: dict[str, float] = {}
        cdp.on(
            "Network.responseReceived",
            lambda told: names.update({told["requestId"]: _name_of(told)}),
        )
        cdp.on(
            "Network.loadingFinished",
            lambda told: sizes.update({told["requestId"]: told["encodedDataLength"]}),
        )
        cdp.send("Network.enable")
        page.goto(given.headers["location"], wait_until="networkidle")
    rows = [
        Row(f"  {names[one]}", size / 1000, "kB")
        for one, size in sorted(sizes.items(), key=lambda pair: -pair[1])
    ]
    total = sum(sizes.values()) / 1000
    return [Row("first visit", total, "kB", 60, is_within=True), *rows]


def _name_of(told: dict[str, Any]) -> str:
    response = told["response"]
    headers = {key.lower(): value for key, value in response["headers"].items()}
    path = urlsplit(response["url"]).path
    name = "page" if told["type"] == "Document" else path.rsplit("/", 1)[-1]
    return f"{name} ({headers.get('content-encoding', 'not compressed')})"


# --- keys and submits ----------------------------------------------------------------


def rate(page: Page, *, n_tasks: int) -> list[float]:
    """Rate as many pairs; milliseconds from each Enter until the next one is there."""
    begun = page.evaluate("watched.length")
    for number in range(n_tasks):
        for key in (*ANSWER, "Enter"):
            page.keyboard.press(key)
        page.evaluate(_ENOUGH, ["watched", begun + number + 1])
    return page.evaluate(f"watched.slice({begun})")


def submits(browser: Browser, world: dict[str, Any], *, n_submits: int) -> list[Row]:
    """Keys of one visit, and submits of one rater, alone and with others."""
    others = [HttpRater(world["port"], one, world["start"]) for one in world["cookies"]]
    with window(browser, world["url"], world["cookies"][0]) as page:
        page.add_init_script(_WATCH_SUBMITS)
        page.goto(world["start"])
        rate(page, n_tasks=1)
        keys = page.evaluate("n_keys")
        rate(page, n_tasks=WARM_UP)
        alone = rate(page, n_tasks=n_submits)
        with reading(others[1:]) as judged:
            rate(page, n_tasks=WARM_UP)
            together = rate(page, n_tasks=n_submits)
        n_others = judged()
    return [
        Row("keys for three comparisons and a preference", keys, "", 5, is_within=True),
        Row("submit to next task, one rater: median", _median(alone), "ms", 150),
        Row("submit to next task, one rater: 95 %", p95(alone), "ms"),
        Row("submit to next task, eight raters: median", _median(together), "ms", 250),
        Row("submit to next task, eight raters: 95 %", p95(together), "ms"),
        Row("  judgments of the seven others meanwhile", n_others, ""),
    ]


@contextmanager
def reading(others: list[HttpRater]) -> Iterator[Any]:
    """Raters who read each task for a second, as long as this lasts."""
    is_over = threading.Event()

    def go_on(rater: HttpRater) -> None:
        while not is_over.is_set():
            rater.judge(limit=len(rater.acknowledged) + 5, pause=1.0)

    with ThreadPoolExecutor(len(others)) as pool:
        running = [pool.submit(go_on, one) for one in others]
        try:
            yield lambda: sum(len(one.acknowledged) for one in others)
        finally:
            is_over.set()
    for one in running:
        one.result()


# --- marks ---------------------------------------------------------------------------


def marking(browser: Browser, world: dict[str, Any]) -> list[Row]:
    """Each key in a long text with many marks."""
    with window(browser, world["url"], world["long_cookie"]) as page:
        page.add_init_script(_WATCH_KEYS)
        page.goto(world["long_start"])
        page.evaluate(_PUT_MARKS, N_MARKS)
        page.keyboard.press("s")
        _press(page, CARET_KEYS)
        moving = _press(page, CARET_KEYS * 40)
        page.keyboard.press("Escape")
        _press(page, MARK_KEYS)
        describing = _press(page, MARK_KEYS * 20)
        kept = page.evaluate("JSON.parse(document.querySelector('[name=marks]').value)")
    assert len(kept) == N_MARKS + 21, f"{len(kept)} marks, not {N_MARKS + 21}"
    return [
        Row("a key that moves the caret: median", _median(moving), "ms", 50),
        Row("a key that moves the caret: 95 %", p95(moving), "ms", 50),
        Row("a key that makes a mark: median", _median(describing), "ms", 50),
        Row("a key that makes a mark: 95 %", p95(describing), "ms", 50),
    ]


def _press(page: Page, keys: tuple[str, ...]) -> list[float]:
    """Press keys one after another; milliseconds of each."""
    page.evaluate("painted.length = 0")
    for number, key in enumerate(keys, start=1):
        page.keyboard.press(key)
        page.evaluate(_ENOUGH, ["painted", number])
    return page.evaluate("painted")


_median = statistics.median


def measure(url: str, port: int, data: Path, options: argparse.Namespace) -> list[Row]:
    """Everything, in a browser that ends with it."""
    world = set_up(data, n_tasks=options.tasks) | {"url": url, "port": port}
    paths = ensure_browser()
    with sync_playwright() as playwright:
        browser = launch(playwright, paths)
        try:
            return [
                *first_visit(browser, world),
                *submits(browser, world, n_submits=options.submits),
                *marking(browser, world),
            ]
        finally:
            browser.close()


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submits", type=int, default=200)
    parser.add_argument("--tasks", type=int, default=5_000)
    parser.add_argument("--check", action="store_true", help="fail on a missed limit")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="consilium-benchmark-"))
    root.chmod(0o755)
    port = free_port()
    process = start(root / "data", root / "log", port)
    try:
        url = f"http://127.0.0.1:{port}"
        rows = measure(url, port, root / "data", options)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        local_services.remove(data=root / "data")
        shutil.rmtree(root, ignore_errors=True)
    print("\n".join(str(row) for row in rows))
    return 1 if options.check and any(row.is_missed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
