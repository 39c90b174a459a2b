"""Operations on releases, their withdrawals and the way of a row."""

from exports import provenance_views, release_api
from exports.openapi.operations import (
    OF_SNAPSHOT,
    OF_STUDY,
    Operation,
    as_json,
    optional,
)
from exports.openapi.shapes import FREE, TEXT, UID, closed, listed, ref

OPERATIONS = (
    Operation(
        view=release_api.api_study_changes,
        method="GET",
        name="listChanges",
        summary="Rows withdrawn of a study's releases, oldest first",
        answer=(
            "200",
            as_json(
                closed(
                    {
                        "changes": listed(ref("Change")),
                        "next": TEXT,
                        "has_more": {"type": "boolean"},
                    }
                )
            ),
        ),
        parameters=(OF_STUDY, optional("query", "since", TEXT, "From `next`.")),
    ),
    Operation(
        view=release_api.api_snapshot_compare,
        method="GET",
        name="compareSnapshots",
        summary="What changed from another snapshot to this one",
        answer=("200", as_json(FREE)),
        parameters=(
            OF_SNAPSHOT,
            optional("query", "with", UID, "The other snapshot."),
        ),
    ),
    Operation(
        view=release_api.api_signing_key_list,
        method="GET",
        name="listSigningKeys",
        summary="The public keys that releases are signed with",
        answer=("200", as_json(closed({"keys": listed(ref("SigningKey"))}))),
    ),
    Operation(
        view=provenance_views.api_row_provenance,
        method="GET",
        name="walkBack",
        summary="Everything that an exported row came from",
        answer=("200", as_json(FREE)),
        parameters=(
            OF_SNAPSHOT,
            {
                **optional(
                    "query", "row", TEXT, "Its example_id, or a judgment's uid."
                ),
                "required": True,
            },
            optional("query", "configuration", TEXT, "Where the row is."),
        ),
    ),
)
