"""The routes of exports."""

from django.urls import path

from exports import api, views

urlpatterns = [
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
    path("api/v1/snapshots/", api.api_snapshot_list, name="api_snapshot_list"),
    path(
        "api/v1/snapshots/<uuid:uid>/",
        api.api_snapshot_detail,
        name="api_snapshot_detail",
    ),
]
