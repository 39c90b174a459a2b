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
# Never free: these choose an answer, or belong to the form or the browser.
RESERVED = frozenset(
    {
        *"123456789-",
        "Enter", "Escape", "Tab", "Space", "Shift", "Control", "Alt", "Meta",
        "F1", "F5", "F6", "F7", "F11", "F12",
    }
)  # fmt: skip
_NAMED = frozenset(
    {
        "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp",
        "PageDown", "Insert", "Delete", "Backspace",
        "F2", "F3", "F4", "F8", "F9", "F10",
    }
)  # fmt: skip
_SPELLINGS = {name.lower(): name for name in RESERVED | _NAMED} | {"esc": "Escape"}
_LAST_UNIT = 0xFFFF


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


def changed_bindings(bindings: Mapping[str, str]) -> dict[str, str]:
    """Those actions whose key is not the default: what a row stores."""
    return {
        one.name: bindings[one.name] for one in ACTIONS if bindings[one.name] != one.key
    }


def checked_bindings(given: Mapping[str, str]) -> dict[str, str]:
    """Refuse keys that clash, are reserved or do not exist.

    Args:
        given: name of the action -> key; actions that are left out or empty get their
            default.

    Returns:
        Every action with its key.

    Raises:
        Invalid: with a message for each action whose key cannot be used.
    """
    bindings = {
        one.name: _spelled(given.get(one.name, "")) or one.key for one in ACTIONS
    }
    labels = {one.name: one.label for one in ACTIONS}
    problems = {
        name: problem
        for name, key in bindings.items()
        if (problem := _problem_of(key) or _clash_of(name, bindings, labels))
    }
    if problems:
        raise Invalid(
            "These keys were not saved: "
            + " ".join(f"{labels[name]}: {text}" for name, text in problems.items()),
            next_step="Give each action a key of its own.",
            fields=problems,
        )
    return bindings


def _spelled(given: str) -> str:
    """A key as KeyboardEvent.key spells it, letters in lower case."""
    if given and not given.strip():
        return "Space"
    key = given.strip()
    return _SPELLINGS.get(key.lower(), key.lower() if len(key) == 1 else key)


def _problem_of(key: str) -> str:
    """Why nobody can use this key; empty if somebody can."""
    if key in RESERVED:
        return f"{key} belongs to the answers, the form or the browser; choose another."
    # The page compares single UTF-16 units, which reach every key of a keyboard.
    is_character = len(key) == 1 and key.isprintable() and ord(key) <= _LAST_UNIT
    if not is_character and key not in _NAMED:
        return f"{key[:20]!r} is no key; write one character, or a name like ArrowUp."
    return ""


def _clash_of(name: str, bindings: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """Which other actions have the same key; empty if none has."""
    key = bindings[name]
    others = [
        labels[one] for one, own in bindings.items() if own == key and one != name
    ]
    if not others:
        return ""
    return f"{key} is also the key of {' and '.join(f'“{one}”' for one in others)}."
