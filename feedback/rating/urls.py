"""Taking tasks, answering them, and looking back."""

from django.urls import path

from feedback.rating import views

urlpatterns = [
    path("studies/<uuid:uid>/rate/", views.study_rate, name="study_rate"),
    path("assignments/<uuid:uid>/", views.assignment_detail, name="assignment_detail"),
    path("judgments/", views.judgment_list, name="judgment_list"),
]
