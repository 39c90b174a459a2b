"""Forms about people: inviting, joining, and what a lead notes of them."""

from typing import Any, cast

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from feedback.accounts.models import Credential, User
from feedback.studies.invitation_lines import INVITED_ROLES, InvitationDraft
from feedback.studies.models import Enrollment
from feedback.studies.people import MAX_HOW, MAX_REASON, MAX_WORDS
from feedback.studies.plain_forms import PlainForm

MAX_CSV_BYTES = 200_000
_NO_CHOICE = ("", "Rather not say")
AGE_BANDS = ("18-29", "30-39", "40-49", "50-59", "60-69", "70+")
SEXES = ("female", "male", "another")


class InviteOneForm(PlainForm):
    """One person, with everything an invitation may say."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Write an e-mail address."},
    )
    name = forms.CharField(
        label="Name",
        max_length=200,
        help_text="As they are called here; they may correct it.",
        error_messages={"required": "Write how they are called."},
    )
    role = forms.ChoiceField(
        label="Role", choices=[(one.value, one.label) for one in INVITED_ROLES]
    )
    profession = forms.CharField(
        label="Profession",
        max_length=100,
        required=False,
        help_text="E.g. physician, nurse practitioner, pharmacist.",
    )
    specialty = forms.CharField(
        label="Specialty",
        max_length=100,
        required=False,
        help_text="As the prompts call it, e.g. cardiology.",
    )
    tier = forms.ChoiceField(
        label="Tier",
        choices=Enrollment.Tier.choices,
        required=False,
        help_text="A specialist is also asked where raters disagree.",
    )
    credential_kind = forms.ChoiceField(
        label="Credential",
        required=False,
        choices=[("", "None named"), *Credential.Kind.choices],
        help_text="Noted as not checked until somebody has looked at the proof.",
    )
    credential_title = forms.CharField(
        label="What it is called", max_length=200, required=False
    )
    credential_issuer = forms.CharField(
        label="Issued by", max_length=200, required=False
    )
    credential_identifier = forms.CharField(
        label="Number", max_length=100, required=False
    )

    def draft(self) -> InvitationDraft:
        """What a valid form asks for."""
        given = {name: text.strip() for name, text in self.cleaned_data.items()}
        given["email"] = given["email"].lower()
        given["tier"] = given["tier"] or Enrollment.Tier.GENERAL.value
        return InvitationDraft(**given)


class InviteManyForm(PlainForm):
    """Several people at once, pasted or from a file."""

    lines = forms.CharField(
        label="One person on each line",
        required=False,
        max_length=MAX_CSV_BYTES,
        widget=forms.Textarea(
            attrs={"rows": 7, "spellcheck": "false", "autocapitalize": "none"}
        ),
        help_text="E-mail, name, role, profession, specialty, tier, credential kind, "
        "title, issuer, number, divided by commas. Only the first is needed: who has "
        "no role is a clinician. “Ada Example <ada@example.org>” is fine, too.",
    )
    file = forms.FileField(
        label="Or a CSV file",
        required=False,
        help_text="The same columns; a first line may name them in another order.",
    )

    def clean(self) -> dict[str, Any]:
        """Take the lines from the file if there is one."""
        cleaned = super().clean()
        upload = cleaned.get("file")
        if upload is not None:
            self._read(upload, cleaned)
        elif not (cleaned.get("lines") or "").strip() and not self.errors:
            self.add_error("lines", "Write at least one address, or choose a file.")
        return cleaned

    def _read(self, upload: Any, cleaned: dict[str, Any]) -> None:  # noqa: ANN401
        if (cleaned.get("lines") or "").strip():
            self.add_error("file", "Use the lines or the file, not both.")
        elif upload.size > MAX_CSV_BYTES:
            self.add_error("file", f"It has more than {MAX_CSV_BYTES // 1000} KB.")
        else:
            try:
                cleaned["lines"] = upload.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", "It is not UTF-8 text. Save it as CSV (UTF-8).")


class TierForm(PlainForm):
    """Whether somebody is asked as a specialist."""

    tier = forms.ChoiceField(label="Tier", choices=Enrollment.Tier.choices)


class PracticeForm(PlainForm):
    """What a rater is noted as."""

    profession = forms.CharField(
        label="Profession", max_length=MAX_WORDS, required=False
    )
    specialty = forms.CharField(
        label="Specialty",
        max_length=MAX_WORDS,
        required=False,
        help_text="Decides which cases are theirs, where the study goes by practice.",
    )


class StageForm(PlainForm):
    """Pausing a rater, or letting them rate."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The rater reads this. Needed for a pause.",
    )


class CredentialForm(PlainForm):
    """What a rater says qualifies them."""

    kind = forms.ChoiceField(label="Kind", choices=Credential.Kind.choices)
    title = forms.CharField(
        label="What it is called",
        max_length=200,
        error_messages={"required": "Write what the credential is called."},
    )
    issuer = forms.CharField(label="Issued by", max_length=200, required=False)
    identifier = forms.CharField(label="Number", max_length=100, required=False)
    valid_until = forms.DateField(
        label="Valid until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class CheckForm(PlainForm):
    """How a credential was checked."""

    how = forms.CharField(
        label="How you checked it",
        max_length=MAX_HOW,
        help_text="E.g. looked up in the public register, saw the certificate.",
        error_messages={"required": "Say how you checked it."},
    )


class JoinForm(PlainForm):
    """What somebody says of themselves when they accept an invitation."""

    name = forms.CharField(
        label="Your name",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Write your name."},
    )
    password = forms.CharField(
        label="A password",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. You sign in with it and your e-mail address.",
        error_messages={"required": "Choose a password."},
    )
    profession = forms.CharField(label="Profession", max_length=100, required=False)
    specialty = forms.CharField(
        label="Specialty",
        max_length=100,
        required=False,
        help_text="Decides which cases are yours, where the study goes by practice.",
    )
    age_band = forms.ChoiceField(
        label="Age",
        required=False,
        choices=[_NO_CHOICE, *((band, band) for band in AGE_BANDS)],
    )
    sex = forms.ChoiceField(
        label="Sex",
        required=False,
        choices=[_NO_CHOICE, *((word, word.capitalize()) for word in SEXES)],
    )
    ethnicity = forms.CharField(
        label="Ethnicity, in your own words", max_length=100, required=False
    )
    language = forms.CharField(label="First language", max_length=35, required=False)

    ABOUT = ("age_band", "sex", "ethnicity", "language")

    def __init__(
        self,
        *args: Any,  # noqa: ANN401
        is_new: bool,
        is_rater: bool,
        has_rater: bool,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **kwargs)
        unasked: tuple[str, ...] = () if is_new else ("name", "password")
        if not is_rater or has_rater:
            unasked += ("profession", "specialty")
        if not is_rater:
            unasked += self.ABOUT
        for name in unasked:
            del self.fields[name]

    def clean_password(self) -> str:
        """Refuse what is too easily guessed."""
        password = cast("str", self.cleaned_data["password"])
        try:
            validate_password(password, user=User(name=self.data.get("name", "")))
        except ValidationError as error:
            raise forms.ValidationError(error.messages) from error
        return password

    def main_fields(self) -> list[forms.BoundField]:
        """What is asked of everybody."""
        return [self[name] for name in self.fields if name not in self.ABOUT]

    def about_fields(self) -> list[forms.BoundField]:
        """What is given freely."""
        return [self[name] for name in self.fields if name in self.ABOUT]
