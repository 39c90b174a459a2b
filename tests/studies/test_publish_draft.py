"""Publishing a draft: the differences, the hash, and what becomes of the tasks."""

import pytest
from django.urls import reverse

from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.jobs.models import Job
from feedback.studies.assignment import assign_next
from feedback.studies.change_requests import request_change
from feedback.studies.criteria import CriterionDraft, SpanLabelDraft
from feedback.studies.guideline_contents import contents_of
from feedback.studies.guideline_difference import parts_between, passages_between
from feedback.studies.guideline_drafts import (
    publish_draft,
    save_criterion,
    save_forms,
    save_label,
    save_text,
    start_draft,
)
from feedback.studies.models import GuidelineVersion
from feedback.studies.services import publish_guideline
from feedback.studies.tasks import build_tasks
from tests.builders import CRITERIA, judge_all

ADDED = CriterionDraft(
    key="extra", name="Extra", question="More?", low_label="No", high_label="Yes"
)


@pytest.fixture
def draft(cast):
    return start_draft(study=cast.study, actor=cast.lead)


def publish(cast, draft, **options):
    return publish_draft(draft=draft, actor=cast.lead, now=clock.now(), **options)


def write(cast, draft, **words):
    given = {"title": draft.title, "body": draft.body, "changes": "", "is_major": False}
    return save_text(draft=draft, actor=cast.lead, **{**given, **words})


def test_a_draft_has_the_hash_of_the_same_words_published_in_one_call(cast, draft):
    first = cast.study.guideline_versions.get(number=1)
    second = publish(cast, draft)
    assert second.content_sha256 == first.content_sha256
    assert (second.published_by, second.number) == (cast.lead, 2)
    third = start_draft(study=cast.study, actor=cast.lead)
    save_criterion(draft=third, content=ADDED, actor=cast.lead)
    assert publish(cast, third).content_sha256 != first.content_sha256


def test_what_is_published_never_changes(cast, draft):
    version = publish(cast, draft)
    with pytest.raises(Exception, match="sealed"):
        GuidelineVersion.objects.filter(pk=version.pk).update(body="Other.")


def test_publishing_twice_is_once(cast, draft):
    publish(cast, draft)
    with pytest.raises(Conflict, match="published or thrown away"):
        publish(cast, draft)


def test_versions_are_numbered_as_they_are_published(cast, draft):
    publish_guideline(
        study=cast.study,
        title="By command",
        body="Judge.",
        criteria=CRITERIA,
        published_by=cast.lead,
        now=clock.now(),
    )
    assert publish(cast, draft).number == 4
    numbers = cast.study.guideline_versions.order_by("published_at")
    assert list(numbers.values_list("number", flat=True)) == [1, 3, 4]


def test_the_list_of_versions_takes_the_same_queries_for_many(
    cast, sign_in, django_assert_num_queries
):
    client = sign_in(cast.lead)
    for _ in range(5):
        publish(cast, start_draft(study=cast.study, actor=cast.lead))
    with django_assert_num_queries(8):
        page = client.get(reverse("guideline_list", args=[cast.study.uid])).text
    assert page.count("Published") == 6
    assert page.count("In force") == 1


def test_what_could_not_be_answered_is_not_published(cast, draft):
    save_forms(draft=draft, forms=[], actor=cast.lead)
    with pytest.raises(Invalid, match="needs a form"):
        publish(cast, draft)
    GuidelineVersion.objects.filter(pk=draft.pk).update(body="")
    with pytest.raises(Invalid) as refusal:
        publish(cast, draft)
    assert set(refusal.value.fields) == {"body"}
    draft.refresh_from_db()
    assert draft.published_at is None


def versions_of_tasks(study):
    rows = study.tasks.values_list("guideline_version__number", "state")
    return sorted(rows)


def test_after_a_minor_version_unmet_tasks_go_on_as_they_are(cast, draft):
    judge_all(cast.study, cast.rater, limit=2)
    held = assign_next(study=cast.study, rater=cast.rater2, now=clock.now())
    met = set(cast.study.tasks.filter(assignments__isnull=False))
    n_tasks = cast.study.tasks.count()
    publish(cast, draft)
    assert held.task in met
    for task in cast.study.tasks.all():
        assert task.guideline_version.number == (1 if task in met else 2)
        assert task.state == "open"
    assert cast.study.tasks.count() == n_tasks
    assert not Job.objects.filter(kind="studies.build_tasks").exists()


def test_a_minor_version_leaves_tasks_of_a_kind_it_no_longer_asks(cast, draft):
    forms = [one for one in contents_of(draft).forms if one.kind == "single"]
    save_forms(draft=draft, forms=forms, actor=cast.lead)
    publish(cast, draft)
    found = set(cast.study.tasks.values_list("kind", "guideline_version__number"))
    assert found == {("single", 2), ("pair", 1)}


def test_after_a_major_version_unmet_tasks_are_made_anew(cast, draft):
    judge_all(cast.study, cast.rater, limit=2)
    met = set(cast.study.tasks.filter(assignments__isnull=False))
    n_tasks = cast.study.tasks.count()
    write(cast, draft, is_major=True)
    publish(cast, draft)
    for task in cast.study.tasks.all():
        assert task.state == ("open" if task in met else "withdrawn")
    (job,) = Job.objects.filter(kind="studies.build_tasks")
    build_tasks(job.subject_id)
    fresh = cast.study.tasks.filter(guideline_version__number=2, state="open")
    assert fresh.count() == n_tasks


def test_change_requests_are_answered_by_the_version_that_names_them(cast, draft):
    asked = [
        request_change(study=cast.study, text=text, asked_by=cast.lead)
        for text in ("One?", "Two?")
    ]
    version = publish(cast, draft, resolves=asked[:1])
    for one in asked:
        one.refresh_from_db()
    assert asked[0].resolved_by_version == version
    assert asked[1].resolved_at is None


def test_differences_are_named_question_by_question(cast, draft):
    before = contents_of(draft)
    save_criterion(draft=draft, content=ADDED, actor=cast.lead)
    row = draft.criteria.get(key="tone")
    changed = CriterionDraft(
        key="tone", name="Tone", question="Kind?", low_label="No", high_label="Yes"
    )
    save_criterion(draft=draft, content=changed, actor=cast.lead, criterion=row)
    draft.criteria.get(key="safety").delete()
    label = SpanLabelDraft(key="dose", name="Dose", meaning="")
    save_label(draft=draft, content=label, actor=cast.lead)
    criteria, labels, forms = parts_between(before, contents_of(draft))
    assert (criteria.added, criteria.removed) == (("Extra",), ("Safety",))
    ((tone),) = criteria.changed
    fields = {one.field: (one.before, one.after) for one in tone.changes}
    assert fields["question"][1] == "Kind?"
    assert fields["anchors"][1] == "none"
    assert labels.added == ("Dose",)
    assert forms.is_empty
    assert not criteria.is_reordered


def test_texts_differ_word_by_word():
    before = "Judge what is there. " + "same " * 100 + "Be strict."
    after = "Judge only what is there. " + "same " * 100 + "Be fair."
    found = passages_between(before, after)
    assert [one.text for one in found if one.kind == "added"] == [" only", "fair."]
    assert [one.text for one in found if one.kind == "removed"] == ["strict."]
    assert [one.kind for one in found].count("gap") == 1
    assert passages_between(before, before) == []
    assert passages_between("", "New.") == [found[0].__class__("added", "New.")]


def test_the_page_shows_the_differences_and_publishes(cast, draft, sign_in):
    client = sign_in(cast.lead)
    url = reverse("draft_publish", args=[cast.study.uid])
    asked = request_change(study=cast.study, text="Half a dose?", asked_by=cast.lead)
    write(
        cast,
        draft,
        body="Judge <all> of the page.",
        changes="All of it.",
        is_major=True,
    )
    save_criterion(draft=draft, content=ADDED, actor=cast.lead)
    page = client.get(url).text
    for text in (
        "<ins>&lt;all&gt;</ins>",
        "never pools answers",
        "All of it.",
        "Half a dose?",
        "Extra",
    ):
        assert text in page
    assert client.post(url, {"number": "9"}).status_code == 422
    given = {"number": str(draft.number), "resolves": [str(asked.uid)]}
    answer = client.post(url, given, follow=True)
    assert "Version 2 is published." in answer.text
    assert "In force" in answer.text
    asked.refresh_from_db()
    assert asked.resolved_by_version.number == 2
    assert client.get(url).status_code == 404


def test_the_page_says_why_it_cannot_be_published(cast, draft, sign_in):
    client = sign_in(cast.lead)
    url = reverse("draft_publish", args=[cast.study.uid])
    save_forms(draft=draft, forms=[], actor=cast.lead)
    page = client.get(url).text
    assert "It cannot be published yet." in page
    assert "Publish version 2</button>" not in page
    refused = client.post(url, {"number": "2"})
    assert refused.status_code == 422
    assert "Nothing was published." in refused.text
