"""Every operation of the API: what it takes, what it answers, and examples."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import extend_schema

from exports import api, api_files
from exports.openapi.shapes import (
    COMPONENTS,
    FREE,
    PATH,
    SNAPSHOT,
    STUDY,
    TEXT,
    UID,
    Shape,
    closed,
    ref,
)

_PROBLEM = {"application/problem+json": {"schema": ref("Problem")}}
_PROBLEMS = {
    "401": "No token, or one that opens nothing.",
    "403": "The token lacks the scope.",
    "404": "It does not exist, or not for you.",
    "409": "It cannot be done now.",
    "410": "The link was used or has expired.",
    "416": "The range begins behind the end of the file.",
    "422": "Something that was sent cannot be used.",
    "429": "Too many refused tokens from this address.",
}
_USUAL = ("401", "403", "404", "422", "429")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one route.

    Attributes:
        view: the function that answers.
        method: GET or POST.
        name: the operation's id.
        summary: what it does.
        answer: status and media types of success.
        parameters: of path, query and headers.
        body: media types of what is sent.
        problems: the statuses of what can go wrong.
        is_public: whether no token is needed.
    """

    view: Callable[..., Any]
    method: str
    name: str
    summary: str
    answer: tuple[str, Shape]
    parameters: tuple[Shape, ...] = ()
    body: Shape | None = None
    problems: tuple[str, ...] = _USUAL
    is_public: bool = False

    def as_openapi(self) -> Shape:
        """As the document has it."""
        status, content = self.answer
        responses: Shape = {
            status: {"description": self.summary, "content": content}
        } | {
            code: {"description": _PROBLEMS[code], "content": _PROBLEM}
            for code in self.problems
        }
        operation: Shape = {
            "operationId": self.name,
            "summary": self.summary,
            "tags": ["datasets"],
            "parameters": list(self.parameters),
            "responses": responses,
        }
        if self.body is not None:
            operation["requestBody"] = {"required": True, "content": self.body}
        if self.is_public:
            operation["security"] = []
        return operation


def as_json(shape: Shape) -> Shape:
    """An answer in JSON of that shape."""
    return {"application/json": {"schema": shape}}


def in_path(name: str, shape: Shape, example: str, said: str) -> Shape:
    """A parameter that stands in the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": shape,
        "example": example,
        "description": said,
    }


def optional(place: str, name: str, shape: Shape, said: str, **more: str) -> Shape:
    """A parameter of query or headers; `more` may hold an example."""
    return {"name": name, "in": place, "schema": shape, "description": said, **more}


OF_STUDY = in_path("uid", UID, STUDY, "Of the study.")
OF_SNAPSHOT = in_path("uid", UID, SNAPSHOT, "Of the snapshot.")
_CURSOR = optional("query", "cursor", TEXT, "From `next` of the page before.")
_STATE = optional(
    "query",
    "state",
    {"type": "string", "enum": ["building", "sealed", "failed"]},
    "Only snapshots in this state.",
    example="sealed",
)
_BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_RANGE = optional(
    "header", "Range", TEXT, "A part; the answer is then 206.", example="bytes=0-99"
)
_IF_RANGE = optional(
    "header", "If-Range", TEXT, "The ETag: another file is sent whole."
)

OPERATIONS = (
    Operation(
        view=api.api_study_list,
        method="GET",
        name="listStudies",
        summary="The studies whose datasets you may pull",
        answer=("200", as_json(ref("StudyPage"))),
        parameters=(_CURSOR,),
    ),
    Operation(
        view=api.api_study_snapshots,
        method="GET",
        name="listSnapshotsOfStudy",
        summary="The snapshots of a study, newest first",
        answer=("200", as_json(ref("SnapshotPage"))),
        parameters=(OF_STUDY, _STATE, _CURSOR),
    ),
    Operation(
        view=api.api_study_snapshots,
        method="POST",
        name="sealSnapshot",
        summary="Ask for a new snapshot; its state says when it is sealed",
        answer=("202", as_json(ref("SnapshotDetail"))),
        parameters=(
            OF_STUDY,
            optional(
                "header",
                "Idempotency-Key",
                {"type": "string", "maxLength": 100},
                "Sent again with the same body, it makes no second snapshot.",
                example="nightly-2026-11-24",
            ),
        ),
        body={
            "application/json": {
                "schema": FREE,
                "examples": {
                    "thresholds": {
                        "summary": "What is not named has the page's default",
                        "value": {"test_percent": 20, "min_raters": 1},
                    },
                },
            }
        },
        problems=(*_USUAL, "409"),
    ),
    Operation(
        view=api.api_snapshot_list,
        method="GET",
        name="listSnapshots",
        summary="The snapshots of all your studies, newest first",
        answer=("200", as_json(ref("SnapshotPage"))),
        parameters=(
            optional("query", "study", UID, "Only this study's.", example=STUDY),
            _STATE,
            _CURSOR,
        ),
    ),
    Operation(
        view=api.api_snapshot_detail,
        method="GET",
        name="getSnapshot",
        summary="A snapshot with its contract, files and hashes",
        answer=("200", as_json(ref("SnapshotDetail"))),
        parameters=(OF_SNAPSHOT,),
    ),
    Operation(
        view=api_files.api_snapshot_file,
        method="GET",
        name="getFile",
        summary="One file, or a part of it",
        answer=("200", _BYTES),
        parameters=(
            OF_SNAPSHOT,
            in_path("path", TEXT, PATH, "From the snapshot's files."),
            _RANGE,
            _IF_RANGE,
        ),
        problems=(*_USUAL, "409", "416"),
    ),
    Operation(
        view=api_files.api_download_create,
        method="POST",
        name="makeDownload",
        summary="A signed link for one download, for a program without a token",
        answer=("201", as_json(ref("Download"))),
        parameters=(OF_SNAPSHOT,),
        body={
            "application/json": {
                "schema": closed({"path": TEXT}, optional=frozenset({"path"})),
                "examples": {
                    "file": {"summary": "One file", "value": {"path": PATH}},
                    "archive": {"summary": "The whole folder", "value": {}},
                },
            }
        },
        problems=(*_USUAL, "409"),
    ),
    Operation(
        view=api_files.api_download,
        method="GET",
        name="download",
        summary="What a link gives, until its last byte has gone once",
        answer=("200", _BYTES),
        parameters=(
            in_path("signature", TEXT, "UID:SIGNATURE", "From `makeDownload`."),
            _RANGE,
            _IF_RANGE,
        ),
        problems=("404", "409", "410", "416"),
        is_public=True,
    ),
)


def describe(operations: Iterable[Operation]) -> None:
    """Give each view its operations; drf-spectacular reads them there."""
    for one in operations:
        extend_schema(methods=[one.method], operation=one.as_openapi())(one.view)


def add_components(result: Shape, **_kwargs: object) -> Shape:
    """Called by drf-spectacular when the document is put together."""
    result["security"] = [{"bearer": []}]
    components = result.setdefault("components", {})
    components["schemas"] = dict(sorted(COMPONENTS.items()))
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from the page Your tokens.",
        }
    }
    return result
