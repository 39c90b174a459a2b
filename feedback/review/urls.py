"""Safety flags."""

from django.urls import path

from feedback.review import views

urlpatterns = [
    path("studies/<uuid:uid>/flags/", views.flag_list, name="flag_list"),
]
