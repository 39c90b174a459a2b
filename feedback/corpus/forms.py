"""The import form."""

from typing import Any

from django import forms

from feedback.common.text import forbidden_character
from feedback.corpus.models import ImportBatch

AUTOMATIC = ("", "Find out from the columns")


class ImportForm(forms.Form):
    """A file, what its columns mean, and where its content comes from."""

    file = forms.FileField(
        label="File",
        help_text="JSON lines, CSV or Parquet, in UTF-8.",
        error_messages={
            "required": "Choose a file.",
            "empty": "The file is empty (0 bytes). Choose a file with rows in it.",
        },
    )
    shape = forms.ChoiceField(
        label="Columns",
        required=False,
        choices=[AUTOMATIC, *ImportBatch.Shape.choices],
        help_text="Which columns the file has.",
    )
    source_name = forms.CharField(
        label="Source",
        required=False,
        max_length=200,
        help_text=(
            "Where the content comes from. The same name again adds to the same "
            "source; the file's name is taken if you leave this empty."
        ),
    )
    license = forms.CharField(label="License", required=False, max_length=100)
    attribution = forms.CharField(
        label="Attribution",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Whom to name in every export, e.g. authors and year.",
    )

    def clean(self) -> dict[str, Any]:
        """Refuse what no cell of a file may hold, either."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("source_name", "license", "attribution"):
            if offence := forbidden_character(cleaned.get(name, "")):
                self.add_error(
                    name, f"It holds a character that cannot be stored: {offence}."
                )
        return cleaned

    def refuse_file(self, message: str, *, next_step: str) -> None:
        """Say at the file's field why it cannot be taken."""
        self.add_error("file", f"{message} {next_step}")
