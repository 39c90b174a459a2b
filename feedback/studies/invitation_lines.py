"""Invitations as lines of text: pasted addresses, or a CSV with a first line of names."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from email.utils import parseaddr

from feedback.accounts.models import Credential
from feedback.accounts.permissions import Role
from feedback.common.text import forbidden_character, normalize
from feedback.studies.models import Enrollment

MAX_LINES = 200
# Far more than the longest of each field, and less than `csv` can read of one.
MAX_LINE_LENGTH = 2000
# Those of a study. Auditors and administrators are of the whole site.
INVITED_ROLES = (
    Role.RATER,
    Role.ADJUDICATOR,
    Role.SAFETY_REVIEWER,
    Role.ML_ENGINEER,
    Role.LEAD,
)


@dataclass(frozen=True, slots=True)
class InvitationDraft:
    """Whom to ask, as what; the fields of `studies.Invitation` of the same names."""

    email: str
    name: str
    role: str = Role.RATER.value
    profession: str = ""
    specialty: str = ""
    tier: str = Enrollment.Tier.GENERAL.value
    credential_kind: str = ""
    credential_title: str = ""
    credential_issuer: str = ""
    credential_identifier: str = ""


COLUMNS = tuple(one.name for one in fields(InvitationDraft))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line, counted from 1."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """What a text asks for: drafts with the line each stands in, and what is wrong."""

    drafts: tuple[tuple[int, InvitationDraft], ...]
    problems: tuple[Problem, ...]


def read_lines(text: str) -> Lines:
    """Read one invitation from each line.

    Args:
        text: fields divided by commas, semicolons or tabs, in the order of `COLUMNS`,
            or in the order that a first line with the word `email` names. A line may
            also be ``Ada Example <ada@example.org>``, or an address alone.

    Returns:
        Each draft with its line; empty lines are passed over. Whether the address is
        one, or invited already, is for `feedback.studies.invitations` to say.
    """
    text = normalize(text)
    if unreadable := list(_unreadable(text)):
        return Lines((), tuple(unreadable[:MAX_LINES]))
    rows = list(_rows(text))
    if len(rows) > MAX_LINES:
        many = f"{len(rows)} lines; up to {MAX_LINES} people are invited at once."
        return Lines((), (Problem(rows[MAX_LINES][0], many),))
    names, rows = _names(rows)
    if unknown := [name for name in names if name not in COLUMNS]:
        said = f"No column is called {unknown[0]!r}; there are {', '.join(COLUMNS)}."
        return Lines((), (Problem(1, said),))
    drafts, problems = [], []
    for number, cells in rows:
        found = _draft(names, cells)
        if isinstance(found, str):
            problems.append(Problem(number, found))
        else:
            drafts.append((number, found))
    return Lines(tuple(drafts), tuple(problems))


def _unreadable(text: str) -> Iterator[Problem]:
    """Lines that cannot be told apart from those after them, or in which one drowns."""
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE_LENGTH:
            said = f"{len(line):,} characters; a line holds up to {MAX_LINE_LENGTH:,}."
            yield Problem(number, said)
        elif line.count('"') % 2:
            yield Problem(number, 'A quotation mark (") is opened and not closed.')


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    delimiter = max(",;\t", key=text.count)
    reader = csv.reader(text.split("\n"), delimiter=delimiter, skipinitialspace=True)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, [cell.strip() for cell in cells]


def _names(
    rows: list[tuple[int, list[str]]],
) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    if rows:
        first = tuple(_word(cell) for cell in rows[0][1])
        if "email" in first:
            return first, rows[1:]
    return COLUMNS, rows


def _word(text: str) -> str:
    word = text.strip().lower().replace("-", "").replace(" ", "_")
    return "email" if word == "e_mail" else word


def _draft(names: tuple[str, ...], cells: list[str]) -> InvitationDraft | str:
    """The draft of a line, or what is wrong with it."""
    if len(cells) > len(names):
        return f"{len(cells)} fields; there are {len(names)} columns."
    given = dict(zip(names, cells, strict=False))
    if found := forbidden_character("".join(cells)):
        return f"It holds {found}, which cannot be stored."
    if given.get("email", "").count("(") > 1:
        return "email has several brackets; write only the address."
    name, address = parseaddr(given.get("email", ""))
    given["email"] = (address or given.get("email", "")).lower()
    given["name"] = given.get("name") or name or given["email"].partition("@")[0]
    for field, choices in _CHOICES.items():
        if given.get(field):
            value = choices.get(given[field].lower())
            if value is None:
                allowed = ", ".join(dict.fromkeys(choices.values()))
                return f"{field} is {given[field]!r}, not one of {allowed}."
            given[field] = value
        else:
            given.pop(field, None)
    return InvitationDraft(**given)


def _said(choices: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each value by itself and by what it is called."""
    pairs = list(choices)
    return {
        **{label.lower(): value for value, label in pairs},
        **{value.lower(): value for value, _ in pairs},
    }


_CHOICES = {
    "role": _said((role.value, str(role.label)) for role in INVITED_ROLES),
    "tier": _said((one.value, str(one.label)) for one in Enrollment.Tier),
    "credential_kind": _said((one.value, str(one.label)) for one in Credential.Kind),
}
