"""Who may rate a task reads no case about it, and who read the case never rates it."""

import pytest
from django.urls import reverse

from feedback.accounts.permissions import Role, Verb
from feedback.common import clock
from feedback.common.exceptions import Conflict, Forbidden, NotVisible
from feedback.review.cases import claim_case, open_case, withdraw_case
from feedback.review.selectors_cases import access_case, access_task, n_kept_from
from feedback.studies.assignment import assign_next, hold_for_submit, release_expired
from feedback.studies.golds import make_gold
from feedback.studies.models import Assignment, Disclosure, Slot
from feedback.studies.services import enroll
from feedback.studies.serving import golds_for
from feedback.studies.study_settings import save_settings
from tests.builders import GOOD, judge_all, make_rater
from tests.rating.test_races import together
from tests.review.conftest import make_adjudicator, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(scene):
    """Somebody who adjudicates and rates, and has met nothing yet."""
    rater = make_rater(scene.study, "Bo Both")
    enroll(study=scene.study, user=rater.user, role=Role.ADJUDICATOR)
    return rater


def ask_for(study, overlap):
    values = {"overlap": overlap}
    save_settings(study=study, values=values, actor=study.created_by)
    study.refresh_from_db()


def test_a_case_of_an_open_task_is_hidden_from_whoever_may_be_asked(scene, both):
    access_case(both.user, scene.case.uid, Verb.ADJUDICATION_DECIDE)
    ask_for(scene.study, 3)

    for door, thing in ((access_case, scene.case), (access_task, scene.task)):
        with pytest.raises(NotVisible):
            door(both.user, thing.uid, Verb.ADJUDICATION_DECIDE)
        assert door(scene.adjudicator, thing.uid, Verb.ADJUDICATION_DECIDE) == thing
    assert n_kept_from(both.user, scene.study) == 1
    assert n_kept_from(scene.adjudicator, scene.study) == 0


def test_who_rated_a_task_asks_nobody_to_settle_it(scene):
    user = scene.raters[0].user
    enroll(study=scene.study, user=user, role=Role.ADJUDICATOR)
    with pytest.raises(NotVisible):
        access_task(user, scene.task.uid, Verb.ADJUDICATION_DECIDE)


def test_whoever_opened_a_case_is_never_served_its_task(scene, both, sign_in):
    browser = sign_in(both.user)
    page = reverse("case_detail", args=[scene.case.uid])
    assert browser.get(page).status_code == 200
    assert browser.get(page).status_code == 200
    ask_for(scene.study, 3)

    assert assign_next(study=scene.study, rater=both, now=clock.now()) is None
    assert Disclosure.objects.get(user=both.user).task == scene.task
    # What was begun can be ended: the case does not vanish under its reader.
    assert browser.get(page).status_code == 200
    other = make_rater(scene.study)
    assert assign_next(study=scene.study, rater=other, now=clock.now()) is not None


def test_nor_its_twin_as_a_known_answer(scene, both):
    make_gold(
        task=scene.task,
        expected={"ratings": {"tone": {"value": 4}}},
        explanation="So it is.",
        purpose="gold",
        actor=scene.study.created_by,
    )
    golds = {"study": scene.study, "rater": both, "now": clock.now()}
    assert golds_for(**golds).count() == 1

    open_case(case=scene.case, user=both.user)

    assert golds_for(**golds).count() == 0


def test_a_check_that_waits_is_dropped(scene, both):
    gold = make_gold(
        task=scene.task,
        expected={"ratings": {"tone": {"value": 4}}},
        explanation="So it is.",
        purpose="gold",
        actor=scene.study.created_by,
    )
    slot = Slot.objects.create(
        study=scene.study, task=gold.task, slot_no=0, shuffle_key=0, wave="check",
        reserved_for=both,
    )  # fmt: skip
    open_case(case=scene.case, user=both.user)

    assert assign_next(study=scene.study, rater=both, now=clock.now()) is None
    slot.refresh_from_db()
    assert slot.state == Slot.State.CLOSED


def test_a_late_answer_of_somebody_who_read_the_case_is_refused():
    scene = make_scene(answers=(GOOD,), overlap=2)
    late = make_rater(scene.study)
    enroll(study=scene.study, user=late.user, role=Role.ADJUDICATOR)
    held = assign_next(study=scene.study, rater=late, now=clock.now())
    release_expired(now=held.leased_until)
    judge_all(scene.study, make_rater(scene.study))
    open_case_of = type("Case", (), {"task": held.task})
    open_case(case=open_case_of, user=late.user)
    Slot.objects.filter(pk=held.slot_id).update(state="closed", lease_no=held.lease_no)

    with pytest.raises(Conflict, match="seen what others answered"):
        hold_for_submit(
            assignment=Assignment.objects.get(pk=held.pk), lease_no=held.lease_no
        )


def test_a_rater_of_the_task_cannot_open_it(scene):
    with pytest.raises(Forbidden, match="You rated this task"):
        open_case(case=scene.case, user=scene.raters[0].user)
    assert not Disclosure.objects.exists()


def test_deciding_is_seeing(scene, both):
    scene.claim(both.user)
    scene.decide(user=both.user)
    assert Disclosure.objects.filter(user=both.user, task=scene.task).exists()


def test_a_case_in_the_hands_of_another_is_not_withdrawn(scene):
    now = clock.now()
    scene.claim(now=now)
    other = make_adjudicator(scene.study, "Olaf")

    def withdraw(**fields):
        given = {"because": "Twice.", "actor": other, "now": now}
        return withdraw_case(case=scene.case, **given | fields)

    with pytest.raises(Conflict, match="Somebody else has this case in hand"):
        withdraw()
    scene.case.refresh_from_db()
    assert scene.case.claimed_by == scene.adjudicator
    assert withdraw(actor=scene.adjudicator).state == "withdrawn"


def test_a_case_whose_time_ran_out_may_be_withdrawn(scene):
    scene.claim()
    over = scene.case.leased_until
    made = withdraw_case(
        case=scene.case,
        because="Twice.",
        actor=make_adjudicator(scene.study, "Olaf"),
        now=over,
    )
    assert made.state == "withdrawn"


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_opening_a_case_and_being_served_its_task_exclude_each_other():
    scene = make_scene()
    people = [make_rater(scene.study, f"Both {n}") for n in range(6)]
    for one in people:
        enroll(study=scene.study, user=one.user, role=Role.ADJUDICATOR)
    ask_for(scene.study, 8)

    def work(index):
        person = people[index // 2]
        if index % 2:
            try:
                return open_case(case=scene.case, user=person.user)
            except Forbidden:
                return None
        return assign_next(study=scene.study, rater=person, now=clock.now())

    together(12, work)

    served = set(
        Assignment.objects.filter(rater__in=people).values_list(
            "rater__user", flat=True
        )
    )
    read = set(Disclosure.objects.values_list("user", flat=True))
    assert served | read == {one.user_id for one in people}
    assert not served & read


def test_claiming_alone_shows_nothing(scene, both):
    claim_case(case=scene.case, user=both.user, now=clock.now())
    assert not Disclosure.objects.exists()
