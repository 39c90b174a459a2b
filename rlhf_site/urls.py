"""Every route, by app."""

from django.urls import include, path

from rlhf_site.views import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("feedback.accounts.urls")),
    path("", include("feedback.studies.urls")),
    path("", include("feedback.studies.setup_urls")),
    path("", include("feedback.rating.urls")),
    path("", include("feedback.quality.urls")),
    path("", include("feedback.quality.rater_urls")),
    path("", include("feedback.review.urls")),
    path("", include("exports.urls")),
]

handler400 = "rlhf_site.errors.bad_request"
handler403 = "rlhf_site.errors.forbidden"
handler404 = "rlhf_site.errors.not_found"
handler500 = "rlhf_site.errors.server_error"
