"""News is told after the commit, and a deaf listener does not undo the fact."""

from dataclasses import dataclass

import pytest
from django.db import transaction

from feedback.common import events
from feedback.common.events import Event, emit
from rlhf_site import wiring

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Event):
    """Something for these tests."""

    number: int


@pytest.fixture
def heard():
    told: list[int] = []

    def listen(event):
        told.append(event.number)

    def stumble(_event):
        raise RuntimeError("deaf")

    events.connect({Happened: (stumble, listen)})
    yield told
    wiring.install()


def test_nobody_hears_before_the_commit(heard):
    with transaction.atomic():
        emit(Happened(number=1))
        assert heard == []

    assert heard == [1]


@transaction.atomic
def happen_and_fail():
    emit(Happened(number=1))
    raise ValueError("undone")


def test_nobody_hears_of_what_was_rolled_back(heard):
    with pytest.raises(ValueError, match="undone"):
        happen_and_fail()

    assert heard == []


def test_failing_listener_is_logged_and_the_next_one_hears(heard, caplog):
    with transaction.atomic():
        emit(Happened(number=7))

    assert heard == [7]
    assert "failed" in caplog.text
