"""Every template: compiles, leads somewhere, is used, and needs no exception in the CSP."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template
from django.urls import reverse

from rlhf_site import errors
from tests.foundation.routes import url_patterns

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
NAMES = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*")
    if path.is_file()
)
PAGES = [name for name in NAMES if name.endswith(".html")]
SOURCES = {name: (TEMPLATES / name).read_text(encoding="utf-8") for name in NAMES}
PYTHON = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("feedback", "exports", "rlhf_site")
    for path in sorted((ROOT / folder).rglob("*.py"))
)
# Written by one view or the other under a name that is put together.
BY_STATUS = {f"errors/{status}.html" for status in (*errors._TEMPLATES, 500, 503)}


@pytest.mark.parametrize("name", NAMES)
def test_template_compiles(name):
    get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_every_address_in_a_template_exists(name):
    known = {pattern.name for pattern in url_patterns()}
    named = set(re.findall(r"{%\s*url\s+'([^']+)'", SOURCES[name]))
    named |= set(re.findall(r'{%\s*url\s+"([^"]+)"', SOURCES[name]))
    assert named <= known


@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_used(name):
    if name in BY_STATUS:
        return
    in_template = re.compile(rf'{{%\s*(include|extends)\s+"{re.escape(name)}"')
    folder, _, file = name.rpartition("/")
    stem = file.removesuffix(".html")
    by_name = f'"{name}"' in PYTHON
    by_stem = f'f"{folder}/{{name}}.html"' in PYTHON and f'"{stem}"' in PYTHON
    by_template = any(in_template.search(source) for source in SOURCES.values())
    assert by_name or by_stem or by_template


def test_every_error_has_its_page():
    assert {n for n in PAGES if re.fullmatch(r"errors/\d+\.html", n)} == BY_STATUS


FORBIDDEN = {
    "a script in the page": r"<script(?![^>]*\ssrc=)",
    "a style sheet in the page": r"<style",
    "a style attribute": r"\sstyle\s*=",
    "an event attribute": r"\son[a-z]+\s*=",
    "an htmx event attribute": r"\shx-on",
    "htmx evaluating an expression": r"""hx-(vals|headers)\s*=\s*["']\s*js:""",
    "a javascript address": r"javascript:",
    "another host": r"""(src|href|action|srcset)\s*=\s*["']?\s*(https?:)?//""",
    "text that is not escaped": r"\|\s*safe\b|autoescape\s+off",
}


EXAMPLES = {
    "a script in the page": "<script>go()</script>",
    "a style sheet in the page": "<style>p {}</style>",
    "a style attribute": '<p style="color: red">',
    "an event attribute": '<p onclick="go()">',
    "an htmx event attribute": '<p hx-on:click="go()">',
    "htmx evaluating an expression": """<p hx-vals='js:{a: 1}'>""",
    "a javascript address": '<a href="javascript:go()">',
    "another host": '<img src="//cdn.example/a.png">',
    "text that is not escaped": "{{ text|safe }}",
}


def broken_rules(text):
    return [
        what
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("name", PAGES)
def test_template_breaks_no_rule(name):
    assert not broken_rules(SOURCES[name])


@pytest.mark.parametrize("what", FORBIDDEN)
def test_each_rule_notices_what_it_forbids(what):
    assert broken_rules(EXAMPLES[what]) == [what]


@pytest.mark.parametrize("name", PAGES)
def test_what_htmx_does_works_without_it(name):
    """A link or form that htmx takes over has an address of its own."""
    for tag in re.findall(
        r"<(?:a|form|button)\b[^>]*\shx-(?:get|post)[^>]*>", SOURCES[name]
    ):
        assert re.search(r"\s(href|action|formaction)=", tag), tag


@pytest.mark.parametrize("name", PAGES)
def test_every_form_that_posts_carries_the_token(name):
    for form in re.findall(r"<form\b.*?</form>", SOURCES[name], re.DOTALL):
        if re.search(r"""method=["']post["']""", form, re.IGNORECASE):
            assert "{% csrf_token %}" in form


@pytest.mark.parametrize("name", PAGES)
def test_the_first_line_lists_the_context(name):
    assert SOURCES[name].startswith("{# "), name


def test_every_page_extends_the_base():
    """But for those that must work when nothing else does."""
    alone = {"base.html", "errors/500.html", "errors/503.html"}
    for name in PAGES:
        is_fragment = name.rpartition("/")[2].startswith("_")
        if name not in alone and not is_fragment:
            assert '{% extends "base.html" %}' in SOURCES[name], name


def test_scripts_and_styles_name_no_other_host():
    for path in sorted((ROOT / "static").rglob("*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            text = text.replace("http://www.w3.org/", "")
            assert not re.search(r"https?://", text), path.name


def test_the_way_home_is_the_root():
    assert reverse("home") == "/"


@pytest.mark.parametrize(
    "name",
    [
        "rating/_prompt.html",
        "rating/_single.html",
        "rating/_pair.html",
        "review/flag_list.html",
    ],
)
def test_text_of_a_model_stands_where_htmx_does_not_look(name):
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    shown = re.findall(
        r"<(\w+)([^>]*)>{{ [\w.]*(?:content|last_turn|item\.text) }}", text
    )

    assert shown
    assert all("hx-disable" in attributes for _tag, attributes in shown)
