"""Reports on a study's quality."""

from django.urls import path

from feedback.quality import views

urlpatterns = [
    path("studies/<uuid:uid>/quality/", views.quality, name="quality"),
    path(
        "studies/<uuid:uid>/quality/pairs/<slug:question>/",
        views.quality_pairs,
        name="quality_pairs",
    ),
    path(
        "studies/<uuid:uid>/quality/consensus/items/<slug:question>/",
        views.quality_items,
        name="quality_items",
    ),
    path(
        "studies/<uuid:uid>/quality/tasks/<uuid:task_uid>/",
        views.quality_task,
        name="quality_task",
    ),
    path(
        "studies/<uuid:uid>/quality/<slug:key>/",
        views.quality_block,
        name="quality_block",
    ),
    path(
        "studies/<uuid:uid>/quality/<slug:key>/<slug:table>.csv",
        views.quality_csv,
        name="quality_csv",
    ),
]
