"""The routes of releases, and of walking an exported row back."""

from django.urls import path

from exports import dossier_views, provenance_views, release_api, release_views

urlpatterns = [
    path(
        "studies/<uuid:uid>/releases/", release_views.release_list, name="release_list"
    ),
    path(
        "snapshots/<uuid:uid>/release/",
        release_views.release_create,
        name="release_create",
    ),
    path("releases/<uuid:uid>/", release_views.release_detail, name="release_detail"),
    path("releases/<uuid:uid>/sign/", release_views.release_sign, name="release_sign"),
    path(
        "releases/<uuid:uid>/withdraw/",
        release_views.release_withdraw,
        name="release_withdraw",
    ),
    path(
        "releases/<uuid:uid>/signature/",
        release_views.release_signature,
        name="release_signature",
    ),
    path("signing-keys/", release_views.signing_key_list, name="signing_key_list"),
    path(
        "signing-keys/<str:key_id>.pub",
        release_views.signing_key_file,
        name="signing_key_file",
    ),
    path(
        "snapshots/<uuid:uid>/compare/",
        release_views.snapshot_compare,
        name="snapshot_compare",
    ),
    path(
        "snapshots/<uuid:uid>/rows/",
        provenance_views.row_provenance,
        name="row_provenance",
    ),
    path(
        "releases/<uuid:uid>/dossier/",
        dossier_views.release_dossier,
        name="release_dossier",
    ),
    path(
        "releases/<uuid:uid>/dossier.md",
        dossier_views.release_dossier_text,
        name="release_dossier_text",
    ),
    path(
        "api/v1/snapshots/<uuid:uid>/rows/",
        provenance_views.api_row_provenance,
        name="api_row_provenance",
    ),
    path(
        "api/v1/studies/<uuid:uid>/changes/",
        release_api.api_study_changes,
        name="api_study_changes",
    ),
    path(
        "api/v1/snapshots/<uuid:uid>/compare/",
        release_api.api_snapshot_compare,
        name="api_snapshot_compare",
    ),
    path(
        "api/v1/signing-keys/",
        release_api.api_signing_key_list,
        name="api_signing_key_list",
    ),
]
