"""Studies and imports into them."""

from django.urls import path

from feedback.studies import import_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("studies/", views.study_list, name="study_list"),
    path("studies/<uuid:uid>/", views.study_detail, name="study_detail"),
    path("studies/<uuid:uid>/import/", import_views.batch_create, name="batch_create"),
    path("imports/<uuid:uid>/", import_views.batch_detail, name="batch_detail"),
]
