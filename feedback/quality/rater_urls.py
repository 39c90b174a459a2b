"""Known answers, training, and each rater's own page."""

from django.urls import path

from feedback.quality import gold_views, rater_views

urlpatterns = [
    path(
        "studies/<uuid:uid>/known-answers/",
        gold_views.known_answers,
        name="known_answers",
    ),
    path(
        "studies/<uuid:uid>/known-answers/choose/",
        gold_views.known_answer_choose,
        name="known_answer_choose",
    ),
    path(
        "tasks/<uuid:uid>/known-answer/",
        gold_views.known_answer_create,
        name="known_answer_create",
    ),
    path(
        "known-answers/<uuid:uid>/",
        gold_views.known_answer_edit,
        name="known_answer_edit",
    ),
    path(
        "known-answers/<uuid:uid>/retire/",
        gold_views.known_answer_retire,
        name="known_answer_retire",
    ),
    path(
        "assignments/<uuid:uid>/explained/",
        rater_views.assignment_explained,
        name="assignment_explained",
    ),
    path("studies/<uuid:uid>/my-rating/", rater_views.my_rating, name="my_rating"),
]
