"""Changing what a study asks of raters and how tasks are routed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Invalid
from feedback.studies.models import Study
from feedback.studies.slots import SlotChange, fit_slots

SETTINGS = (
    "name",
    "description",
    "overlap",
    "cap",
    "policy",
    "decides_on",
    "audit_percent",
    "gold_percent",
    "retest_percent",
    "needs_qualification",
    "practice",
    "specialties",
    "lease_seconds",
    "undo_seconds",
    "reveal_percent",
    "leak_policy",
    "seed",
)
# Those by which tasks may need more raters or fewer.
_ROUTING = {"overlap", "cap", "policy", "decides_on"}


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving changed: the settings by name, and the places of tasks."""

    study: Study
    changed: tuple[str, ...]
    slots: SlotChange | None


def is_seed_fixed(study: Study) -> bool:
    """Whether the order of tasks was drawn from the seed already."""
    return study.tasks.exists()


@transaction.atomic
def save_settings(*, study: Study, values: Mapping[str, Any], actor: User) -> Saved:
    """Store settings, and open or close places so that every task fits them.

    If the study asks for fewer raters, open places beyond the new number are closed;
    places in hand are kept, and their answers count.

    Args:
        study: of which the row as it is now is changed.
        values: of the fields of `SETTINGS`; those not named stay as they are.
        actor: who is named in the audit trail.

    Raises:
        Conflict: if the study is closed, or the seed would change under its tasks.
        Invalid: with a message for each setting that cannot be so.
    """
    held = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if held.state == Study.State.CLOSED:
        raise Conflict(f"Study {held.name!r} is closed; its settings stay as they are.")
    before = {name: getattr(held, name) for name in SETTINGS}
    changed = tuple(
        name for name in SETTINGS if name in values and values[name] != before[name]
    )
    if "seed" in changed and is_seed_fixed(held):
        text = f"Tasks were put in order by seed {held.seed}; it stays."
        raise Invalid(text, fields={"seed": text})
    for name in changed:
        setattr(held, name, values[name])
    _check(held)
    if not changed:
        return Saved(held, (), None)
    held.save(update_fields=list(changed))
    record(
        action="study.settings_saved",
        subject=held,
        actor=actor,
        details={name: [before[name], values[name]] for name in changed},
    )
    slots = fit_slots(study=held) if _ROUTING & set(changed) else None
    return Saved(held, changed, slots)


def _check(study: Study) -> None:
    """Refuse what the database would refuse, in words and at the field."""
    fields: dict[str, str] = {}
    try:
        study.clean_fields()
    except ValidationError as error:
        fields = {name: " ".join(texts) for name, texts in error.message_dict.items()}
    bounds = {
        "overlap": (1, 50),
        "cap": (2, 50),
        "audit_percent": (0, 100),
        "gold_percent": (0, 50),
        "retest_percent": (0, 50),
        "reveal_percent": (0, 100),
        "lease_seconds": (60, 7 * 86400),
        "undo_seconds": (0, 7 * 86400),
    }
    for name, (low, high) in bounds.items():
        if not low <= getattr(study, name) <= high:
            fields[name] = f"It is {getattr(study, name)}, not {low} to {high}."
    if study.policy in {Study.Policy.LEAD, Study.Policy.POSTERIOR} and (
        study.cap < study.overlap
    ):
        fields["cap"] = f"It is below the {study.overlap} raters asked for."
    if fields:
        raise Invalid("Some settings cannot be so.", fields=fields)
