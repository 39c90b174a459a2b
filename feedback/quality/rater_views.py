"""What raters see of their own answers: explained in training, and as numbers."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from feedback.accounts.access import access
from feedback.accounts.permissions import Role, Verb
from feedback.accounts.requests import PersonRequest
from feedback.accounts.selectors import rater_of
from feedback.common import clock
from feedback.quality.explaining import access_explained
from feedback.quality.own_page import drift_picture, duration, own_parts
from feedback.quality.rater_numbers import TASKS_A_STEP, rater_numbers
from feedback.studies.models import Enrollment, Study
from feedback.studies.selectors import access_study
from feedback.studies.standing import standing_of

# Stages that a person ends.
_WAITING = {
    Enrollment.Stage.LOOK,
    Enrollment.Stage.PAUSED,
    Enrollment.Stage.FAILED,
}


@access(Verb.TASK_RATE)
@never_cache
@require_safe
def assignment_explained(request: PersonRequest, uid: UUID) -> HttpResponse:
    """After a training answer: it, what was expected, and why."""
    explained = access_explained(request.user, uid)
    study = explained.assignment.study
    context = {
        "study": study,
        "explained": explained,
        "turns": explained.turns,
        "next_url": reverse("study_rate", args=[study.uid]),
    }
    return render(request, "quality/assignment_explained.html", context)


@access(Verb.TASK_RATE)
@never_cache
@require_safe
def my_rating(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A rater's own numbers, and how each is computed."""
    study = access_study(request.user, uid, Verb.TASK_RATE)
    enrollment = Enrollment.objects.get(
        study=study, user=request.user, role=Role.RATER, ended_at=None
    )
    numbers = rater_numbers(
        study=study,
        rater=rater_of(request.user),
        now=clock.now(),
        enrollment=enrollment,
    )
    in_steps = study.state != Study.State.CLOSED
    context = {
        "study": study,
        "enrollment": enrollment,
        "standing": standing_of(enrollment) if enrollment.stage in _WAITING else None,
        "n_tasks": numbers.n_tasks,
        "n_tasks_a_step": TASKS_A_STEP,
        "undo_minutes": -(-study.undo_seconds // 60),
        "active": duration(numbers.active_seconds),
        "parts": own_parts(numbers, in_steps=in_steps),
        "drift": drift_picture(numbers.golds_since, in_steps=in_steps),
        "in_steps": in_steps,
    }
    return render(request, "quality/my_rating.html", context)
