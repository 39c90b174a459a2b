"""Who may know whom: foreign keys, imports, and that the linter covers every package."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.db import models

ROOT = Path(__file__).resolve().parents[2]
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]
CONTRACTS = {contract["name"]: contract for contract in LINTER["contracts"]}
HOUSE = next(c for name, c in CONTRACTS.items() if name.startswith("The house"))
INSIDE = next(c for name, c in CONTRACTS.items() if name.startswith("Inside an app"))

# Top first; packages that stand side by side share a floor.
FLOORS = [[part.strip(" ()") for part in layer.split("|")] for layer in HOUSE["layers"]]
HEIGHT = {
    package: len(FLOORS) - number
    for number, floor in enumerate(FLOORS)
    for package in floor
}
OURS = [config for config in apps.get_app_configs() if config.name in HEIGHT]
MODELS = [
    model
    for config in OURS
    for model in config.get_models()
    if not hasattr(model, "pgh_tracked_model")
]
RELATIONS = [
    pytest.param(field, id=f"{model._meta.label}.{field.name}")
    for model in MODELS
    for field in model._meta.get_fields()
    if isinstance(field, models.ForeignKey | models.ManyToManyField)
]


@pytest.mark.parametrize("field", RELATIONS)
def test_foreign_keys_point_down_or_stay_in_their_app(field):
    here = field.model._meta.app_config.name
    there = field.related_model._meta.app_config.name
    assert there in HEIGHT, f"{there} is not one of our apps"
    assert here == there or HEIGHT[here] > HEIGHT[there]


@pytest.mark.parametrize(
    "field", [p for p in RELATIONS if isinstance(p.values[0], models.ForeignKey)]
)
def test_evidence_is_never_deleted_by_a_cascade(field):
    assert field.remote_field.on_delete is models.PROTECT


def test_there_are_no_generic_keys():
    for model in MODELS:
        for field in model._meta.private_fields:
            assert not isinstance(field, GenericForeignKey), model


def python_packages():
    """The packages that the linter must know: our apps and parts."""
    found = {"rlhf_site", "exports"}
    found |= {
        f"feedback.{path.parent.name}" for path in ROOT.glob("feedback/*/__init__.py")
    }
    return found


def test_the_linter_knows_every_package():
    assert python_packages() <= set(HEIGHT)


def test_the_linter_looks_inside_every_app_with_tables():
    with_services = {
        package
        for package in python_packages() - {"rlhf_site", "feedback.common"}
        if any((folder_of(package) / f"{name}.py").exists() for name in WRITES)
    }
    assert with_services <= set(INSIDE["containers"])


def folder_of(package):
    return ROOT / package.replace(".", "/")


WRITES = ("models", "selectors", "services")
INTERFACES = {
    "rest_framework",
    "celery",
    "django.http",
    "django.shortcuts",
    "django.contrib.messages",
    "django_htmx",
}


def imported(path):
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def rule_files():
    """Everything that decides or stores, in each app: what no interface may leak into."""
    for package in sorted(python_packages() - {"rlhf_site", "feedback.common"}):
        for path in sorted(folder_of(package).glob("*.py")):
            if path.stem.split("_")[0] in WRITES:
                yield path


@pytest.mark.parametrize(
    "path", list(rule_files()), ids=lambda p: f"{p.parent.name}/{p.stem}"
)
def test_rules_know_nothing_of_http_or_celery(path):
    known = {
        name
        for name in imported(path)
        for interface in INTERFACES
        if name == interface or name.startswith(f"{interface}.")
    }
    assert not known


def test_the_site_starts_without_the_heavy_libraries():
    """Reading data sets, frames and models is work of a command or a worker.

    pyarrow is not on the list: schemas and readers are declared with it, for a
    quarter of a second at start-up.
    """
    code = (
        "import sys, django; django.setup(); import rlhf_site.urls, rlhf_site.wsgi;"
        "print(sorted({m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import tests.settings\n" + code],
        cwd=ROOT,
        env=environment(DJANGO_SETTINGS_MODULE="tests.settings"),
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(ast.literal_eval(done.stdout))
    assert "django" in loaded
    assert loaded.isdisjoint(
        {"datasets", "pandas", "torch", "transformers", "huggingface_hub", "openai"}
    )


def environment(**changes):
    import os

    return {**os.environ, **changes}  # noqa: TID251 - to pass on
