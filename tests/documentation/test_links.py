"""Links lead somewhere, and commands named in the documentation exist."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        *(REPOSITORY / "rlhf_site").rglob("*.md"),
    ]
)
_TARGETS = set(
    re.findall(
        r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M
    )
)


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_to_something(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)", text)
    broken = [
        link
        for link in links
        if not link.startswith(("http://", "https://", "mailto:"))
        and not (page.parent / link).exists()
    ]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_make_targets_exist(page):
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```(?:sh|bash)?\n(.*?)```", text, re.DOTALL))
    blocks += "\n".join(re.findall(r"`(make [^`]+)`", text))
    named = set(re.findall(r"^make ([a-z-]+)", blocks, re.MULTILINE))

    assert named <= _TARGETS


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_tests_and_benchmarks_exist(page):
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"\b((?:tests|benchmarks)/[\w/]+\.py)", text):
        assert (REPOSITORY / path).is_file(), path
