"""Studies, imports into them, their guidelines and the questions of their raters."""

from django.urls import path

from feedback.studies import guideline_views, import_views, question_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("studies/", views.study_list, name="study_list"),
    path("studies/<uuid:uid>/", views.study_detail, name="study_detail"),
    path("studies/<uuid:uid>/import/", import_views.batch_create, name="batch_create"),
    path("imports/<uuid:uid>/", import_views.batch_detail, name="batch_detail"),
    path(
        "studies/<uuid:uid>/questions/",
        question_views.study_questions,
        name="study_questions",
    ),
    path(
        "assignments/<uuid:uid>/questions/",
        question_views.assignment_question,
        name="assignment_question",
    ),
    path(
        "questions/<uuid:uid>/reply/",
        question_views.question_reply,
        name="question_reply",
    ),
    path(
        "guidelines/<uuid:uid>/acknowledge/",
        guideline_views.guideline_acknowledge,
        name="guideline_acknowledge",
    ),
]
