"""What the API answers, as JSON Schema. Closed: a field that is not here is a defect."""

from typing import Any

Shape = dict[str, Any]

# The examples' names; a test makes a study and a snapshot that are called so.
STUDY = "6f1d6d0e-64b7-4a06-9a4e-0c9f3f6b2a10"
SNAPSHOT = "0b8f1f7c-2a9e-4c57-8d43-5a1f6f0e9c21"
PATH = "README.md"


def ref(name: str) -> Shape:
    """A component by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(shape: Shape) -> Shape:
    """That, or null."""
    return {"anyOf": [shape, {"type": "null"}]}


def listed(shape: Shape) -> Shape:
    """Any number of those."""
    return {"type": "array", "items": shape}


def closed(
    properties: dict[str, Shape], *, optional: frozenset[str] = frozenset()
) -> Shape:
    """An object with these fields, all of them there unless optional, and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


TEXT: Shape = {"type": "string"}
NUMBER: Shape = {"type": "integer"}
UID: Shape = {"type": "string", "format": "uuid"}
TIME: Shape = {"type": "string", "format": "date-time"}
URL: Shape = {"type": "string", "format": "uri"}
# Empty until there is something to hash.
SHA256: Shape = {"type": "string", "pattern": "^([0-9a-f]{64})?$"}
FREE: Shape = {"type": "object", "additionalProperties": True}

_SNAPSHOT: dict[str, Shape] = {
    "uid": UID,
    "url": URL,
    "study": UID,
    "study_name": TEXT,
    "number": NUMBER,
    "state": {"type": "string", "enum": ["building", "sealed", "failed"]},
    "created_at": TIME,
    "sealed_at": maybe(TIME),
    "n_judgments": NUMBER,
    "manifest_sha256": SHA256,
    "release": maybe(ref("Release")),
}

COMPONENTS: dict[str, Shape] = {
    "Study": closed({"uid": UID, "name": TEXT, "slug": TEXT, "snapshots": URL}),
    "Release": closed(
        {
            "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
            "state": {"type": "string", "enum": ["released", "withdrawn"]},
            "withdrawn_because": TEXT,
            "signature": TEXT,
            "public_key": TEXT,
        }
    ),
    "Snapshot": closed(_SNAPSHOT),
    "File": closed(
        {
            "path": TEXT,
            "url": URL,
            "configuration": TEXT,
            "split": TEXT,
            "n_rows": maybe(NUMBER),
            "size_bytes": NUMBER,
            "sha256": SHA256,
        }
    ),
    "SnapshotDetail": closed(
        _SNAPSHOT
        | {
            "step": TEXT,
            "error": TEXT,
            "test_percent": NUMBER,
            "rules": FREE,
            "members_sha256": SHA256,
            "contract": listed(FREE),
            "configurations": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": NUMBER,
                },
            },
            "archive": maybe(URL),
            "files": listed(ref("File")),
        }
    ),
    "Download": closed(
        {
            "url": URL,
            "expires_at": TIME,
            "path": maybe(TEXT),
            "size_bytes": maybe(NUMBER),
            "sha256": maybe(SHA256),
        }
    ),
    "Change": closed(
        {
            "cursor": TEXT,
            "release": UID,
            "version": TEXT,
            "configuration": TEXT,
            "example_id": TEXT,
            "reason": TEXT,
            "at": TIME,
        }
    ),
    "SigningKey": closed(
        {
            "key_id": TEXT,
            "public_key": TEXT,
            "first_used_at": TIME,
            "is_current": {"type": "boolean"},
        }
    ),
    "Problem": closed(
        {
            "type": TEXT,
            "title": TEXT,
            "status": NUMBER,
            "detail": TEXT,
            "next_step": TEXT,
            "request_id": TEXT,
            "errors": {"type": "object", "additionalProperties": TEXT},
        },
        optional=frozenset({"errors"}),
    ),
    "StudyPage": {},
    "SnapshotPage": {},
}
for _name in ("Study", "Snapshot"):
    COMPONENTS[f"{_name}Page"] = closed(
        {"next": maybe(URL), "previous": maybe(URL), "results": listed(ref(_name))}
    )
