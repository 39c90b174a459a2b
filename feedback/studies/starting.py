"""A new study in one step: its settings and the first version of its guideline."""

from datetime import datetime

from django.db import transaction

from feedback.accounts.models import User
from feedback.studies.criteria import StudyTemplate
from feedback.studies.lifecycle import set_state
from feedback.studies.models import Study
from feedback.studies.services import create_study, publish_guideline


@transaction.atomic
def start_study(
    *,
    template: StudyTemplate,
    name: str,
    description: str,
    overlap: int,
    lead: User,
    now: datetime,
) -> Study:
    """Make a study from a ready template, paused until its lead starts it.

    Args:
        template: what is asked; its guideline becomes version 1.
        name: of the study, and the title of the guideline.
        description: for those who take part.
        overlap: raters of each task.
        lead: who makes it, and leads it.
        now: the time of publishing.
    """
    study = create_study(
        name=name, description=description, created_by=lead, overlap=overlap
    )
    publish_guideline(
        study=study,
        title=name,
        body=template.guideline,
        criteria=template.criteria,
        span_labels=template.span_labels,
        forms=template.forms,
        published_by=lead,
        now=now,
    )
    return set_state(
        study=study, state=Study.State.PAUSED, actor=lead, reason="Being set up"
    )
