"""The form that names an evaluation set."""

from typing import Any

from django import forms

from exports.overlaps import DEFAULT_WORDS, LEAST_WORDS, MOST_WORDS
from feedback.common.text import forbidden_character


class EvaluationSetForm(forms.Form):
    """A benchmark's file, its name, and how much has to be shared."""

    name = forms.CharField(
        label="Name", max_length=200, help_text="As the dataset card will call it."
    )
    source = forms.CharField(
        label="Where it comes from",
        max_length=500,
        required=False,
        help_text="For the card, e.g. paper and version.",
    )
    n_words = forms.IntegerField(
        label="Words in a row that count as an overlap",
        min_value=LEAST_WORDS,
        max_value=MOST_WORDS,
        initial=DEFAULT_WORDS,
        help_text="13 is usual. Shorter texts are looked for as a whole, from 8 words.",
    )
    file = forms.FileField(
        label="File",
        help_text=(
            "JSON lines, CSV, Parquet, or plain text with one item on each line; UTF-8. "
            "Every text in a row is looked for. The file itself is not kept."
        ),
        error_messages={
            "required": "Choose a file.",
            "empty": "The file is empty (0 bytes). Choose a file with rows in it.",
        },
    )

    def clean(self) -> dict[str, Any]:
        """Refuse what no column can hold."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("name", "source"):
            if offence := forbidden_character(cleaned.get(name, "")):
                self.add_error(
                    name, f"It holds a character that cannot be stored: {offence}."
                )
        return cleaned
