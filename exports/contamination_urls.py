"""The routes of evaluation sets."""

from django.urls import path

from exports import contamination_views as views

urlpatterns = [
    path(
        "studies/<uuid:uid>/evaluation-sets/",
        views.evaluation_set_list,
        name="evaluation_set_list",
    ),
    path(
        "evaluation-sets/<uuid:uid>/retire/",
        views.evaluation_set_retire,
        name="evaluation_set_retire",
    ),
]
