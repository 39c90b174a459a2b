"""The rating page: what it shows, what it hides, and how a submit is answered."""

import re
import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from feedback.common import clock
from feedback.corpus.models import Completion, ModelVersion
from feedback.rating.models import Judgment, SafetyFlag
from feedback.studies.assignment import assign_next, release_expired
from feedback.studies.models import Assignment, Slot, Study, Task
from tests.builders import BETTER_A, GOOD, judge_all, make_rater, make_study, submit

HTMX = {"HX-Request": "true"}


@pytest.fixture
def study(db):
    cache.clear()
    return make_study(n_prompts=3, overlap=2)


@pytest.fixture
def rater(study):
    return make_rater(study)


@pytest.fixture
def browser(rater, sign_in):
    return sign_in(rater.user)


def take(study, rater, kind):
    while True:
        assignment = assign_next(study=study, rater=rater, now=clock.now())
        if assignment.task.kind == kind:
            return assignment
        submit(assignment, GOOD if kind == Task.Kind.PAIR else BETTER_A)


def url_of(assignment):
    return reverse("assignment_detail", args=[assignment.uid])


def hidden(response):
    """The hidden fields of the rating form on a page."""
    page = response.content.decode()
    names = ("idempotency_key", "lease_no", "shown_sha256", "active_seconds")
    return {
        name: re.search(rf'name="{name}"\s+value="([^"]*)"', page).group(1)
        for name in names
    }


def filled(response, **fields):
    answer = {
        "ratings-0-correctness": "5",
        "ratings-0-tone": "4",
        "ratings-0-safety": "na",
    }
    return hidden(response) | answer | fields


def test_rate_leads_to_the_assignment(browser, study):
    response = browser.get(reverse("study_rate", args=[study.uid]))

    assignment = Assignment.objects.get()
    assert response.status_code == 302
    assert response.url == url_of(assignment)


def test_page_shows_prompt_and_answer_but_not_the_model(browser, study, rater):
    ModelVersion.objects.filter(name="model-0").update(name="very-secret-model")
    single = take(study, rater, Task.Kind.SINGLE)

    page = browser.get(url_of(single)).content.decode()

    assert single.task.prompt.last_turn in page
    assert "very-secret-model" not in page
    assert "Correctness" in page


def test_left_and_right_stand_as_the_assignment_says(browser, study, rater):
    pair = take(study, rater, Task.Kind.PAIR)
    texts = [item.completion.content for item in pair.task.items.order_by("position")]

    for left in (0, 1):
        Assignment.objects.filter(pk=pair.pk).update(shown_order=[left, 1 - left])
        page = browser.get(url_of(pair)).content.decode()
        assert ('data-item="0">' + _escaped(texts[left])) in page
        assert ('data-item="1">' + _escaped(texts[1 - left])) in page


def _escaped(text):
    return text.replace("'", "&#x27;").replace('"', "&quot;")


def test_markup_in_a_completion_is_shown_as_text(browser, rater, study):
    single = take(study, rater, Task.Kind.SINGLE)
    evil = Completion.objects.create(
        prompt=single.task.prompt,
        batch=single.task.prompt.batch,
        content="<script>alert(1)</script><img src=x onerror=alert(2)>",
        content_sha256="e" * 64,
    )
    single.task.items.update(completion=evil)

    page = browser.get(url_of(single)).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_submit_by_htmx_answers_with_the_next_task(browser, study, rater):
    single = take(study, rater, Task.Kind.SINGLE)
    page = browser.get(url_of(single))

    response = browser.post(url_of(single), filled(page), headers=HTMX)

    assert response.status_code == 200
    following = Assignment.objects.get(state=Assignment.State.LEASED)
    assert response["HX-Push-Url"] == url_of(following)
    assert str(following.uid) in response.content.decode()
    judgment = Judgment.objects.get(assignment=single)
    values = dict(judgment.ratings.values_list("criterion__key", "value"))
    assert values == {"correctness": 5, "tone": 4, "safety": None}


def test_submit_without_htmx_leads_to_the_next_task(browser, study, rater):
    single = take(study, rater, Task.Kind.SINGLE)
    page = browser.get(url_of(single))

    response = browser.post(url_of(single), filled(page))

    assert response.status_code == 302
    assert response.url == reverse("study_rate", args=[study.uid])


def test_pair_is_stored_in_canonical_terms(browser, study, rater):
    pair = take(study, rater, Task.Kind.PAIR)
    Assignment.objects.filter(pk=pair.pk).update(shown_order=[1, 0])
    page = browser.get(url_of(pair))
    fields = hidden(page) | {
        "preference": "left_slight",
        "reasons": ["tone", "safety"],
        "correction_of": "1",
        "correction_text": "A better answer.",
        "flag_item": "1",
        "flag_category": "dose_error",
        "flag_severity": "severe",
        "flag_rationale": "Ten times the dose.",
    }

    browser.post(url_of(pair), fields, headers=HTMX)

    judgment = Judgment.objects.get(assignment=pair)
    items = list(pair.task.items.order_by("position"))
    preference = judgment.preferences.get()
    # Item 1 stood left and was preferred; item 0 stood right.
    assert (preference.outcome, preference.strength) == ("b", 1)
    assert preference.reasons == ["tone", "safety"]
    assert judgment.corrections.get().completion_id == items[0].completion_id
    assert judgment.safety_flags.get().completion_id == items[0].completion_id


def test_incomplete_submit_comes_back_with_all_that_was_typed(browser, study, rater):
    single = take(study, rater, Task.Kind.SINGLE)
    fields = filled(browser.get(url_of(single)), comment="A thought.")
    del fields["ratings-0-tone"]

    response = browser.post(url_of(single), fields, headers=HTMX)

    page = response.content.decode()
    assert response.status_code == 422
    assert "Tone has no answer." in page
    assert "A thought." in page
    assert re.search(r'name="ratings-0-correctness"\s+value="5"[^>]*checked', page)
    assert fields["idempotency_key"] in page
    assert not Judgment.objects.filter(assignment=single).exists()


def test_late_submit_keeps_the_text_and_offers_the_next_task(browser, study, rater):
    single = take(study, rater, Task.Kind.SINGLE)
    fields = filled(browser.get(url_of(single)), comment="Long thoughts.")
    release_expired(now=clock.now() + timedelta(days=1))
    Slot.objects.filter(pk=single.slot_id).update(
        state="leased", lease_no=99, leased_until=clock.now()
    )

    response = browser.post(url_of(single), fields, headers=HTMX)

    page = response.content.decode()
    assert response.status_code == 409
    assert "given to another rater" in page
    assert "Long thoughts." in page
    assert reverse("study_rate", args=[study.uid]) in page


def test_second_send_of_the_same_form_is_a_success(browser, study, rater):
    single = take(study, rater, Task.Kind.SINGLE)
    fields = filled(browser.get(url_of(single)))

    first = browser.post(url_of(single), fields, headers=HTMX)
    second = browser.post(url_of(single), fields, headers=HTMX)

    assert (first.status_code, second.status_code) == (200, 200)
    assert Judgment.objects.filter(assignment=single).count() == 1


def test_answered_task_shows_the_answer(browser, study, rater):
    single = take(study, rater, Task.Kind.SINGLE)
    submit(single, GOOD)

    page = browser.get(url_of(single)).content.decode()

    assert "You answered this task" in page
    assert "Correctness 5" in page


def test_when_nothing_is_left_the_page_says_so(browser, study, rater):
    judge_all(study, rater)

    response = browser.get(reverse("study_rate", args=[study.uid]))

    assert response.status_code == 200
    assert "Nothing is left for you" in response.content.decode()


def test_last_submit_leads_to_the_end(browser, study, rater):
    judge_all(study, rater, limit=8)
    last = assign_next(study=study, rater=rater, now=clock.now())
    page = browser.get(url_of(last))
    is_pair = last.task.kind == Task.Kind.PAIR
    fields = hidden(page) | {"preference": "tie"} if is_pair else filled(page)

    response = browser.post(url_of(last), fields, headers=HTMX)

    assert response["HX-Redirect"] == reverse("study_rate", args=[study.uid])


def test_paused_study_stores_what_is_in_hand_and_then_says_so(browser, study, rater):
    single = take(study, rater, Task.Kind.SINGLE)
    page = browser.get(url_of(single))
    Study.objects.filter(pk=study.pk).update(state=Study.State.PAUSED)

    response = browser.post(url_of(single), filled(page), headers=HTMX)

    assert response["HX-Redirect"] == reverse("study_rate", args=[study.uid])
    assert Judgment.objects.filter(assignment=single).exists()
    assert browser.get(response["HX-Redirect"]).status_code == 409


def test_assignment_of_another_rater_does_not_exist(study, rater, sign_in):
    single = take(study, rater, Task.Kind.SINGLE)
    other = sign_in(make_rater(study).user)

    assert other.get(url_of(single)).status_code == 404
    assert other.post(url_of(single), {}).status_code == 404
    assert not Judgment.objects.filter(assignment=single).exists()


def test_own_judgments_are_listed_and_nobody_elses(browser, study, rater):
    judge_all(study, rater, limit=2)
    judge_all(study, make_rater(study), limit=3)

    page = browser.get(reverse("judgment_list")).content.decode()

    assert page.count("<time") == 2


def test_flag_reaches_the_reviewers_page_without_the_model(cast, sign_in):
    ModelVersion.objects.filter(name="model-0").update(name="very-secret-model")
    single = take(cast.study, cast.rater, Task.Kind.SINGLE)
    browser = sign_in(cast.rater.user)
    fields = filled(
        browser.get(url_of(single)),
        flag_category="missed_emergency",
        flag_severity="severe",
        flag_rationale="Sends a stroke home.",
    )

    browser.post(url_of(single), fields)

    assert SafetyFlag.objects.count() == 1
    url = reverse("flag_list", args=[cast.study.uid])
    page = sign_in(cast.reviewer).get(url).content.decode()
    assert "Sends a stroke home." in page
    assert "very-secret-model" not in page
    assert sign_in(cast.rater.user).get(url).status_code == 404


def test_statements_of_a_page_do_not_grow_with_the_study(
    db, sign_in, django_assert_max_num_queries
):
    counts = []
    for n_prompts in (20, 300):
        cache.clear()
        study = make_study(n_prompts=n_prompts, n_completions=1)
        rater = make_rater(study)
        browser = sign_in(rater.user)
        single = take(study, rater, Task.Kind.SINGLE)
        page = browser.get(url_of(single))
        with django_assert_max_num_queries(60) as captured:
            response = browser.post(url_of(single), filled(page), headers=HTMX)
        assert response.status_code == 200
        counts.append(len(captured))
    assert counts == [38, 38]


def test_damaged_key_says_to_reload(browser, study, rater):
    single = take(study, rater, Task.Kind.SINGLE)
    fields = filled(browser.get(url_of(single)), idempotency_key=str(uuid.uuid4())[:-1])

    response = browser.post(url_of(single), fields, headers=HTMX)

    assert response.status_code == 422
    assert "Reload the page" in response.content.decode()
