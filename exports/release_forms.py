"""The forms that prepare, sign and withdraw a release."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest

from exports.versions import Proposal, Version
from feedback.accounts.models import User
from feedback.accounts.proofs import Proof, proof_by_link
from feedback.common.exceptions import Invalid

_MOST_CHARACTERS = 20_000


class ReleaseForm(forms.Form):
    """Version and notes of a release."""

    version = forms.CharField(
        label="Version",
        max_length=23,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}),
    )
    notes = forms.CharField(
        label="Notes for those who pull it",
        required=False,
        max_length=_MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What is new, what was corrected, what to watch out for.",
    )

    def __init__(self, *args: Any, proposal: Proposal, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.proposal = proposal
        self.fields["version"].initial = str(proposal.version)
        self.fields[
            "version"
        ].help_text = (
            f"{proposal.version} or higher, because {'; '.join(proposal.reasons)}."
        )

    def clean_version(self) -> Version:
        """Read the version, and refuse one that is too low."""
        try:
            version = Version.from_text(self.cleaned_data["version"])
        except Invalid as refusal:
            raise forms.ValidationError(refusal.message) from refusal
        if version < self.proposal.version:
            raise forms.ValidationError(
                f"{version} is too low. Choose {self.proposal.version} or a higher one."
            )
        return version


class SignForm(forms.Form):
    """Password or fresh link: it is really you who signs."""

    password = forms.CharField(
        label="Your password",
        required=False,
        strip=False,
        max_length=4_096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    link = forms.CharField(
        label="Or a fresh sign-in link",
        required=False,
        max_length=2_000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=(
            "If you have no password: ask your administrator for a sign-in link, do not "
            "open it, and paste it here within 15 minutes."
        ),
    )

    def __init__(
        self,
        request: HttpRequest,
        *args: Any,  # noqa: ANN401
        user: User,
        now: datetime,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **kwargs)
        self._request = request
        self._user = user
        self._now = now
        if not user.has_usable_password():
            del self.fields["password"]
            self.fields["link"].label = "A fresh sign-in link"
        self.proof: Proof | None = None

    def clean(self) -> dict[str, Any]:
        """Prove it. Wrong passwords are counted as at the sign-in page."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("password"):
            self.proof = self._by_password(cleaned["password"])
        elif cleaned.get("link"):
            self.proof = proof_by_link(cleaned["link"], user=self._user, now=self._now)
            if self.proof is None:
                self.add_error(
                    "link",
                    "This is not an unused sign-in link of yours from the last 15 "
                    "minutes. Ask for a new one.",
                )
        else:
            self.add_error(
                next(iter(self.fields)), "Prove that it is you, to sign this release."
            )
        return cleaned

    def _by_password(self, password: str) -> Proof | None:
        person = authenticate(
            self._request, username=self._user.email, password=password
        )
        if person is None or person.pk != self._user.pk:
            self.add_error("password", "This is not your password. Nothing was signed.")
            return None
        return Proof(user_id=self._user.pk)


class WithdrawForm(forms.Form):
    """Why a release must not be used."""

    because = forms.CharField(
        label="Why it must not be used",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Everybody who pulled it reads this.",
    )
