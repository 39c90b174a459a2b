"""The routes of exports."""

from django.urls import include, path

from exports import api, api_files, token_views, views

urlpatterns = [
    path("", include("exports.release_urls")),
    path("", include("exports.contamination_urls")),
    path("", include("exports.consent_urls")),
    path("", include("exports.delivery_urls")),
    path("studies/<uuid:uid>/exports/", views.snapshot_list, name="snapshot_list"),
    path("studies/<uuid:uid>/exports/seal/", views.snapshot_seal, name="snapshot_seal"),
    path("snapshots/<uuid:uid>/", views.snapshot_detail, name="snapshot_detail"),
    path(
        "snapshots/<uuid:uid>/archive/", views.snapshot_archive, name="snapshot_archive"
    ),
    path(
        "snapshots/<uuid:uid>/files/<path:path>",
        views.snapshot_file,
        name="snapshot_file",
    ),
    path("settings/tokens/", token_views.token_list, name="token_list"),
    path(
        "settings/tokens/<uuid:uid>/revoke/",
        token_views.token_revoke,
        name="token_revoke",
    ),
    path("api/v1/studies/", api.api_study_list, name="api_study_list"),
    path(
        "api/v1/studies/<uuid:uid>/snapshots/",
        api.api_study_snapshots,
        name="api_study_snapshots",
    ),
    path("api/v1/snapshots/", api.api_snapshot_list, name="api_snapshot_list"),
    path(
        "api/v1/snapshots/<uuid:uid>/",
        api.api_snapshot_detail,
        name="api_snapshot_detail",
    ),
    path(
        "api/v1/snapshots/<uuid:uid>/files/<path:path>",
        api_files.api_snapshot_file,
        name="api_snapshot_file",
    ),
    path(
        "api/v1/snapshots/<uuid:uid>/downloads/",
        api_files.api_download_create,
        name="api_download_create",
    ),
    path(
        "api/v1/downloads/<str:signature>/",
        api_files.api_download,
        name="api_download",
    ),
]
