"""What changed in the guideline since a rater's last visit, and that they read it."""

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.studies.guidelines import (
    acknowledge,
    changes_to_read,
    must_acknowledge,
)
from feedback.studies.models import GuidelineAcknowledgment, GuidelineVersion
from feedback.studies.services import publish_guideline
from tests.builders import CRITERIA, judge_all, make_rater


def publish(cast, *, changes="", is_major=False, body="Judge what is on the page."):
    return publish_guideline(
        study=cast.study,
        title="Rating chatbot answers",
        body=body,
        criteria=CRITERIA,
        published_by=cast.lead,
        now=clock.now(),
        changes=changes,
        is_major=is_major,
    )


@pytest.fixture
def worked(cast):
    """The rater of the cast, after an answer under version 1."""
    judge_all(cast.study, cast.rater, limit=1)
    return cast.rater


def numbers(rater, version):
    return [one.number for one in changes_to_read(rater=rater, version=version)]


def test_changes_are_those_since_the_last_visit(cast, worked):
    first = cast.study.guideline_versions.get()
    second, third = publish(cast), publish(cast)
    assert numbers(worked, first) == []
    assert numbers(worked, second) == [2]
    assert numbers(worked, third) == [2, 3]
    acknowledge(rater=worked, version=second)
    assert numbers(worked, third) == [3]
    acknowledge(rater=worked, version=third)
    assert numbers(worked, third) == []
    # Work on a task of an older version takes nothing back.
    judge_all(cast.study, worked, limit=1)
    assert numbers(worked, third) == []


def test_work_under_a_version_is_as_good_as_reading_it(cast, worked):
    publish(cast)
    third = publish(cast)
    worked.assignments.filter(state="submitted").update(guideline_version=third)
    assert numbers(worked, third) == []
    assert numbers(worked, publish(cast)) == [4]


def test_nothing_is_a_change_to_somebody_new(cast, worked):
    second = publish(cast, is_major=True)
    assert numbers(cast.rater2, second) == []
    # Neither a task in hand nor work in another study makes a difference.
    newcomer = make_rater(cast.study)
    newcomer.assignments.create(
        study=cast.study,
        task=(held := worked.assignments.first()).task,
        slot=held.task.slots.exclude(pk=held.slot_id).first(),
        guideline_version=held.guideline_version,
        lease_no=1,
        leased_until=clock.now(),
    )
    assert numbers(newcomer, second) == []
    stranger = make_rater(cast.other_study)
    judge_all(cast.other_study, stranger, limit=1)
    assert numbers(stranger, second) == []


def test_a_draft_is_no_change(cast, worked):
    draft = GuidelineVersion.objects.create(
        study=cast.study, number=2, title="Draft", body="Not yet."
    )
    assert numbers(worked, draft) == []
    assert numbers(worked, publish(cast)) == [3]


@pytest.mark.parametrize(
    ("is_major", "must"),
    [
        pytest.param([False, False], False, id="minor"),
        pytest.param([True, False], True, id="major-then-minor"),
        pytest.param([False, True], True, id="minor-then-major"),
    ],
)
def test_one_major_change_must_be_confirmed(cast, worked, is_major, must):
    versions = [publish(cast, is_major=one) for one in is_major]
    changes = changes_to_read(rater=worked, version=versions[-1])
    assert must_acknowledge(changes) is must


def test_rater_reads_and_confirms(cast, worked, sign_in):
    publish(cast, changes="Doses count <twice>.", is_major=True)
    third = publish(cast, body="Judge it all.", changes="A typo.")
    url = reverse("guideline_acknowledge", args=[third.uid])
    client = sign_in(worked.user)
    page = client.get(url).text
    for text in ("Doses count &lt;twice&gt;.", "A typo.", "Judge it all.", "Important"):
        assert text in page
    assert page.index("Doses count") < page.index("A typo.") < page.index("Judge it")
    assert "I have read this" in page
    for _ in range(2):
        answer = client.post(url)
        assert answer.status_code == 302
        assert answer["Location"] == reverse("study_rate", args=[cast.study.uid])
    note = GuidelineAcknowledgment.objects.get()
    assert (note.rater, note.guideline_version) == (worked, third)
    event = AuditEvent.objects.get(action="guideline.acknowledged")
    assert (event.actor_id, event.subject_uid) == (worked.user.pk, third.uid)
    after = client.get(url).text
    assert "I have read this" not in after
    assert "Judge it all." in after


def test_a_small_change_is_confirmed_in_place(cast, worked, sign_in):
    second = publish(cast, changes="A typo.")
    answer = sign_in(worked.user).post(
        reverse("guideline_acknowledge", args=[second.uid]),
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    assert answer.templates[0].name == "studies/_guideline_note.html"
    assert "Got it" not in answer.text
    assert "HX-Request" in answer["Vary"]
    assert numbers(worked, second) == []


def test_only_raters_of_the_study_see_published_versions(cast, sign_in):
    published = cast.study.guideline_versions.get()
    draft = GuidelineVersion.objects.create(
        study=cast.study, number=2, title="Draft", body="Not yet."
    )
    outsider = make_rater(cast.other_study)
    cases = [
        (cast.rater.user, draft),
        (cast.lead, published),
        (cast.admin, published),
        (outsider.user, published),
    ]
    for user, version in cases:
        client = sign_in(user)
        url = reverse("guideline_acknowledge", args=[version.uid])
        assert client.get(url).status_code == 404
        assert client.post(url).status_code == 404
    assert not GuidelineAcknowledgment.objects.exists()


def test_one_query_tells_what_changed(cast, worked, django_assert_num_queries):
    first, second = cast.study.guideline_versions.get(), publish(cast)
    with django_assert_num_queries(0):
        changes_to_read(rater=worked, version=first)
    with django_assert_num_queries(1):
        changes_to_read(rater=worked, version=second)


def test_the_note_on_the_rating_page_says_which_version_and_links(cast, worked):
    second = publish(cast, changes="A typo.")
    changes = changes_to_read(rater=worked, version=second)
    context = {"guideline": second, "guideline_changes": changes}
    note = render_to_string("studies/_guideline_note.html", context)
    url = reverse("guideline_acknowledge", args=[second.uid])
    assert note.count(f'"{url}"') == 3
    assert "version 2" in note
    context["guideline_changes"] = []
    assert "<form" not in render_to_string("studies/_guideline_note.html", context)
