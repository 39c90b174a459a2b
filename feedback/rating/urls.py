"""Taking tasks, answering them, taking answers back, and looking at them."""

from django.urls import path

from feedback.rating import (
    decline_views,
    draft_views,
    preview_views,
    revision_views,
    views,
)

urlpatterns = [
    path("studies/<uuid:uid>/rate/", views.study_rate, name="study_rate"),
    path("assignments/<uuid:uid>/", views.assignment_detail, name="assignment_detail"),
    path(
        "assignments/<uuid:uid>/draft/",
        draft_views.assignment_draft,
        name="assignment_draft",
    ),
    path(
        "assignments/<uuid:uid>/decline/",
        decline_views.assignment_decline,
        name="assignment_decline",
    ),
    path(
        "assignments/<uuid:uid>/revise/",
        revision_views.assignment_revise,
        name="assignment_revise",
    ),
    path(
        "assignments/<uuid:uid>/reveal/",
        revision_views.assignment_reveal,
        name="assignment_reveal",
    ),
    path("studies/<uuid:uid>/undo/", revision_views.study_undo, name="study_undo"),
    path(
        "studies/<uuid:uid>/preview/<slug:kind>/",
        preview_views.study_preview,
        name="study_preview",
    ),
    path("judgments/", views.judgment_list, name="judgment_list"),
]
