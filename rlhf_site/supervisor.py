"""Runs programs side by side, restarts what dies, and leaves nothing behind.

One thread, so that the kernel's promise "the child dies with its parent" holds: it
is tied to the thread that started the child.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, cast

_PR_SET_PDEATHSIG = 1
_TICK_SECONDS = 0.2
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
# A program that ran this long was well; its next pause is short again.
_WELL_SECONDS = 30.0
_MAX_LINE = 64 * 1024

Say = Callable[[str, str], None]
Watch = Callable[[], None]


@dataclass
class Program:
    """One program and its present process."""

    name: str
    argv: Sequence[str]
    stop_seconds: float = 10.0

    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = _FIRST_PAUSE
    start_again_at: float | None = None
    pending: bytes = b""

    @property
    def is_running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self.process is not None and self.process.poll() is None


@dataclass
class Supervisor:
    """Keeps programs running until a signal asks to stop.

    Args:
        programs: in the order of starting; they stop in reverse.
        folder: the working directory of each.
        say: writes one line under a name.
        watch: called about every second; looks after what is not our child.
        on_tick: called often; for what waits until the programs are up.
    """

    programs: list[Program]
    folder: Path
    say: Say
    watch: Watch
    on_tick: Watch
    restarts: dict[str, int] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _signals: int = 0

    def run(self) -> None:
        """Start everything and return when all has stopped."""
        with self._listening_for_signals():
            try:
                for program in self.programs:
                    self._start(program)
                self._keep_running()
            finally:
                self._stop_all()
                self._selector.close()

    def _keep_running(self) -> None:
        next_watch = time.monotonic() + 1
        while not self._signals:
            self._read_output(_TICK_SECONDS)
            for program in self.programs:
                self._care_for(program)
            if time.monotonic() >= next_watch:
                self.watch()
                next_watch = time.monotonic() + 1
            self.on_tick()

    def _start(self, program: Program) -> None:
        program.process = subprocess.Popen(  # noqa: S603 - our own argument lists
            program.argv,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one thread, see above
        )
        program.started_at = time.monotonic()
        program.start_again_at = None
        output = cast("IO[bytes]", program.process.stdout)
        os.set_blocking(output.fileno(), False)
        self._selector.register(output, selectors.EVENT_READ, program)

    def _care_for(self, program: Program) -> None:
        """Start `program` again when it has died and its pause is over."""
        now = time.monotonic()
        if program.start_again_at is not None:
            if now >= program.start_again_at:
                self._start(program)
            return
        if program.is_running:
            return
        code = self._bury(program)
        if now - program.started_at >= _WELL_SECONDS:
            program.pause = _FIRST_PAUSE
        self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
        self.say(
            program.name,
            f"{_how_it_ended(code)}; starting again in {program.pause:g} s",
        )
        program.start_again_at = now + program.pause
        program.pause = min(program.pause * 2, _LONGEST_PAUSE)

    def _bury(self, program: Program) -> int:
        """Take the last output and end what the dead program left in its session."""
        process = cast("subprocess.Popen[bytes]", program.process)
        code = process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        self._drain(program)
        program.process = None
        return code

    def _read_output(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _events in self._selector.select(seconds):
            self._read_some(key.data)

    def _read_some(self, program: Program) -> bool:
        """Pass on what `program` wrote; False when there is nothing now."""
        process = cast("subprocess.Popen[bytes]", program.process)
        output = cast("IO[bytes]", process.stdout)
        if output.closed:
            return False
        try:
            content = os.read(output.fileno(), _MAX_LINE)
        except BlockingIOError:
            return False
        if not content:
            self._selector.unregister(output)
            output.close()
            return False
        *lines, program.pending = (program.pending + content).split(b"\n")
        if len(program.pending) > _MAX_LINE:
            lines.append(program.pending)
            program.pending = b""
        for line in lines:
            self.say(program.name, line.decode(errors="replace"))
        return True

    def _drain(self, program: Program) -> None:
        while self._read_some(program):
            pass
        process = cast("subprocess.Popen[bytes]", program.process)
        output = cast("IO[bytes]", process.stdout)
        if not output.closed:
            self._selector.unregister(output)
            output.close()
        if program.pending:
            self.say(program.name, program.pending.decode(errors="replace"))
            program.pending = b""

    def _stop_all(self) -> None:
        """Stop in reverse order; the first signal asks, a second one kills."""
        for program in reversed(self.programs):
            if program.process is None:
                continue
            if program.is_running:
                program.process.send_signal(signal.SIGTERM)
                self._wait_for_end(program)
            self._bury(program)

    def _wait_for_end(self, program: Program) -> None:
        deadline = time.monotonic() + program.stop_seconds
        while program.is_running:
            if self._signals > 1 or time.monotonic() > deadline:
                cast("subprocess.Popen[bytes]", program.process).kill()
                return
            self._read_output(0.05)

    @contextlib.contextmanager
    def _listening_for_signals(self) -> Iterator[None]:
        before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            # Started by nohup, it goes on when the terminal closes.
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was killed ({signal.Signals(-code).name})"
    except ValueError:
        return f"was killed (signal {-code})"


def _die_with_parent() -> None:
    """Ask Linux to end this child when the supervisor ends, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
