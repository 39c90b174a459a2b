"""Questions to the study lead: asked on the task, answered in place."""

import pytest
from django.urls import reverse

from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Invalid
from feedback.corpus.models import IdentityScan
from feedback.studies.assignment import assign_next
from feedback.studies.models import Question, Reply
from feedback.studies.questions import MAX_CHARACTERS, MAX_QUESTIONS, ask, reply
from feedback.studies.selectors import questions_of
from feedback.studies.selectors_questions import n_open_questions, questions_for_lead
from tests.builders import GOOD, judge_all, make_rater, submit


@pytest.fixture
def assignment(cast):
    return assign_next(study=cast.study, rater=cast.rater, now=clock.now())


def page_of(assignment):
    return reverse("assignment_question", args=[assignment.uid])


def test_a_question_and_its_reply_stand_on_the_task(cast, assignment, sign_in):
    rater, lead = sign_in(cast.rater.user), sign_in(cast.lead)
    asked = rater.post(
        page_of(assignment),
        {"question": " Is 5 \r\nfor a child?  "},
        headers={"HX-Request": "true"},
    )
    assert asked.status_code == 200
    assert asked.templates[0].name == "studies/_questions.html"
    assert "Sent." in asked.text
    assert asked.text.count("<form") == 1
    question = Question.objects.get()
    assert (question.text, question.study) == ("Is 5 \nfor a child?", cast.study)

    url = reverse("study_questions", args=[cast.study.uid])
    listed = lead.get(url).text
    assert "1 open" in listed
    assert assignment.task.prompt.last_turn in listed
    assert cast.rater.pseudonym in listed
    assert cast.rater.user.name not in listed
    assert "model-" not in listed

    answered = lead.post(
        reverse("question_reply", args=[question.uid]),
        {"reply": "For an adult."},
        headers={"HX-Request": "true"},
    )
    assert answered.templates[0].name == "studies/_question.html"
    assert "For an adult." in answered.text
    assert "0 open" in lead.get(url).text
    read = rater.get(page_of(assignment)).text
    assert "For an adult." in read
    assert "Lena Lead replied" in read
    assert list(
        AuditEvent.objects.filter(action__startswith="question.")
        .order_by("pk")
        .values_list("action", "actor_id", "subject_uid")
    ) == [
        ("question.asked", cast.rater.user.pk, question.uid),
        ("question.replied", cast.lead.pk, question.uid),
    ]


def test_without_htmx_the_way_leads_back(cast, assignment, sign_in):
    asked = sign_in(cast.rater.user).post(page_of(assignment), {"question": "Why?"})
    back = reverse("assignment_detail", args=[assignment.uid])
    assert (asked.status_code, asked["Location"]) == (302, f"{back}#questions")
    question = Question.objects.get()
    answered = sign_in(cast.lead).post(
        reverse("question_reply", args=[question.uid]), {"reply": "So."}
    )
    listed = reverse("study_questions", args=[cast.study.uid])
    assert answered["Location"] == f"{listed}#question-{question.uid}"


REFUSED = [
    pytest.param("", "empty", id="empty"),
    pytest.param(" \r\n\t ", "empty", id="blank"),
    pytest.param("x" * (MAX_CHARACTERS + 1), "2001 characters", id="too-long"),
    pytest.param("a\x00b", "U+0000 at character 2", id="nul"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_what_cannot_be_asked_is_kept_and_explained(
    cast, assignment, sign_in, text, why, headers
):
    question = ask(assignment=assignment, text="Why?")
    refusals = [
        sign_in(cast.rater.user).post(
            page_of(assignment), {"question": text}, headers=headers
        ),
        sign_in(cast.lead).post(
            reverse("question_reply", args=[question.uid]),
            {"reply": text},
            headers=headers,
        ),
    ]
    for refused in refusals:
        assert refused.status_code == 422
        assert why in refused.text
        assert "data-wrong" in refused.text
        assert ("<html" in refused.text) != bool(headers)
        assert text.strip().replace("\x00", "") in refused.text.replace("\x00", "")
    assert Question.objects.count() == 1
    assert not Reply.objects.exists()


def test_the_longest_text_fits(assignment, cast):
    longest = "ä" * MAX_CHARACTERS
    question = ask(assignment=assignment, text=longest)
    assert reply(question=question, author=cast.lead, text=longest).text == longest


def test_a_button_pressed_twice_asks_once(assignment, cast):
    first = ask(assignment=assignment, text="Why?")
    assert ask(assignment=assignment, text=" Why? ") == first
    so = reply(question=first, author=cast.lead, text="So.")
    assert reply(question=first, author=cast.lead, text="So.") == so
    assert reply(question=first, author=cast.admin, text="So.") != so
    assert ask(assignment=assignment, text="And now?") != first
    assert ask(assignment=assignment, text="Why?") != first
    assert [one.text for one in questions_of(assignment)] == [
        "Why?",
        "And now?",
        "Why?",
    ]


def test_a_task_has_room_for_so_many_questions(assignment):
    for number in range(MAX_QUESTIONS):
        ask(assignment=assignment, text=f"Question {number}")
    with pytest.raises(Invalid, match="50 questions already"):
        ask(assignment=assignment, text="One more")


def test_a_question_neither_blocks_nor_counts(cast, assignment):
    ask(assignment=assignment, text="Why?")
    assert assign_next(study=cast.study, rater=cast.rater, now=clock.now()) == (
        assignment
    )
    judge_all(cast.study, cast.rater)
    assignment.refresh_from_db()
    assert assignment.state == "submitted"
    # A thought that comes after the answer may still be asked.
    ask(assignment=assignment, text="And why not?")
    assert n_open_questions(cast.study) == 2


def test_open_questions_come_first_and_the_newest_of_them(cast, assignment):
    texts = ("first", "second", "third")
    asked = [ask(assignment=assignment, text=text) for text in texts]
    reply(question=asked[2], author=cast.lead, text="So.")
    assert [one.text for one in questions_for_lead(cast.study)] == [
        "second",
        "first",
        "third",
    ]
    assert n_open_questions(cast.study) == 2
    assert n_open_questions(cast.other_study) == 0


def test_lead_sees_how_many_wait(cast, assignment, sign_in):
    ask(assignment=assignment, text="Why?")
    link = reverse("study_questions", args=[cast.study.uid])
    detail = reverse("study_detail", args=[cast.study.uid])
    lead, rater = sign_in(cast.lead), sign_in(cast.rater.user)
    for url in (detail, reverse("home")):
        assert "Questions (1 open)" in " ".join(lead.get(url).text.split())
        assert link not in rater.get(url).text
    reply(question=Question.objects.get(), author=cast.lead, text="So.")
    assert "open)" not in lead.get(detail).text
    assert link in lead.get(detail).text


def test_nobody_reads_or_answers_what_is_not_theirs(cast, assignment, sign_in):
    question = ask(assignment=assignment, text="A secret thought")
    answer = reverse("question_reply", args=[question.uid])
    for user in (cast.rater2.user, cast.lead, cast.reviewer, cast.stranger):
        client = sign_in(user)
        assert client.get(page_of(assignment)).status_code == 404
        sent = client.post(page_of(assignment), {"question": "Me too"})
        assert sent.status_code == 404
    for user in (cast.rater.user, cast.auditor, cast.engineer, cast.stranger):
        client = sign_in(user)
        assert client.post(answer, {"reply": "So."}).status_code == 404
        listed = client.get(reverse("study_questions", args=[cast.study.uid]))
        assert listed.status_code == 404
    assert Question.objects.count() == 1
    assert not Reply.objects.exists()


def test_lead_reads_the_answers_as_the_rater_saw_them(cast, sign_in):
    """In the rater's order, and with the maker's name covered."""
    while (held := next_of(cast)).task.kind != "pair":
        submit(held, GOOD)
    held.shown_order = [1, 0]
    held.save(update_fields=["shown_order"])
    texts = [item.completion.content for item in held.task.items.all()]
    IdentityScan.objects.update_or_create(
        completion=held.task.items.get(position=1).completion,
        scanner_version=99,
        defaults={"leaks": [{"start": 0, "end": 6, "name": "Answer"}]},
    )
    ask(assignment=held, text="Which?")
    listed = sign_in(cast.lead).get(reverse("study_questions", args=[cast.study.uid]))
    ((_, answers),) = listed.context["asked"]
    assert [one.label for one in answers] == ["Left", "Right"]
    assert answers[1].text == texts[0]
    assert not answers[0].text.startswith("Answer")
    assert answers[0].text.endswith(texts[1][6:])


def next_of(cast):
    return assign_next(study=cast.study, rater=cast.rater, now=clock.now())


def test_text_is_shown_as_text(cast, assignment, sign_in):
    question = ask(assignment=assignment, text="<b hx-get='/'>bold</b>")
    reply(question=question, author=cast.lead, text="<i>no</i>")
    rater = sign_in(cast.rater.user).get(page_of(assignment)).text
    lead = sign_in(cast.lead)
    listed = lead.get(reverse("study_questions", args=[cast.study.uid])).text
    for page in (rater, listed):
        assert "<b hx" not in page
        assert "&lt;b hx-get=" in page
        assert "&lt;i&gt;no" in page


def test_queries_do_not_grow_with_the_questions(
    cast, sign_in, django_assert_max_num_queries
):
    lead = sign_in(cast.lead)
    url = reverse("study_questions", args=[cast.study.uid])

    def asked_by_somebody():
        rater = make_rater(cast.study)
        held = assign_next(study=cast.study, rater=rater, now=clock.now())
        return ask(assignment=held, text="Why?")

    reply(question=asked_by_somebody(), author=cast.lead, text="So.")
    with django_assert_max_num_queries(20) as one:
        lead.get(url)
    for _ in range(5):
        reply(question=asked_by_somebody(), author=cast.lead, text="So.")
    with django_assert_max_num_queries(len(one)):
        lead.get(url)
