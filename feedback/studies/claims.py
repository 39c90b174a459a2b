"""Which task comes next for a rater: one statement that finds and takes its slot."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from feedback.accounts.models import Rater
from feedback.studies.models import Assignment, Enrollment, Slot, Study
from feedback.studies.serving import claim_check

# The open slot that comes next in the study's shuffled order, from where this rater
# stands, of a task the rater has never met (or let expire), nor its twin, and of which
# saw no other's answer and wrote no text.
#
# Subqueries of one row each, where joins would read better: a fresh study's tables have
# no statistics yet, and the planner then joined all tasks for each slot.
_CLAIM = """
    UPDATE studies_slot
    SET state = 'leased', lease_no = lease_no + 1, leased_until = %(until)s
    WHERE id = (
        SELECT s.id FROM studies_slot s
        WHERE s.study_id = %(study)s AND s.state = 'open'
          AND s.reserved_for_id IS NULL
          AND s.shuffle_key >= %(start)s
          AND {only}
          AND (SELECT t.state FROM studies_task t WHERE t.id = s.task_id) = 'open'
          AND (
              SELECT a.id FROM studies_assignment a
              WHERE a.task_id = s.task_id AND a.rater_id = %(rater)s
                AND a.state <> 'expired'
          ) IS NULL
          AND (
              SELECT a.id FROM studies_task twin
              JOIN studies_assignment a ON a.task_id = twin.id
              WHERE twin.repeats_id = s.task_id AND a.rater_id = %(rater)s
              LIMIT 1
          ) IS NULL
          AND (
              SELECT d.id FROM studies_disclosure d
              WHERE d.task_id = s.task_id AND d.user_id = %(user)s
          ) IS NULL
          AND (
              SELECT c.id FROM studies_taskitem i
              JOIN corpus_completion c ON c.id = i.completion_id
              WHERE i.task_id = s.task_id AND c.written_by_id = %(rater)s
              LIMIT 1
          ) IS NULL
        ORDER BY s.shuffle_key, s.id
        LIMIT 1
        FOR UPDATE OF s SKIP LOCKED
    )
    RETURNING id
"""
_FOR_SPECIALISTS = _CLAIM.format(only="s.is_for_specialist")
_OF_PRACTICE = _CLAIM.format(
    only="NOT s.is_for_specialist AND s.specialty = %(specialty)s"
)
_FOR_ANYBODY = _CLAIM.format(only="NOT s.is_for_specialist")


def claim_due_check(
    study: Study,
    rater: Rater,
    enrolled: Enrollment,
    *,
    now: datetime,
    until: datetime,
) -> int | None:
    """Lease the known, repeated or training task that is due, if one is.

    The caller holds the enrollment.

    Returns:
        The slot's key, or None.
    """
    slot = claim_check(study=study, rater=rater, enrollment=enrolled, now=now)
    if slot is None:
        return None
    n_leased = Slot.objects.filter(pk=slot.pk, state=Slot.State.OPEN).update(
        state=Slot.State.LEASED, lease_no=F("lease_no") + 1, leased_until=until
    )
    return slot.pk if n_leased else None


def claim_label(
    study: Study, rater: Rater, enrolled: Enrollment, *, until: datetime
) -> int | None:
    """Lease an ordinary task: for specialists, of the own practice, of any.

    Returns:
        The slot's key; None when nothing is left for this rater.
    """
    last = (
        Assignment.objects.filter(study=study, rater=rater)
        .exclude(slot__wave=Slot.Wave.CHECK)
        .order_by("-pk")
        .values_list("slot__shuffle_key", flat=True)
        .first()
    )
    keys = {
        "study": study.pk,
        "rater": rater.pk,
        "user": rater.user_id,
        "until": until,
    }
    for statement, specialty in _statements(study, rater, enrolled):
        # From where the rater stands to the end, then once around from the beginning.
        for start in (last, 0) if last else (0,):
            slot_id = _claim(statement, keys | {"start": start, "specialty": specialty})
            if slot_id is not None:
                return slot_id
    return None


def _statements(
    study: Study, rater: Rater, enrolled: Enrollment
) -> Iterator[tuple[str, str]]:
    """The statements to try in turn, with the specialty that each is about.

    One specialty at a time, because only then does the index give the slots in order.
    """
    if enrolled.tier == Enrollment.Tier.SPECIALIST:
        yield _FOR_SPECIALISTS, ""
    if study.practice != Study.Practice.ANY:
        own = rater.specialty.strip().lower()
        if own:
            yield _OF_PRACTICE, own
        yield _OF_PRACTICE, ""
    if study.practice != Study.Practice.REQUIRE:
        yield _FOR_ANYBODY, ""


def _claim(statement: str, keys: dict[str, Any]) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, keys)
        row = cursor.fetchone()
    return int(row[0]) if row else None
