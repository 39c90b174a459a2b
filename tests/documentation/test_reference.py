"""Every setting, check, command, route and form field is documented, and nothing else."""

import re
from argparse import ArgumentParser
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.foundation.routes import url_patterns

REPOSITORY = Path(__file__).resolve().parent.parent.parent
REFERENCE = REPOSITORY / "docs" / "reference"
OWN_APPS = ("rlhf_site", "exports")
# By the application's readers, and directly, as tests do with their own switches.
_BY_READER = re.compile(r'env\.(?:text|boolean|integer|words|secret)\(\s*"([A-Z_]+)"')
_DIRECTLY = re.compile(
    r'environ\.(?:get\(|setdefault\(\s*)"(CONSILIUM_[A-Z_]+|REQUIRE_[A-Z]+)"'
)


def words_in(name: str) -> set[str]:
    """Whatever stands between backticks in a reference page."""
    text = (REFERENCE / name).read_text(encoding="utf-8")
    return set(re.findall(r"`([^`\n]+)`", text))


def first_cells(name: str) -> set[str]:
    """The backticked words of each table's first column."""
    text = (REFERENCE / name).read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def sources(*folders: str) -> str:
    """The Python source below some folders."""
    files = (file for name in folders for file in (REPOSITORY / name).rglob("*.py"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_every_variable_that_is_read_is_documented():
    application = sources("rlhf_site", "feedback", "exports")
    found = set(_BY_READER.findall(application))
    found |= set(_DIRECTLY.findall(application + sources("tests")))

    assert "CONSILIUM_SECRET_KEY" in found
    assert found <= first_cells("settings.md")


def test_every_documented_variable_is_read():
    scripts = "\n".join(
        file.read_text(encoding="utf-8")
        for file in [*(REPOSITORY / "scripts").iterdir(), REPOSITORY / "Makefile"]
        if file.is_file()
    )
    everything = sources("rlhf_site", "feedback", "exports", "tests") + scripts

    for name in first_cells("settings.md"):
        assert name in everything, name


def test_every_check_is_documented():
    text = (REPOSITORY / "rlhf_site" / "checks.py").read_text(encoding="utf-8")
    ids = set(re.findall(r'id="(rlhf\.[EW]\d+)"', text))

    assert ids
    assert ids == first_cells("checks.md")


def own_commands() -> list[str]:
    return sorted(name for name, app in get_commands().items() if app in OWN_APPS)


@pytest.mark.parametrize("name", own_commands())
def test_every_command_is_documented_with_each_option(name):
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    _, found, section = text.partition(f"### {name}\n")
    assert found, f"{name} has no section in commands.md"
    section = re.split(r"^##", section, maxsplit=1, flags=re.MULTILINE)[0]
    documented = set(re.findall(r"`(--[a-z-]+)", section))

    command = load_command_class(get_commands()[name], name)
    bare = ArgumentParser()
    command.add_arguments(bare)
    options = {
        option
        for action in bare._actions
        for option in action.option_strings
        if option not in {"-h", "--help"}
    }
    assert documented == options


def test_every_route_is_documented_with_its_path():
    text = (REFERENCE / "views.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text, re.MULTILINE))
    routes = {}
    for pattern in url_patterns():
        path = "/" + re.sub(
            r"<\w+:(\w+)>", lambda m: m[1].upper(), str(pattern.pattern)
        )
        routes[pattern.name] = path

    assert rows == routes


def test_every_field_of_the_rating_form_is_documented():
    text = (REPOSITORY / "feedback" / "rating" / "forms.py").read_text(encoding="utf-8")
    read = set(re.findall(r'post, "(\w+)"|post\.get(?:list)?\("(\w+)"', text))
    fields = {one or other for one, other in read}

    assert {"preference", "lease_no"} <= fields
    assert fields <= words_in("views.md")
