"""Whatever a rater says comes back from the database exactly, in any order shown."""

import json
import unicodedata
import uuid

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback.common import clock
from feedback.common.exceptions import Invalid
from feedback.rating.forms import submission_from
from feedback.rating.models import Judgment, Preference, SpanMark
from feedback.rating.replay import fields_of
from feedback.rating.shown import shown_of
from feedback.studies.assignment import assign_next
from feedback.studies.models import Task
from tests.builders import make_rater, submit
from tests.rating.everything import FORMS, HARD, answers, make_everything, rankings

pytestmark = pytest.mark.django_db
FEW = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def take(kind, *, order=None, n_completions=3):
    """A task of a kind in a rater's hands, its items in the given order."""
    forms = [form for form in FORMS if form.kind == kind]
    study = make_everything(forms=forms, n_completions=n_completions)
    rater = make_rater(study)
    assignment = assign_next(study=study, rater=rater, now=clock.now())
    if order is not None:
        assignment.shown_order = order
        assignment.save(update_fields=["shown_order"])
    return assignment


def read(fields, shown):
    hidden = {
        "idempotency_key": str(uuid.uuid4()),
        "lease_no": "1",
        "active_seconds": "3",
    }
    for name, value in hidden.items():
        fields[name] = value
    return submission_from(
        fields, asked=shown.asked, order=shown.order, texts=shown.texts
    ).answer


@pytest.mark.parametrize("kind", Task.Kind.values)
@FEW
@given(data=st.data())
def test_every_answer_comes_back_exactly(db, kind, data):
    n_items = {Task.Kind.PAIR: 2, Task.Kind.RANKING: 3}.get(kind, 1)
    order = data.draw(st.permutations(range(n_items)))
    assignment = take(kind, order=order)
    shown = shown_of(assignment)
    answer = data.draw(answers(shown))

    judgment = submit(assignment, answer)

    again = read(fields_of(judgment, shown), shown)
    assert again.sha256(assignment_uid=assignment.uid, lease_no=1) == answer.sha256(
        assignment_uid=assignment.uid, lease_no=1
    )


@FEW
@given(ranks=rankings(4), order=st.permutations(range(4)))
def test_a_ranking_is_stored_by_completion_and_never_by_place(db, ranks, order):
    assignment = take(Task.Kind.RANKING, order=order, n_completions=4)
    shown = shown_of(assignment)
    fields = QueryDict(mutable=True)
    for place, position in enumerate(order):
        fields[f"rank-{place}"] = str(ranks[position])

    submit(assignment, read(fields, shown))

    ids = [item.completion_id for item in shown.items]
    stored = {
        (one.completion_a_id, one.completion_b_id): one.outcome
        for one in Preference.objects.filter(judgment__assignment=assignment)
    }
    assert len(stored) == 6
    for (a, b), outcome in stored.items():
        better = ranks[ids.index(a)] - ranks[ids.index(b)]
        assert outcome == ("a" if better < 0 else "b" if better > 0 else "tie")


def test_the_hard_text_is_hard():
    assert unicodedata.normalize("NFC", HARD) == HARD
    assert any(ord(one) > 0xFFFF for one in HARD)
    assert any(unicodedata.combining(one) for one in HARD)
    assert any(unicodedata.bidirectional(one) in {"R", "AL"} for one in HARD)


def test_a_mark_quotes_what_stands_at_its_place(db):
    assignment = take(Task.Kind.SINGLE)
    shown = shown_of(assignment)
    judgment = submit(assignment, _answered(shown))

    mark = SpanMark.objects.get(judgment=judgment)
    content = mark.completion.content
    assert content[mark.start : mark.end] == mark.quote == "👩‍👩‍👧‍👦"
    assert mark.text_sha256 == mark.completion.content_sha256


def _answered(shown):
    at = shown.texts[0].text.index("👩")
    mark = {
        "id": "m1",
        "item": 0,
        "start": at,
        "end": at + 7,
        "quote": "👩‍👩‍👧‍👦",
        "label": "wrong",
        "severity": "minor",
    }
    return read(fields_for_marks(shown, json.dumps([mark])), shown)


@pytest.mark.parametrize(
    ("change", "offence"),
    [
        ({"start": 4}, "quotes"),
        ({"end": 99999}, "quotes"),
        ({"quote": "👩"}, "quotes"),
        ({"start": -1}, "cannot be read"),
        ({"start": True}, "cannot be read"),
        ({"item": 7}, "cannot be read"),
        ({"relations": [{"to": "m9", "kind": "causes"}]}, "cannot be read"),
        ({"label": "unknown"}, "choose what kind"),
        ({"severity": "dreadful"}, "how severe"),
        ({"code": "M25.5"}, "needs its system"),
        ({"relations": [{"to": "m1", "kind": "causes"}]}, "no other mark"),
    ],
)
def test_a_mark_that_does_not_fit_the_text_is_refused(db, change, offence):
    assignment = take(Task.Kind.SINGLE)
    shown = shown_of(assignment)
    text = shown.texts[0].text
    mark = {
        "id": "m1",
        "item": 0,
        "start": 3,
        "end": 7,
        "quote": text[3:7],
        "label": "wrong",
        "severity": "minor",
    }
    fields = fields_for_marks(shown, json.dumps([mark | change]))

    with pytest.raises(Invalid) as refusal:
        submit(assignment, read(fields, shown))

    assert "marks" in refusal.value.fields
    assert offence in refusal.value.fields["marks"]
    assert not Judgment.objects.filter(assignment=assignment).exists()


@pytest.mark.parametrize(
    "posted",
    [
        "[" * 100_000,
        "{}",
        '"text"',
        "[1]",
        '[{"id": "m1"}]',
        '[{"id": "m1", "quote": "\\ud800"}]',
        '[{"id": "m1", "quote": "\\u0000"}]',
        "[" + ",".join(["{}"] * 1001) + "]",
        '[{"id": NaN}]',
    ],
)
def test_marks_that_are_none_are_refused_by_name(db, posted):
    assignment = take(Task.Kind.SINGLE)

    with pytest.raises(Invalid) as refusal:
        read(fields_for_marks(shown_of(assignment), posted), shown_of(assignment))

    assert refusal.value.fields == {"marks": "The page sent marks that cannot be read."}


def fields_for_marks(shown, marks):
    answer = QueryDict(mutable=True)
    for name, value in {
        "ratings-0-scale": "5",
        "ratings-0-yes": "1",
        "ratings-0-score": "70",
        "ratings-0-any": "-none-",
        "fit_as_is": "1",
        "marks": marks,
    }.items():
        answer[name] = value
    for point in shown.asked.all_points:
        verdict = {"rubric": "met", "claim": "supported", "must_say": "said"}
        answer[f"points-0-{point.uid}"] = verdict[point.kind]
    return answer
