"""Who did what, on which object, in which request: from a page to the log."""

import pghistory.models
import pytest
from django.db import connection
from django.urls import reverse

from exports.forms import SealForm
from feedback.audit.models import AuditEvent
from feedback.audit.services import record
from feedback.common.context import acting
from feedback.studies.models import Study
from tests.builders import judge_all, make_study, make_user

pytestmark = pytest.mark.django_db


def test_actor_and_request_come_from_where_it_happened():
    user, study = make_user(), make_study(n_prompts=1)

    with acting(user_id=user.pk, request_id="request-17", source="test"):
        event = record(action="study.opened", subject=study, details={"a": 1})

    event.refresh_from_db()
    assert event.actor == user
    assert event.request_id == "request-17"
    assert (event.subject_kind, event.subject_uid) == ("studies.study", study.uid)
    assert event.details == {"a": 1}


def test_outside_of_any_request_it_was_the_system():
    assert record(action="study.swept").actor_id is None


def test_time_is_that_of_the_statement_and_not_of_the_transaction():
    first = record(action="one")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.05)")
    second = record(action="two")

    times = AuditEvent.objects.in_bulk([first.pk, second.pk])
    assert (times[second.pk].at - times[first.pk].at).total_seconds() >= 0.05


def test_history_of_a_row_knows_who_changed_it_by_whatever_way():
    user, study = make_user(), make_study(n_prompts=1)

    with acting(user_id=user.pk, request_id="request-18", source="test"):
        Study.objects.filter(pk=study.pk).update(state=Study.State.PAUSED)

    event = pghistory.models.Events.objects.tracks(study).order_by("pgh_id").last()
    assert event.pgh_diff["state"] == ["open", "paused"]
    assert event.pgh_context["user"] == user.pk
    assert event.pgh_context["request_id"] == "request-18"


def test_a_page_names_its_person_in_what_it_writes(cast, sign_in):
    judge_all(cast.study, cast.rater, limit=1)

    sign_in(cast.lead).post(
        reverse("snapshot_seal", args=[cast.study.uid]),
        {name: field.initial for name, field in SealForm.base_fields.items()},
        headers={"X-Request-ID": "my-request-0001"},
    )

    event = AuditEvent.objects.get(action="snapshot.requested")
    assert event.actor == cast.lead
    assert event.request_id == "my-request-0001"


@pytest.mark.parametrize(
    "given_id", ["short", "x" * 65, "line\nbreak-in-log", "ünïcode-"]
)
def test_request_id_that_could_forge_a_log_line_is_replaced(client, given_id):
    response = client.get(reverse("healthz"), headers={"X-Request-ID": given_id})

    assert response["X-Request-ID"] != given_id
    assert len(response["X-Request-ID"]) == 36
