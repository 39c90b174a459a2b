"""Safety flags, cases and the evidence that verdicts cite."""

from django.urls import path

from feedback.review import adjudication_views, cause_views, evidence_views, views

urlpatterns = [
    path("studies/<uuid:uid>/flags/", views.flag_list, name="flag_list"),
    path(
        "studies/<uuid:uid>/adjudication/",
        adjudication_views.case_list,
        name="case_list",
    ),
    path(
        "studies/<uuid:uid>/adjudication/next/",
        adjudication_views.case_next,
        name="case_next",
    ),
    path("studies/<uuid:uid>/causes/", cause_views.cause_list, name="cause_list"),
    path(
        "studies/<uuid:uid>/causes/<slug:table>.csv",
        cause_views.cause_csv,
        name="cause_csv",
    ),
    path("cases/<uuid:uid>/", adjudication_views.case_detail, name="case_detail"),
    path("cases/<uuid:uid>/claim/", adjudication_views.case_claim, name="case_claim"),
    path(
        "cases/<uuid:uid>/give-back/",
        adjudication_views.case_give_back,
        name="case_give_back",
    ),
    path(
        "cases/<uuid:uid>/withdraw/",
        adjudication_views.case_withdraw,
        name="case_withdraw",
    ),
    path(
        "tasks/<uuid:uid>/adjudicate/",
        adjudication_views.task_adjudicate,
        name="task_adjudicate",
    ),
    path(
        "studies/<uuid:uid>/evidence/",
        evidence_views.evidence_list,
        name="evidence_list",
    ),
    path(
        "editions/<uuid:uid>/supersede/",
        evidence_views.edition_supersede,
        name="edition_supersede",
    ),
]
