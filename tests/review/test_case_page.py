"""The case page: read, claim, copy up, settle; nothing typed is lost."""

import re
import uuid

import pytest
from django.urls import reverse

from feedback.rating.answers import Answer, Place, Value, scores
from feedback.review.case_page import answers_in, rows_of, shown_in
from feedback.review.models import Adjudication, AdjudicationCase, EvidenceEdition
from feedback.review.verdicts import fields_of_verdict, verdict_of
from tests.builders import GOOD
from tests.review.conftest import BAD, make_edition, make_scene, settle

pytestmark = pytest.mark.django_db


def text_of(response):
    return " ".join(response.content.decode().split())


@pytest.fixture
def browser(scene, sign_in):
    return sign_in(scene.adjudicator)


@pytest.fixture
def url(scene):
    return reverse("case_detail", args=[scene.case.uid])


def form(page, **changes):
    """What the page would send, with the hidden fields it carries."""
    names = ("idempotency_key", "lease_no", "shown_sha256")
    fields = {name: str(page.context[name]) for name in names}
    fields |= {"active_seconds": "0", "cause": "slip", "rationale": "It bleeds."}
    fields |= {
        f"ratings-0-{key}": str(value)
        for key, value in {"correctness": 5, "tone": 4, "safety": 2}.items()
    }
    return fields | changes


def checked(page):
    return {
        (question.field.name, option.value)
        for question in page.context["questions"]
        for option in (*question.field.options, *question.field.missing)
        if option.is_checked
    }


def test_before_the_claim_there_is_only_the_case(scene, browser, url):
    page = browser.get(url)

    text = text_of(page)
    assert "May I take ibuprofen" in text
    assert "Take this case" in text
    assert "Rater A" not in text
    assert "Final answer" not in text


def test_claiming_opens_the_form_with_what_all_agree_on(scene, browser, url):
    page = browser.post(reverse("case_claim", args=[scene.case.uid]), follow=True)

    assert checked(page) == {("ratings-0-correctness", "5"), ("ratings-0-tone", "4")}
    text = text_of(page)
    assert "What all raters agree on is filled in" in text
    assert ("Rater A" in text, "Rater B" in text) == (True, True)


def test_the_page_names_no_rater_no_model_and_no_time(scene, browser, url):
    scene.claim()

    text = browser.get(url).content.decode()

    for rater in scene.raters:
        assert rater.pseudonym not in text
        assert rater.user.name not in text
    assert "model-0" not in text
    assert "20 s" not in text


def test_in_an_audit_nothing_is_filled_in_and_answers_are_folded(sign_in):
    scene = make_scene(answers=(GOOD, GOOD), audit_percent=100)
    scene.claim()

    page = sign_in(scene.adjudicator).get(reverse("case_detail", args=[scene.case.uid]))

    assert checked(page) == set()
    folded = re.search(
        r"<details([^>]*)>\s*<summary>\s*2 raters", page.content.decode()
    )
    assert "open" not in folded[1]
    assert ("none", "There was no disagreement") in page.context["causes"]


def test_letters_are_drawn_per_case():
    """Over many cases each rater is A about half of the time."""
    scene = make_scene(n_prompts=40)
    first = 0
    for case in AdjudicationCase.objects.select_related("study", "task__prompt"):
        answered = answers_in(case, shown_in(case))
        assert [one.letter for one in answered] == ["A", "B"]
        first += answered[0].fields["ratings-0-safety"] == "1"
        assert [one.fields for one in answered] == [
            one.fields for one in answers_in(case, shown_in(case))
        ]
    # 40 draws: four standard deviations are 13.
    assert abs(first - 20) < 13
    assert scene.case


def test_rows_stand_beside_each_other_and_say_where_they_differ(scene):
    shown = shown_in(scene.case)

    rows = {row.label: row for row in rows_of(answers_in(scene.case, shown), shown)}

    assert [cell.words for cell in rows["Tone"].cells] == ["4", "4"]
    assert sorted(cell.words for cell in rows["Safety"].cells) == ["1", "5"]
    assert (rows["Safety"].is_disputed, rows["Tone"].is_disputed) == (True, False)


@pytest.mark.parametrize("is_htmx", [False, True])
def test_an_answer_is_copied_up_and_the_rest_stays(scene, browser, url, is_htmx):
    scene.claim()
    page = browser.get(url)
    answered = {one.letter: one for one in page.context["answered"]}
    headers = {"HX-Request": "true"} if is_htmx else {}

    copied = browser.post(
        url, form(page, copy="B", rationale="Half written"), headers=headers
    )

    assert copied.status_code == 200
    assert ("<html" in copied.content.decode()) is not is_htmx
    safety = answered["B"].fields["ratings-0-safety"]
    assert ("ratings-0-safety", safety) in checked(copied)
    assert "Half written" in copied.content.decode()
    assert not Adjudication.objects.exists()


def test_outside_my_practice_is_not_copied_up(sign_in):
    """Who cannot decide gives the case back."""
    outside = Answer(ratings=GOOD.ratings | {Place("tone"): Value(missing="outside")})
    scene = make_scene(answers=(outside, BAD))
    scene.claim()
    browser = sign_in(scene.adjudicator)
    url = reverse("case_detail", args=[scene.case.uid])
    page = browser.get(url)
    letter = next(
        one.letter
        for one in page.context["answered"]
        if one.fields["ratings-0-tone"] == "outside"
    )

    copied = browser.post(url, form(page, copy=letter))

    assert not [one for one in checked(copied) if one[0] == "ratings-0-tone"]
    assert "outside their practice" in text_of(copied)


def test_one_question_is_copied_up_by_itself(scene, browser, url):
    scene.claim()
    page = browser.get(url)
    low = next(
        one.letter
        for one in page.context["answered"]
        if one.fields["ratings-0-safety"] == "1"
    )
    fields = form(page, copy=f"{low}:ratings-0-safety") | {"ratings-0-tone": "2"}

    copied = browser.post(url, fields)

    assert {("ratings-0-safety", "1"), ("ratings-0-tone", "2")} <= checked(copied)


def test_a_refusal_keeps_everything_and_names_every_field(scene, browser, url):
    edition = make_edition(scene.study)
    scene.claim()
    page = browser.get(url)
    fields = form(
        page,
        cause="guideline_unclear",
        rationale="",
        **{
            "evidence-0-edition": str(edition.uid),
            "evidence-0-locator": "page 17",
            "evidence-1-quote": "Without a source.",
            "new-title": "A book",
        },
    )
    del fields["ratings-0-safety"]

    refused = browser.post(url, fields)

    assert refused.status_code == 422
    assert set(refused.context["errors"]) == {
        "ratings-0-safety",
        "rationale",
        "change",
        "evidence-1-edition",
        "new-kind",
        "new-edition",
        "new-published_on",
    }
    text = refused.content.decode()
    for typed in ("page 17", "Without a source.", "A book"):
        assert typed in text
    assert ("ratings-0-tone", "4") in checked(refused)
    assert re.search(r'value="guideline_unclear"\s+checked', text)
    assert re.search(rf'value="{edition.uid}"\s+selected', text)


def test_what_cannot_be_read_is_refused_and_kept(scene, browser, url):
    scene.claim()
    page = browser.get(url)

    garbled = browser.post(url, form(page) | {"ratings-0-tone": "4x"})
    forged = browser.post(url, form(page) | {"idempotency_key": "mine"})
    control = browser.post(url, form(page, **{"evidence-0-locator": "a\x07b"}))

    assert garbled.status_code == forged.status_code == control.status_code == 422
    assert set(garbled.context["errors"]) == {"ratings-0-tone"}
    assert set(control.context["errors"]) == {
        "evidence-0-locator",
        "evidence-0-edition",
    }
    assert "It bleeds." in forged.content.decode()


def test_asking_without_a_reason_comes_back(scene, browser):
    url = reverse("task_adjudicate", args=[scene.task.uid])

    refused = browser.post(url, {"because": " "})

    assert refused.status_code == 422
    assert "The reason is empty." in refused.content.decode()


def test_a_decision_with_a_new_source_leads_back_to_the_queue(scene, browser, url):
    scene.claim()
    fields = form(
        browser.get(url),
        **{
            "new-title": "Bleeding",
            "new-kind": "guideline",
            "new-edition": "2024",
            "new-published_on": "2024-05-01",
            "new-locator": "section 2",
        },
    )

    done = browser.post(url, fields)

    assert done.url == reverse("case_list", args=[scene.study.uid])
    made = Adjudication.objects.get()
    assert made.evidence.get().edition == EvidenceEdition.objects.get()
    assert made.evidence.get().locator == "section 2"


def test_htmx_is_sent_on_after_a_decision(scene, browser, url):
    scene.claim()

    done = browser.post(url, form(browser.get(url)), headers={"HX-Request": "true"})

    assert done["HX-Redirect"] == reverse("case_list", args=[scene.study.uid])


def test_a_late_decision_keeps_the_text_and_offers_no_button(scene, browser, url):
    scene.claim()
    page = browser.get(url)
    AdjudicationCase.objects.filter(pk=scene.case.pk).update(lease_no=9)

    late = browser.post(url, form(page, rationale="Long thought"))

    assert late.status_code == 409
    assert "Long thought" in late.content.decode()
    assert ">Decide<" not in late.content.decode().replace("\n", "").replace(" ", "")


def test_a_decided_case_shows_the_verdict_beside_the_answers(scene, browser, url):
    settle(scene)

    page = browser.get(url)

    assert page.context["answered"][0].name == "Verdict"
    text = text_of(page)
    assert "Warfarin and ibuprofen bleed." in text
    assert "Bleeding, 2019 (2019-03-01), section 4" in text
    assert "questions" not in page.context


def test_a_stale_case_shows_the_old_verdict_and_copies_it_up(scene, browser):
    settle(scene)
    url = reverse("task_adjudicate", args=[scene.task.uid])
    browser.post(url, {"because": "Look again."})
    scene.case = AdjudicationCase.objects.get(state="open")
    scene.claim()
    url = reverse("case_detail", args=[scene.case.uid])
    page = browser.get(url)
    assert page.context["answered"][0].name == "Old verdict"
    assert checked(page) == set()
    fields = {"copy": "verdict", "rationale": "Kept"}

    copied = browser.post(url, fields)

    assert ("ratings-0-safety", "2") in checked(copied)
    assert copied.context["values"]["cause"] == "slip"
    assert "none" not in dict(page.context["causes"])


def test_an_auditor_reads_and_cannot_decide(scene, cast, sign_in, url):
    auditor = sign_in(cast.auditor)
    scene.claim()

    page = auditor.get(url)

    assert "Rater A" in text_of(page)
    assert "Final answer" not in text_of(page)
    assert auditor.post(url, {"copy": "A"}).status_code == 404


def test_withdrawing_and_asking_need_a_reason_which_is_kept(scene, browser):
    scene.claim()
    withdraw = reverse("case_withdraw", args=[scene.case.uid])
    assert browser.post(withdraw, {"because": "x" * 301}).status_code == 422

    done = browser.post(withdraw, {"because": "A duplicate."}, follow=True)

    assert "The case is withdrawn." in done.content.decode()
    page = browser.get(reverse("case_detail", args=[scene.case.uid]))
    assert "Withdrawn: A duplicate." in text_of(page)


def test_the_queue_filters_by_reason_and_by_what_is_in_dispute(scene, browser):
    url = reverse("case_list", args=[scene.study.uid])
    for query, n in (
        ("", 1),
        ("?reason=disagreement", 1),
        ("?reason=stale", 0),
        ("?criterion=safety", 1),
        ("?criterion=tone", 0),
    ):
        page = browser.get(url + query)
        assert len(page.context["page"].object_list) == n, query
    assert "Safety stands on both sides of the middle: 1 and 5." in text_of(
        browser.get(url)
    )


def test_the_queue_lists_what_was_decided_and_why(scene, browser):
    settle(scene)
    url = reverse("case_list", args=[scene.study.uid])

    text = text_of(browser.get(f"{url}?show=decided"))

    assert "A slip · by Ana Adjudicator" in text
    assert "1 of 1" in text


def test_nothing_left_says_so(scene, browser):
    settle(scene)

    page = browser.post(reverse("case_next", args=[scene.study.uid]), follow=True)

    assert "No case waits for you." in page.content.decode()


def test_giving_back_on_the_page(scene, browser):
    scene.claim()

    browser.post(reverse("case_give_back", args=[scene.case.uid]))

    scene.case.refresh_from_db()
    assert scene.case.state == "open"


def test_a_case_in_other_hands_says_whose(scene, sign_in, url):
    scene.claim()

    page = sign_in(scene.study.created_by).get(url)

    assert "Ana Adjudicator has this case until" in text_of(page)
    assert "Rater A" not in text_of(page)


def test_a_verdict_comes_back_as_it_was_given(scene):
    shown = shown_in(scene.case)
    answer = Answer(ratings=scores(correctness=5, tone=None, safety=2))

    fields = fields_of_verdict(verdict_of(answer, shown), shown)

    assert fields.dict() == {
        "ratings-0-correctness": "5",
        "ratings-0-tone": "na",
        "ratings-0-safety": "2",
    }
    assert uuid.UUID(verdict_of(answer, shown)["completions"][0]["completion"])
    assert BAD
