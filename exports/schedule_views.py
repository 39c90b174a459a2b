"""The page on which a lead says how often the study seals a snapshot by itself."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from exports.forms import SealForm
from exports.models import SnapshotSchedule
from exports.schedules import set_schedule
from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.studies.models import Study
from feedback.studies.selectors import access_study


class ScheduleForm(SealForm):
    """The rhythm, and the thresholds of every snapshot that comes of it."""

    every = forms.ChoiceField(
        label="Seal a snapshot",
        choices=SnapshotSchedule.Every.choices,
        initial=SnapshotSchedule.Every.OFF,
        help_text="Left out if nothing has changed since the newest one.",
    )
    field_order = ("every",)


@access(Verb.SNAPSHOT_SEAL)
@require_http_methods(["GET", "HEAD", "POST"])
def snapshot_schedule(request: PersonRequest, uid: UUID) -> HttpResponse:
    """When the study seals by itself; POST changes it."""
    study = access_study(request.user, uid, Verb.SNAPSHOT_SEAL)
    schedule = SnapshotSchedule.objects.filter(study=study).first()
    if request.method != "POST":
        form = ScheduleForm(study=study, initial=_initial(schedule))
        return _page(request, study, schedule, form)
    form = ScheduleForm(request.POST, study=study)
    if not form.is_valid():
        return _page(request, study, schedule, form, status=422)
    saved = set_schedule(
        study=study,
        every=SnapshotSchedule.Every(form.cleaned_data["every"]),
        test_percent=form.cleaned_data["test_percent"],
        rules=form.rules(),
        actor=request.user,
        now=clock.now(),
    )
    is_off = saved.every == SnapshotSchedule.Every.OFF
    said = "No snapshot is sealed by itself." if is_off else "Saved."
    messages.success(request, said)
    return redirect("snapshot_schedule", uid=study.uid)


def _initial(schedule: SnapshotSchedule | None) -> dict[str, Any]:
    if schedule is None:
        return {}
    return {
        **schedule.rules,
        "every": schedule.every,
        "test_percent": schedule.test_percent,
    }


def _page(
    request: PersonRequest,
    study: Study,
    schedule: SnapshotSchedule | None,
    form: ScheduleForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {"study": study, "schedule": schedule, "form": form}
    return render(request, "exports/snapshot_schedule.html", context, status=status)
