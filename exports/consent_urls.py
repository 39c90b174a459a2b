"""The route of withdrawn consent."""

from django.urls import path

from exports import consent_views as views

urlpatterns = [
    path(
        "studies/<uuid:uid>/withdrawn-consent/",
        views.consent_withdrawal_list,
        name="consent_withdrawal_list",
    ),
]
