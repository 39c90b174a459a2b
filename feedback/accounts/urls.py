"""Signing in and out, and what people set for themselves."""

from django.urls import path

from feedback.accounts import key_views, password_views, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/link/<str:token>/", views.sign_in_link, name="sign_in_link"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("settings/keys/", key_views.key_settings, name="key_settings"),
    path("settings/password/", password_views.password_change, name="password_change"),
]
