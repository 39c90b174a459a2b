"""When a rater meets a known answer or a repeated task instead of an ordinary one.

Which of a rater's tasks are checks is drawn from the study's seed, the rater's
pseudonym and the number of the task in the rater's own sequence, so that a restart
changes nothing. A check is a task of its own, a twin of an ordinary one, with a slot
that is made for one rater and reserved for them. Nothing that is sent to the rater
tells the two apart.
"""

import hashlib
from datetime import datetime

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from feedback.accounts.models import Rater
from feedback.common.hashing import json_sha256
from feedback.studies.disclosures import is_disclosed
from feedback.studies.locks import lock_task
from feedback.studies.models import (
    Assignment,
    Disclosure,
    Enrollment,
    GuidelineVersion,
    Slot,
    Study,
    Task,
    TaskItem,
)
from feedback.studies.selectors import latest_guideline, major_number
from feedback.studies.twins import make_twin

# A round of training is this long, or as long as there are training tasks.
TRAINING_TASKS = 5
# A study with golds shows each rater one among so many of their first tasks.
GOLD_WITHIN = 20
# Of a rater who has met so many tasks the ordinary answers tell enough, and golds are
# few. After a drift alarm five are asked at once: `feedback.quality.standards`.
SETTLED_AFTER = 100
SETTLED_PERCENT = 2
# A retest comes after so many other tasks at least, so that it is not remembered.
RETEST_AFTER = 10
_RETEST_CANDIDATES = 200


def is_drawn(
    *, seed: int, pseudonym: str, ordinal: int, what: str, percent: int
) -> bool:
    """Whether chance makes one task of a rater's sequence a check.

    Args:
        seed: the study's.
        pseudonym: the rater's.
        ordinal: number of the task in the rater's own sequence, from 1.
        what: "gold" or "retest"; the draws of the two are independent.
        percent: share of tasks that are drawn, 0 to 100.

    Returns:
        The same on every machine and however often it is asked.
    """
    return _digest(f"{what}:{seed}:{pseudonym}:{ordinal}") * 100 < percent * 2**64


def gold_share(*, percent: int, ordinal: int) -> int:
    """The share of golds among a rater's tasks, where they have got to.

    Args:
        percent: the study's, 0 to 50.
        ordinal: number of the task in the rater's own sequence, from 1.

    Returns:
        Percent: the study's for the first 100 tasks, from then on 2, or the study's if
        that is less.
    """
    return percent if ordinal <= SETTLED_AFTER else min(percent, SETTLED_PERCENT)


def is_gold_turn(*, seed: int, pseudonym: str, ordinal: int, percent: int) -> bool:
    """Whether a rater's task is to be one whose answer is known.

    Drawn by `is_drawn` with the share of `gold_share`; where chance gives none among a
    rater's first 20 tasks, one of these is a gold all the same. Without golds in the
    plan none is.
    """

    def drawn(one: int) -> bool:
        share = gold_share(percent=percent, ordinal=one)
        return is_drawn(
            seed=seed, pseudonym=pseudonym, ordinal=one, what="gold", percent=share
        )

    if not percent or drawn(ordinal):
        return bool(percent)
    if ordinal > GOLD_WITHIN or any(drawn(one) for one in range(1, GOLD_WITHIN + 1)):
        return False
    return ordinal == 1 + _digest(f"first-gold:{seed}:{pseudonym}") % GOLD_WITHIN


def retest_order(original: Assignment) -> list[int]:
    """How a retest shows its items: of a pair the sides are swapped.

    Args:
        original: the assignment that the retest repeats.

    Returns:
        Positions of the items in the reverse of the order that the rater saw.
    """
    return list(reversed(original.shown_order))


def version_to_follow(slot: Slot) -> int:
    """The key of the guideline version by which a place's task is answered now.

    An ordinary task has the version that it was made or last moved to. A check is
    answered by the newest small revision of that, as a task that nobody has met is:
    by an older number on the page it would be known.
    """
    task = slot.task
    if slot.wave != Slot.Wave.CHECK:
        return task.guideline_version_id
    newest = latest_guideline(task.study)
    if (
        newest is None
        or major_number(newest) > task.guideline_version.number
        or not newest.forms.filter(kind=task.kind).exists()
    ):
        return task.guideline_version_id
    return newest.pk


def original_of(*, task: Task, rater: Rater) -> Assignment:
    """The assignment that a retest repeats."""
    return Assignment.objects.get(task__twins=task, rater=rater)


def claim_check(
    *, study: Study, rater: Rater, enrollment: Enrollment, now: datetime
) -> Slot | None:
    """The open slot of the check that a rater is to meet next, if it is a check's turn.

    Inside the caller's transaction, which holds the lock of the enrollment, so that a
    rater is served once at a time. The slot is reserved for the rater; the caller
    leases it.

    Returns:
        None when an ordinary task is next, or when the rater's stage is not one in
        which anything is served.
    """
    if enrollment.stage not in _SERVED:
        return None
    waiting = _waiting(study, rater)
    if waiting is not None:
        return waiting
    task = _next_check(study, rater, enrollment, now=now)
    return None if task is None else _reserve(task, rater)


def reserve_golds(*, study: Study, rater: Rater, n: int, now: datetime) -> int:
    """Reserve golds that a rater meets as the next tasks; returns how many.

    Inside the caller's transaction, which holds the lock of the enrollment.

    Returns:
        Fewer than `n` where the study has no more that this rater may meet.
    """
    for n_reserved in range(n):
        task = _next_gold(study, rater, now=now)
        if task is None:
            return n_reserved
        _reserve(task, rater)
    return n


def golds_for(*, study: Study, rater: Rater, now: datetime) -> QuerySet[Task]:
    """The golds that a rater may still meet: neither them nor what they show."""
    return _unmet(study, rater, purpose=Task.Purpose.GOLD, now=now)


def training_left(*, study: Study, rater: Rater, now: datetime) -> int:
    """Training tasks that a rater has still to answer in the round of training."""
    at_hand = Slot.objects.filter(
        study=study,
        reserved_for=rater,
        task__purpose=Task.Purpose.TRAINING,
        state__in=[Slot.State.OPEN, Slot.State.LEASED],
    ).count()
    unmet = _unmet(study, rater, purpose=Task.Purpose.TRAINING, now=now).count()
    still = TRAINING_TASKS - _n_trained(study, rater)
    return max(0, min(still, unmet + at_hand))


_SERVED = {
    Enrollment.Stage.TRAINING,
    Enrollment.Stage.QUALIFYING,
    Enrollment.Stage.READY,
}


def _digest(drawn: str) -> int:
    """Uniform in [0, 2**64)."""
    return int.from_bytes(hashlib.sha256(drawn.encode()).digest()[:8])


def _waiting(study: Study, rater: Rater) -> Slot | None:
    """A check that was made for the rater earlier and is still to be answered.

    What the rater declined, or met as an ordinary task meanwhile, waits for nobody.
    """
    slots = Slot.objects.filter(
        study=study,
        reserved_for=rater,
        wave=Slot.Wave.CHECK,
        state=Slot.State.OPEN,
    ).select_related("task")
    for slot in slots.order_by("pk"):
        if _may_still_meet(slot.task, rater):
            return slot
        slot.state = Slot.State.CLOSED
        slot.save(update_fields=["state"])
    return None


def _may_still_meet(task: Task, rater: Rater) -> bool:
    if task.state == Task.State.WITHDRAWN or is_disclosed(
        task=task, user_id=rater.user_id
    ):
        return False
    met = Assignment.objects.filter(rater=rater)
    if met.filter(task=task).exclude(state=Assignment.State.EXPIRED).exists():
        return False
    if task.purpose == Task.Purpose.RETEST:
        return True
    shows_the_same = Q(task=task.repeats_id) | Q(task__repeats=task.repeats_id)
    return not met.filter(shows_the_same).exclude(task=task).exists()


def _next_check(
    study: Study, rater: Rater, enrollment: Enrollment, *, now: datetime
) -> Task | None:
    stage = enrollment.stage
    if stage == Enrollment.Stage.READY:
        return _drawn_check(study, rater, now=now)
    if stage == Enrollment.Stage.TRAINING and (
        training := _next_training(study, rater, now=now)
    ):
        return training
    return _next_gold(study, rater, now=now)


def _drawn_check(study: Study, rater: Rater, *, now: datetime) -> Task | None:
    """A gold or a retest, if the rater's next task is drawn to be one."""
    if not (study.gold_percent or study.retest_percent):
        return None
    own = Assignment.objects.filter(study=study, rater=rater)
    ordinal = own.count() + 1
    is_gold = is_gold_turn(
        seed=study.seed,
        pseudonym=rater.pseudonym,
        ordinal=ordinal,
        percent=study.gold_percent,
    )
    if is_gold and (gold := _next_gold(study, rater, now=now)):
        return gold
    is_retest = is_drawn(
        seed=study.seed,
        pseudonym=rater.pseudonym,
        ordinal=ordinal,
        what="retest",
        percent=study.retest_percent,
    )
    return _next_retest(study, rater) if is_retest else None


def _next_training(study: Study, rater: Rater, *, now: datetime) -> Task | None:
    """The next training task in the order in which the lead made them."""
    if _n_trained(study, rater) >= TRAINING_TASKS:
        return None
    unmet = _unmet(study, rater, purpose=Task.Purpose.TRAINING, now=now)
    return unmet.order_by("pk").first()


def _n_trained(study: Study, rater: Rater) -> int:
    return Assignment.objects.filter(
        study=study,
        rater=rater,
        task__purpose=Task.Purpose.TRAINING,
        state=Assignment.State.SUBMITTED,
    ).count()


def _next_gold(study: Study, rater: Rater, *, now: datetime) -> Task | None:
    """A gold the rater has not met, in an order of their own."""
    unmet = golds_for(study=study, rater=rater, now=now)
    drawn = min(
        unmet.values_list("fingerprint", "pk"),
        key=lambda one: _digest(f"which-gold:{study.seed}:{rater.pseudonym}:{one[0]}"),
        default=None,
    )
    return None if drawn is None else Task.objects.get(pk=drawn[1])


def _unmet(
    study: Study, rater: Rater, *, purpose: Task.Purpose, now: datetime
) -> QuerySet[Task]:
    """Tasks of known answer that a rater has met neither as such nor otherwise."""
    met = Assignment.objects.filter(rater=rater)
    reserved = Slot.objects.filter(reserved_for=rater, wave=Slot.Wave.CHECK)
    shown = Disclosure.objects.filter(user=rater.user_id)
    tasks = (
        _current(study)
        .filter(purpose=purpose)
        .filter(Q(gold__retired_at=None) | Q(gold__retired_at__gt=now))
        # Who wrote what is known of a task says nothing by giving it again.
        .exclude(gold__created_by=rater.user_id)
        .exclude(Exists(met.filter(task=OuterRef("repeats"))))
        .exclude(Exists(met.filter(task__repeats=OuterRef("repeats"))))
        .exclude(Exists(reserved.filter(task__repeats=OuterRef("repeats"))))
        .exclude(Exists(shown.filter(task=OuterRef("repeats"))))
        .exclude(
            Exists(
                TaskItem.objects.filter(
                    task=OuterRef("pk"), completion__written_by=rater
                )
            )
        )
    )
    if study.practice == Study.Practice.REQUIRE:
        own = Q(prompt__specialty="") | Q(prompt__specialty__iexact=rater.specialty)
        tasks = tasks.filter(own)
    return tasks


def _current(study: Study) -> QuerySet[Task]:
    """Tasks that follow the newest rules: no major version has come after theirs."""
    newest_major = (
        GuidelineVersion.objects.filter(
            study=study, is_major=True, published_at__isnull=False
        )
        .order_by("-number")
        .values_list("number", flat=True)
        .first()
    )
    return Task.objects.filter(
        study=study, guideline_version__number__gte=newest_major or 1
    ).exclude(state=Task.State.WITHDRAWN)


def _next_retest(study: Study, rater: Rater) -> Task | None:
    """The twin of a task that the rater answered some time ago, made now."""
    answered = Assignment.objects.filter(
        study=study, rater=rater, state=Assignment.State.SUBMITTED
    ).order_by("-submitted_at", "-pk")
    newest = list(answered.values_list("task", flat=True)[:RETEST_AFTER])
    if len(newest) < RETEST_AFTER:
        return None
    repeated = Task.objects.filter(
        repeats=OuterRef("task"),
        purpose=Task.Purpose.RETEST,
        slots__reserved_for=rater,
    )
    candidates = (
        answered.filter(
            task__purpose=Task.Purpose.LABEL, task__in=_current(study).only("pk")
        )
        .exclude(task__in=newest)
        .exclude(Exists(repeated))
        .values_list("task__fingerprint", "task")[:_RETEST_CANDIDATES]
    )
    drawn = min(
        candidates,
        key=lambda one: _digest(
            f"which-retest:{study.seed}:{rater.pseudonym}:{one[0]}"
        ),
        default=None,
    )
    if drawn is None:
        return None
    fingerprint = json_sha256({"retest_of": drawn[0], "rater": rater.pseudonym})
    return make_twin(
        original=Task.objects.get(pk=drawn[1]),
        purpose=Task.Purpose.RETEST,
        fingerprint=fingerprint,
    )


def _reserve(task: Task, rater: Rater) -> Slot:
    """Make room for one rater on a check."""
    # Numbers of slots are given one rater after the other.
    locked = lock_task(task.pk)
    if locked.state == Task.State.COMPLETE:
        # It was, after its last rater; now it has room again.
        locked.state = Task.State.OPEN
        locked.save(update_fields=["state"])
    last = locked.slots.aggregate(n=Max("slot_no"))["n"]
    # Where the rater stands in the shuffled order is left as it is.
    stands_at = (
        Assignment.objects.filter(study=locked.study_id, rater=rater)
        .order_by("-pk")
        .values_list("slot__shuffle_key", flat=True)
        .first()
    )
    return Slot.objects.create(
        study_id=locked.study_id,
        task=locked,
        slot_no=0 if last is None else last + 1,
        shuffle_key=stands_at or 0,
        wave=Slot.Wave.CHECK,
        reserved_for=rater,
        specialty=locked.prompt.specialty,
    )
