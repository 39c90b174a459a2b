"""A study is paused, opened again and closed for good, and each is on record."""

import pytest

from feedback.audit.models import AuditEvent
from feedback.common.exceptions import Conflict, Invalid
from feedback.studies.lifecycle import set_state


def events(study):
    return list(
        AuditEvent.objects.filter(subject_uid=study.uid, action__startswith="study.")
        .exclude(action__in=["study.created", "study.enrolled"])
        .order_by("pk")
        .values_list("action", "details__reason")
    )


def test_pausing_opening_and_closing_are_audited_with_the_reason(cast):
    study = cast.study
    for state, reason in (("paused", "Holidays"), ("open", ""), ("closed", " Done ")):
        assert set_state(
            study=study, state=state, actor=cast.lead, reason=reason
        ).state == (state)
        study.refresh_from_db()
        assert study.state == state
    assert events(study) == [
        ("study.paused", "Holidays"),
        ("study.opened", ""),
        ("study.closed", "Done"),
    ]


def test_the_same_state_again_leaves_no_trace(cast):
    set_state(study=cast.study, state="open", actor=cast.lead)
    assert events(cast.study) == []


@pytest.mark.parametrize("state", ["open", "paused"])
def test_a_closed_study_stays_closed(cast, state):
    set_state(study=cast.study, state="closed", actor=cast.lead)
    with pytest.raises(Conflict, match="which is final") as refusal:
        set_state(study=cast.study, state=state, actor=cast.lead)
    assert "Clone it" in refusal.value.next_step
    cast.study.refresh_from_db()
    assert cast.study.state == "closed"


@pytest.mark.parametrize(
    ("state", "reason", "text"),
    [("ended", "", "not one of"), ("paused", "x" * 301, "301 characters")],
)
def test_what_cannot_be_is_refused(cast, state, reason, text):
    with pytest.raises(Invalid, match=text):
        set_state(study=cast.study, state=state, actor=cast.lead, reason=reason)
    cast.study.refresh_from_db()
    assert cast.study.state == "open"
