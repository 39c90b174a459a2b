"""Setting a study up: settings, people, guideline drafts."""

from django.urls import path

from feedback.studies import invitation_views, people_views

urlpatterns = [
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
        "join/<str:token>/", invitation_views.invitation_accept, name="invitation_accept"
    ),
]
