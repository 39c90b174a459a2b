"""The demonstration's second study: every kind of task and question, to try out.

It has no history, so that whoever opens it meets each kind within minutes.
"""

from dataclasses import replace
from pathlib import Path

from django.db import transaction

from feedback.accounts.models import User
from feedback.common import clock
from feedback.studies.criteria import CriterionDraft, FormDraft
from feedback.studies.models import Study
from feedback.studies.services import create_study, publish_guideline
from feedback.studies.templates import TEMPLATES

STUDY_NAME = "Demonstration: every kind of task"
FILE = Path(__file__).resolve().parent / "content" / "workbench.jsonl"
_DESCRIPTION = (
    "Written for this demonstration; not medical advice. Three cases, in every form that "
    "the workbench has: answers alone, in pairs, ranked, and turn by turn."
)
_GUIDELINE = """\
Every kind of task comes by here: one answer with the case's own checklists, two answers \
side by side, all of them in order, and a conversation turn by turn.

Mark what is wrong in the text and what is missing from it. Judge what is on the page, as \
if it went to the person who asked with nobody in between.

None of this is medical advice, and much of it is wrong on purpose."""
_FORMS = (
    FormDraft("single", ("marks", "rubric", "claims", "must_say", "ratings")),
    FormDraft("pair"),
    FormDraft("ranking"),
    FormDraft("conversation", ("ratings",)),
)


def criteria() -> tuple[CriterionDraft, ...]:
    """The chatbot criteria, with comparisons for pairs and questions on each turn."""
    chosen = list(TEMPLATES["chatbot"].criteria)
    for key in ("combined", "conversation"):
        chosen += [
            draft
            for draft in TEMPLATES[key].criteria
            if draft.scope != "completion" or draft.kind == "turn"
        ]
    keys = {draft.key for draft in chosen}
    return tuple(
        draft
        if draft.condition_key in keys
        else replace(draft, condition_key="", condition_values=())
        for draft in chosen
    )


@transaction.atomic
def workbench_study(lead: User) -> Study:
    """Return the study; make it and publish its guideline if it is not there."""
    study = Study.objects.filter(name=STUDY_NAME, created_by=lead).first()
    if study is not None:
        return study
    study = create_study(
        name=STUDY_NAME,
        description=_DESCRIPTION,
        created_by=lead,
        overlap=3,
        seed=20260202,
        reveal_percent=25,
    )
    publish_guideline(
        study=study,
        title="Trying every kind of task",
        body=_GUIDELINE,
        criteria=criteria(),
        span_labels=TEMPLATES["combined"].span_labels,
        forms=_FORMS,
        published_by=lead,
        now=clock.now(),
    )
    return study
