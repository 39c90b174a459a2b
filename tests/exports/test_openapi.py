"""The document of the API: whole, true, and every example in it is sent as it stands."""

import json

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from jsonschema import Draft202012Validator

from exports.models import Snapshot
from exports.openapi.shapes import PATH, SNAPSHOT, STUDY
from exports.services import seal_snapshot
from feedback.accounts.models import Scope
from feedback.studies.models import Study
from tests.exports.test_tokens import bearer, token_for
from tests.foundation.routes import url_patterns

BOTH = (Scope.EXPORTS_READ, Scope.EXPORTS_CREATE)
# Behind a file's address lie bytes, which no schema describes.
BYTES = "*/*"
# They need a row's name or a second snapshot, which no example can know.
RUN_ELSEWHERE = {"walkBack", "compareSnapshots"}


@pytest.fixture(scope="module")
def document(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        answer = Client().get(reverse("api_schema"))
    assert answer.status_code == 200
    return json.loads(answer.content)


@pytest.fixture
def named(judged, settings):
    """The study and the snapshot that the examples speak of."""
    Study.objects.filter(pk=judged.study.pk).update(uid=STUDY)
    judged.study.refresh_from_db()
    snapshot = judged.request()
    Snapshot.objects.filter(pk=snapshot.pk).update(uid=SNAPSHOT)
    snapshot.refresh_from_db()
    seal_snapshot(snapshot=snapshot, directory=settings.EXPORT_DIR)
    assert snapshot.state == "sealed", snapshot.error
    return snapshot


@pytest.fixture
def program(named, judged):
    return bearer(token_for(judged.study.created_by, *BOTH)[1])


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def validator(document, shape):
    return Draft202012Validator(
        shape | {"components": document["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def filled(path, operation, **given):
    """The address, query and headers of an operation's own examples."""
    query, headers = {}, {}
    for one in operation["parameters"]:
        value = given.get(one["name"], one.get("example"))
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", value)
        elif value is not None:
            (query if one["in"] == "query" else headers)[one["name"]] = value
    return path, query, headers


def bodies_of(operation):
    content = operation.get("requestBody", {}).get("content", {})
    examples = content.get("application/json", {}).get("examples")
    if examples is None:
        return [None]
    return [one["value"] for one in examples.values()]


def test_it_is_openapi_31_and_every_shape_is_a_schema(document):
    assert document["openapi"].startswith("3.1")
    for shape in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(shape)


def test_every_route_for_machines_is_in_it(document):
    paths = {
        "/" + str(pattern.pattern).replace("<uuid:", "<").replace("<str:", "<")
        .replace("<path:", "<").replace("<", "{").replace(">", "}")
        for pattern in url_patterns(get_resolver())
        if pattern.name and pattern.name.startswith("api_")
    } - {"/api/v1/schema/"}  # fmt: skip
    assert paths == set(document["paths"])


def test_every_operation_says_what_can_go_wrong(document):
    for path, method, operation in operations(document):
        problems = [code for code in operation["responses"] if code >= "400"]
        assert problems, (path, method)
        for code in problems:
            content = operation["responses"][code]["content"]
            assert list(content) == ["application/problem+json"]


def test_every_name_is_used_once(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))


def test_every_body_that_is_shown_fits_its_own_schema(document):
    shown = 0
    for _path, _method, operation in operations(document):
        for body in bodies_of(operation):
            if body is not None:
                content = operation["requestBody"]["content"]["application/json"]
                validator(document, content["schema"]).validate(body)
                shown += 1
    assert shown >= 3


def test_every_example_runs_and_the_answer_is_as_described(document, program, named):
    made = program.post(
        reverse("api_download_create", args=[SNAPSHOT]),
        {"path": PATH},
        content_type="application/json",
    ).json()
    signature = made["url"].rstrip("/").rpartition("/")[2]
    n_run = 0
    for path, method, operation in operations(document):
        if operation["operationId"] in RUN_ELSEWHERE:
            continue
        url, query, headers = filled(path, operation, signature=signature)
        for body in bodies_of(operation):
            check(document, operation, send(program, method, url, query, headers, body))
            n_run += 1
    assert n_run >= len(list(operations(document))) - len(RUN_ELSEWHERE)


def send(program, method, url, query, headers, body):
    if method == "get":
        return program.get(url, query or None, headers=headers)
    return program.post(url, body, content_type="application/json", headers=headers)


def check(document, operation, answer):
    where = operation["operationId"]
    success = next(code for code in operation["responses"] if code < "300")
    content = operation["responses"][success]["content"]
    if BYTES in content:
        # The examples ask for a part.
        assert answer.status_code == 206, where
        assert len(b"".join(answer)) == 100
        return
    assert str(answer.status_code) == success, (where, answer.content)
    validator(document, content["application/json"]["schema"]).validate(answer.json())


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/api/v1/studies/?name=x", "get", 422),
        (f"/api/v1/studies/{SNAPSHOT}/snapshots/", "get", 404),
        ("/api/v1/snapshots/?state=lost", "get", 422),
        (f"/api/v1/snapshots/{STUDY}/", "get", 404),
        (f"/api/v1/snapshots/{SNAPSHOT}/files/none", "get", 404),
        (f"/api/v1/studies/{STUDY}/snapshots/", "post", 422),
        ("/api/v1/downloads/none/", "get", 404),
    ],
)
def test_problems_are_as_described(document, program, named, path, method, status):
    answer = send(program, method, path, {}, {}, {"none": 1})
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    problem = validator(document, {"$ref": "#/components/schemas/Problem"})
    problem.validate(answer.json())
