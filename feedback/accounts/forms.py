"""The sign-in form."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """E-mail and password; one message for every kind of failure."""

    error_messages = {  # noqa: RUF012 - Django's spelling
        "invalid_login": (
            "This e-mail and password do not belong together. Check both, or ask "
            "your study lead for a sign-in link."
        ),
        "inactive": (
            "This e-mail and password do not belong together. Check both, or ask "
            "your study lead for a sign-in link."
        ),
    }

    username = forms.EmailField(
        label="E-mail",
        # No account has a longer one, and wrong passwords could not be counted for it.
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
