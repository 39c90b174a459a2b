"""Every route, by app."""

from django.urls import include, path

urlpatterns = [
    path("", include("feedback.accounts.urls")),
]

handler400 = "rlhf_site.errors.bad_request"
handler403 = "rlhf_site.errors.forbidden"
handler404 = "rlhf_site.errors.not_found"
handler500 = "rlhf_site.errors.server_error"
