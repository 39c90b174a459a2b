"""The form that seals a snapshot: its split and its thresholds."""

from dataclasses import fields
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
    benchmark_percent = forms.IntegerField(
        label="Benchmark split, in percent of the families",
        min_value=0,
        max_value=30,
        initial=_DEFAULTS.benchmark_percent,
        help_text="Held out for good: it never enters training, in any later snapshot.",
    )
    min_raters = forms.IntegerField(
        label="Raters needed for a vote or a mean",
        min_value=1,
        max_value=50,
        initial=_DEFAULTS.min_raters,
        help_text="A correction is one clinician's text and needs no second rater.",
    )
    min_agreement = forms.FloatField(
        label="Agreement needed for a vote or a mean",
        min_value=0,
        max_value=1,
        step_size=0.01,
        initial=_DEFAULTS.min_agreement,
        help_text=(
            "Share of the raters who say the same as the row; 0 asks for none. A verdict "
            "settles without it."
        ),
    )
    only_blind = forms.BooleanField(
        label="Only judgments given blind",
        required=False,
        initial=_DEFAULTS.only_blind,
        help_text="Leave out whoever could know which model wrote the text.",
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
        max_value=1,
        step_size=0.01,
        initial=_DEFAULTS.correction_margin,
        help_text="From 0, no better, to 1: everybody would prefer it.",
    )
    best_over_worst_from = forms.FloatField(
        label="Pairs of the best over the worst, from",
        min_value=0,
        max_value=1,
        step_size=0.01,
        initial=_DEFAULTS.best_over_worst_from,
        help_text=(
            "Share of the scale between two ratings that makes a pair nobody was asked "
            "about: 0.5 is two points of 1 to 5. 0 makes none."
        ),
    )
    near_duplicate_from = forms.FloatField(
        label="One family from so much shared wording",
        min_value=0.7,
        max_value=1,
        step_size=0.01,
        initial=_DEFAULTS.near_duplicate_from,
        help_text="Prompts that share it are never in two splits. 1: the same words only.",
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
        return Rules(**{one.name: self.cleaned_data[one.name] for one in fields(Rules)})
