"""What every set-up form does alike: text as the house stores it, focus where it is wrong."""

from typing import Any

from django import forms

from feedback.common.exceptions import DomainError
from feedback.common.text import forbidden_character, normalize


class PlainForm(forms.Form):
    """A form whose texts are normalized, and whose first wrong field takes the focus."""

    def clean(self) -> dict[str, Any]:
        """Normalize each text and refuse what cannot be stored."""
        cleaned: dict[str, Any] = super().clean() or {}
        texts = [(n, normalize(t)) for n, t in cleaned.items() if isinstance(t, str)]
        for name, text in texts:
            cleaned[name] = text
            if offence := forbidden_character(text):
                self.add_error(
                    name, f"It holds a character that cannot be stored: {offence}."
                )
        return cleaned

    def is_valid(self) -> bool:
        """Whether nothing is wrong; else the first wrong field is marked."""
        if super().is_valid():
            return True
        self.mark_first_error()
        return False

    def mark_first_error(self) -> None:
        """Let the browser put the focus into the first field that is wrong."""
        wrong = next((name for name in self.fields if name in self.errors), None)
        if wrong is not None:
            self.fields[wrong].widget.attrs["autofocus"] = True

    def refuse(self, error: DomainError) -> None:
        """Show what a service refused: at the fields it names, or above them all."""
        for name, text in error.fields.items():
            self.add_error(name if name in self.fields else None, text)
        if not error.fields:
            self.add_error(None, f"{error.message} {error.next_step}".strip())
        self.mark_first_error()
