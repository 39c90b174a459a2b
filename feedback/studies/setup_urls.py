"""Setting a study up: settings, people, guideline drafts."""

from django.urls import path

from feedback.studies import (
    change_request_views,
    draft_question_views,
    draft_views,
    invitation_views,
    people_views,
    setup_views,
)

_STUDY = [
    path("studies/new/", setup_views.study_create, name="study_create"),
    path("studies/<uuid:uid>/setup/", setup_views.study_setup, name="study_setup"),
    path(
        "studies/<uuid:uid>/settings/",
        setup_views.study_settings,
        name="study_settings",
    ),
    path("studies/<uuid:uid>/state/", setup_views.study_state, name="study_state"),
    path("studies/<uuid:uid>/clone/", setup_views.study_clone, name="study_clone"),
]
_PEOPLE = [
    path("studies/<uuid:uid>/people/", people_views.people_list, name="people_list"),
    path(
        "enrollments/<uuid:uid>/",
        people_views.enrollment_detail,
        name="enrollment_detail",
    ),
    path(
        "enrollments/<uuid:uid>/credentials/",
        people_views.credential_add,
        name="credential_add",
    ),
    path(
        "credentials/<uuid:uid>/check/",
        people_views.credential_check,
        name="credential_check",
    ),
    path(
        "studies/<uuid:uid>/invite/",
        invitation_views.invitation_create,
        name="invitation_create",
    ),
    path(
        "invitations/<uuid:uid>/renew/",
        invitation_views.invitation_renew,
        name="invitation_renew",
    ),
    path(
        "invitations/<uuid:uid>/revoke/",
        invitation_views.invitation_revoke,
        name="invitation_revoke",
    ),
    path(
        "join/<str:token>/",
        invitation_views.invitation_accept,
        name="invitation_accept",
    ),
]
_GUIDELINE = [
    path(
        "studies/<uuid:uid>/guideline/",
        draft_views.guideline_list,
        name="guideline_list",
    ),
    path(
        "studies/<uuid:uid>/draft/start/", draft_views.draft_start, name="draft_start"
    ),
    path("studies/<uuid:uid>/draft/", draft_views.draft_detail, name="draft_detail"),
    path(
        "studies/<uuid:uid>/draft/discard/",
        draft_views.draft_discard,
        name="draft_discard",
    ),
    path(
        "studies/<uuid:uid>/draft/tasks/", draft_views.draft_tasks, name="draft_tasks"
    ),
    path(
        "studies/<uuid:uid>/draft/publish/",
        draft_views.draft_publish,
        name="draft_publish",
    ),
    path(
        "studies/<uuid:uid>/draft/criteria/",
        draft_question_views.criterion_create,
        name="criterion_create",
    ),
    path(
        "draft-criteria/<uuid:uid>/",
        draft_question_views.criterion_edit,
        name="criterion_edit",
    ),
    path(
        "draft-criteria/<uuid:uid>/order/",
        draft_question_views.criterion_order,
        name="criterion_order",
    ),
    path(
        "studies/<uuid:uid>/draft/labels/",
        draft_question_views.label_create,
        name="label_create",
    ),
    path(
        "draft-labels/<uuid:uid>/", draft_question_views.label_edit, name="label_edit"
    ),
    path(
        "draft-labels/<uuid:uid>/order/",
        draft_question_views.label_order,
        name="label_order",
    ),
    path(
        "studies/<uuid:uid>/change-requests/",
        change_request_views.change_request_list,
        name="change_request_list",
    ),
    path(
        "change-requests/<uuid:uid>/resolve/",
        change_request_views.change_request_resolve,
        name="change_request_resolve",
    ),
]

urlpatterns = [*_STUDY, *_PEOPLE, *_GUIDELINE]
