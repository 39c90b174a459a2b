"""The form that makes a token."""

from typing import Any
from uuid import UUID

from django import forms

from feedback.accounts.models import Scope, User
from feedback.accounts.permissions import Verb
from feedback.studies.models import Study
from feedback.studies.selectors import studies_for

_LIVES = (
    (7, "A week"),
    (30, "30 days"),
    (90, "90 days"),
    (365, "A year, the longest there is"),
)
_DEFAULT_DAYS = 90


class TokenForm(forms.Form):
    """What a token is for, where it counts, and for how long."""

    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="What will use it, so that you know what stops when you revoke it.",
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=Scope.choices,
        initial=[Scope.EXPORTS_READ],
        widget=forms.CheckboxSelectMultiple,
        help_text="Never more than you may yourself.",
    )
    study = forms.ModelChoiceField(
        label="In",
        queryset=Study.objects.none(),
        to_field_name="uid",
        required=False,
        empty_label="all of my studies, also later ones",
        help_text="One study is safer: a token that leaks opens no other.",
    )
    days = forms.TypedChoiceField(
        label="Until it expires", coerce=int, choices=_LIVES, initial=_DEFAULT_DAYS
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        studies = self.fields["study"]
        studies.queryset = (  # type: ignore[attr-defined]
            studies_for(user, Verb.SNAPSHOT_PULL)
            | studies_for(user, Verb.SNAPSHOT_SEAL)
        ).order_by("name")

    def scopes_chosen(self) -> list[Scope]:
        """The scopes of a valid form."""
        return [Scope(one) for one in self.cleaned_data["scopes"]]

    def study_uid(self) -> UUID | None:
        """The only study of a valid form, if there is one."""
        study: Study | None = self.cleaned_data["study"]
        return study.uid if study else None
