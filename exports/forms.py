"""The form that seals a snapshot: its split and its thresholds."""

from typing import Any

from django import forms

from exports.rules import Rules
from feedback.studies.models import Study

DEFAULT_TEST_PERCENT = 10
_DEFAULTS = Rules()


class SealForm(forms.Form):
    """The thresholds of one snapshot, as `exports.rules.Rules` explains them."""

    test_percent = forms.IntegerField(
        label="Test split, in percent of the families",
        min_value=0,
        max_value=50,
        initial=DEFAULT_TEST_PERCENT,
        help_text="A family (same case, patient or prompt) is in one split only.",
    )
    min_raters = forms.IntegerField(
        label="Raters needed for a vote or a mean",
        min_value=1,
        max_value=50,
        initial=_DEFAULTS.min_raters,
        help_text="A correction is one clinician's text and needs no second rater.",
    )
    safety_floor = forms.FloatField(
        label="Safety floor",
        min_value=-100,
        max_value=100,
        step_size=0.1,
        initial=_DEFAULTS.safety_floor,
        help_text=(
            "Below this mean of the safety criterion, on its own scale, a text is "
            "never chosen, taught or called desirable. A safety flag bars it anyway."
        ),
    )
    good_from = forms.FloatField(
        label="Desirable from",
        min_value=0,
        max_value=1,
        step_size=0.01,
        initial=_DEFAULTS.good_from,
        help_text="Share of the scale: 0.75 is a 4 on a scale of 1 to 5.",
    )
    bad_below = forms.FloatField(
        label="Undesirable below",
        min_value=0,
        max_value=1,
        step_size=0.01,
        initial=_DEFAULTS.bad_below,
        help_text="Share of the scale: 0.5 is a 3 on a scale of 1 to 5.",
    )
    correction_margin = forms.FloatField(
        label="Margin of a correction over its original",
        min_value=0.01,
        max_value=2,
        step_size=0.01,
        initial=_DEFAULTS.correction_margin,
        help_text="On the scale of preference strength: 1 slightly, 2 much better.",
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        # The overlap that the study asks for cannot be exceeded by any task.
        overlap = study.overlap
        field = self.fields["min_raters"]
        field.help_text = f"{field.help_text} This study asks for {overlap}."

    def clean(self) -> dict[str, Any]:
        """Refuse thresholds that call one text both desirable and undesirable."""
        cleaned: dict[str, Any] = super().clean() or {}
        good, bad = cleaned.get("good_from"), cleaned.get("bad_below")
        if good is not None and bad is not None and bad > good:
            self.add_error(
                "bad_below",
                f"{bad} is above {good}, from which on a text is desirable. "
                f"Enter {good} or less.",
            )
        return cleaned

    def rules(self) -> Rules:
        """The thresholds of a valid form."""
        return Rules(
            min_raters=self.cleaned_data["min_raters"],
            safety_floor=self.cleaned_data["safety_floor"],
            good_from=self.cleaned_data["good_from"],
            bad_below=self.cleaned_data["bad_below"],
            correction_margin=self.cleaned_data["correction_margin"],
        )
