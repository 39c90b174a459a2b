"""The keys of the rating page: what each does, and what a person changed about them."""

from collections.abc import Mapping
from dataclasses import dataclass

from feedback.accounts.models import KeySettings
from feedback.common.exceptions import Invalid


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a single key does on the rating page."""

    name: str
    label: str
    key: str


ACTIONS = (
    Action("previous", "Question before", "ArrowUp"),
    Action("next", "Question after", "ArrowDown"),
    Action("previous_turn", "Turn or answer before", "k"),
    Action("next_turn", "Turn or answer after", "j"),
    Action("not_applicable", "Does not apply; in a pair: neither is acceptable", "0"),
    Action("outside", "This question is outside my practice", "x"),
    Action("mark", "Mark an error in the text", "s"),
    Action("omission", "Mark what is missing", "o"),
    Action("flag", "Safety flag", "f"),
    Action("correction", "Correction", "c"),
    Action("comment", "Comment", "m"),
    Action("guideline", "Guideline of the question", "g"),
    Action("question", "Question to the study lead", "q"),
    Action("undo", "Take back the last answer", "u"),
    Action("help", "These keys", "?"),
)
# Never free: digits choose an answer, and these belong to the browser or the form.
RESERVED = frozenset(
    {
        *"123456789",
        "-",
        "Enter",
        "Escape",
        "Tab",
        " ",
        "Shift",
        "Control",
        "Alt",
        "Meta",
    }
)
_NAMED = frozenset(
    {
        "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp",
        "PageDown", "Insert", "Delete", "Backspace",
        *(f"F{number}" for number in range(2, 13)),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keys:
    """What the keyboard does for one person.

    Attributes:
        is_on: whether single keys act at all.
        bindings: name of the action -> key, as KeyboardEvent.key spells it.
    """

    is_on: bool
    bindings: Mapping[str, str]

    @property
    def rows(self) -> list[tuple[Action, str]]:
        """Every action with its key, in the order of the sheet."""
        return [(action, self.bindings[action.name]) for action in ACTIONS]


def keys_of(user_id: int | None) -> Keys:
    """A person's keys; the defaults for nobody in particular."""
    row = KeySettings.objects.filter(user_id=user_id).first() if user_id else None
    own = row.keys if row else {}
    return Keys(
        is_on=row.is_on if row else True,
        bindings={one.name: own.get(one.name, one.key) for one in ACTIONS},
    )


def checked_bindings(given: Mapping[str, str]) -> dict[str, str]:
    """Refuse keys that clash, are reserved or do not exist.

    Args:
        given: name of the action -> key; actions that are left out keep their default.

    Returns:
        Every action with its key.

    Raises:
        Invalid: with a message for each action whose key cannot be used.
    """
    bindings = {one.name: given.get(one.name, "").strip() or one.key for one in ACTIONS}
    bindings = {
        name: key.lower() if len(key) == 1 else key for name, key in bindings.items()
    }
    labels = {one.name: one.label for one in ACTIONS}
    problems: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name, key in bindings.items():
        if key in RESERVED:
            problems[name] = f"{key} always does the same; choose another key."
        elif len(key) != 1 and key not in _NAMED:
            problems[name] = f"{key[:20]!r} is no key; write one character or its name."
        elif key in taken:
            problems[name] = f"{key} is already “{labels[taken[key]]}”."
        taken.setdefault(key, name)
    if problems:
        raise Invalid(
            "These keys were not saved: "
            + " ".join(f"{labels[name]}: {text}" for name, text in problems.items()),
            next_step="Give each action a key of its own.",
            fields=problems,
        )
    return bindings
