"""The forms of signing in and of choosing another password."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.http import HttpRequest

from feedback.accounts.models import User


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


class ChangePasswordForm(PasswordChangeForm):
    """The old password, and the new one twice.

    The old one is checked as signing in checks it, so that wrong ones are counted
    together with those of the sign-in page.
    """

    error_messages = {  # noqa: RUF012 - Django's spelling
        "password_mismatch": "The two new passwords are not the same.",
        "password_incorrect": "This is not your password. Type it again.",
    }

    def __init__(
        self,
        request: HttpRequest,
        user: User,
        data: Any = None,  # noqa: ANN401 - what Django's forms take
        *,
        asks_old: bool,
    ) -> None:
        super().__init__(user, data)
        self.request = request
        labels = {
            "old_password": "Your password now",
            "new_password1": "New password",
            "new_password2": "New password again",
        }
        for name, label in labels.items():
            self.fields[name].label = label
            self.fields[name].widget.attrs["maxlength"] = 4096
        self.fields["new_password1"].help_text = "At least 12 characters."
        self.fields["new_password2"].help_text = ""
        if not asks_old:
            del self.fields["old_password"]
            self.fields["new_password1"].widget.attrs["autofocus"] = True

    def clean_old_password(self) -> str:
        """Refuse a wrong one, and count it."""
        given = str(self.cleaned_data["old_password"])
        found = authenticate(self.request, username=self.user.email, password=given)
        if found != self.user:
            raise forms.ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            )
        return given
