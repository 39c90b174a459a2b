"""The form that notes a withdrawn consent."""

from typing import Any, cast

from django import forms

from exports.consent_selectors import prompts_named
from exports.consents import MOST_REASON_CHARACTERS
from feedback.common.exceptions import Invalid
from feedback.common.text import forbidden_character
from feedback.corpus.models import Prompt, Source
from feedback.studies.models import Study

_MOST_CHARACTERS = 200_000


class WithdrawConsentForm(forms.Form):
    """Which prompts, or which source, and why."""

    covers = forms.ChoiceField(
        label="What is withdrawn",
        choices=[
            ("prompts", "The prompts on these lines"),
            ("source", "Everything from one source"),
        ],
        initial="prompts",
    )
    names = forms.CharField(
        label="Prompts",
        required=False,
        max_length=_MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off"}),
        help_text=(
            "One on each line: a prompt's uid, its external id, or a group key, which "
            "means every prompt of that case or patient."
        ),
    )
    source = forms.ModelChoiceField(
        label="Source",
        queryset=Source.objects.none(),
        required=False,
        empty_label="All sources of the study",
        to_field_name="uid",
        help_text=(
            "With lines: look for them in this source only. Without: the source whose "
            "prompts are all withdrawn, also those imported later."
        ),
    )
    reason = forms.CharField(
        label="Reason",
        max_length=MOST_REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Who asked, and how. Leave out names of patients.",
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._study = study
        sources = Source.objects.filter(studies=study).order_by("name", "pk")
        source = cast("forms.ModelChoiceField[Source]", self.fields["source"])
        source.queryset = sources
        self.prompts: list[Prompt] = []
        self.whole_source: Source | None = None

    def clean_reason(self) -> str:
        """Refuse what no column can hold."""
        reason: str = self.cleaned_data["reason"]
        if offence := forbidden_character(reason):
            raise forms.ValidationError(
                f"It holds a character that cannot be stored: {offence}."
            )
        return reason

    def clean(self) -> dict[str, Any]:
        """Find what is meant, all of it."""
        cleaned: dict[str, Any] = super().clean() or {}
        if {"names", "source"} & self.errors.keys():
            return cleaned
        if cleaned.get("covers") == "source":
            self._take_source(cleaned)
        elif cleaned.get("covers") == "prompts":
            self._find_prompts(cleaned)
        return cleaned

    def _take_source(self, cleaned: dict[str, Any]) -> None:
        if cleaned["names"].strip():
            self.add_error(
                "names",
                "Remove these lines to withdraw a whole source, or choose “The prompts "
                "on these lines” above.",
            )
        elif cleaned["source"] is None:
            self.add_error("source", "Choose the source that is withdrawn.")
        else:
            self.whole_source = cleaned["source"]

    def _find_prompts(self, cleaned: dict[str, Any]) -> None:
        try:
            self.prompts = prompts_named(
                study=self._study,
                names=cleaned["names"].splitlines(),
                source=cleaned["source"],
            )
        except Invalid as refusal:
            self.add_error("names", refusal.fields["names"])
