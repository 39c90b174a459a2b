"""Studies: where everybody starts, and what each is about."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.accounts.access import access, signed_in
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.corpus.models import ImportBatch
from feedback.studies.cards import card_for, cards_for
from feedback.studies.selectors import (
    access_study,
    latest_guideline,
    may_create_study,
    people_of,
    progress_of,
    questionnaire_of,
)
from feedback.studies.selectors_questions import n_open_questions

_BATCHES_SHOWN = 20


@signed_in
@require_safe
def home(request: PersonRequest) -> HttpResponse:
    """Where a person starts: their studies and what to do next in each."""
    return render(request, "studies/home.html", {"cards": cards_for(request.user)})


@signed_in
@require_safe
def study_list(request: PersonRequest) -> HttpResponse:
    """Every study the person may see."""
    context = {
        "cards": cards_for(request.user),
        "may_create": may_create_study(request.user),
    }
    return render(request, "studies/study_list.html", context)


@access(Verb.STUDY_SEE)
@require_safe
def study_detail(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A study: its rules, its progress, its people, and the ways from here."""
    study = access_study(request.user, uid, Verb.STUDY_SEE)
    card = card_for(request.user, study)
    guideline = latest_guideline(study)
    batches = ImportBatch.objects.none()
    if card.can_lead:
        batches = ImportBatch.objects.filter(source__studies=study).select_related(
            "source"
        )
    asked = questionnaire_of(guideline) if guideline else None
    context = {
        "study": study,
        "card": card,
        "guideline": guideline,
        "criteria": asked.criteria if asked else [],
        "forms": list(asked.forms.values()) if asked else [],
        # Exact counts around one's own answers would tell which of them were checks.
        "progress": [] if card.is_only_rating else progress_of(study),
        "people": people_of(study) if card.can_lead else [],
        "n_open_questions": n_open_questions(study) if card.can_lead else 0,
        "batches": batches.order_by("-pk")[:_BATCHES_SHOWN],
    }
    return render(request, "studies/study_detail.html", context)
