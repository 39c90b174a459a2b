"""From posted fields to an answer in canonical terms."""

import uuid

import pytest
from django.http import QueryDict

from feedback.common.exceptions import Invalid
from feedback.rating.answers import FlagDraft, scores
from feedback.rating.asked import Asked
from feedback.rating.forms import submission_from
from feedback.rating.marks import ShownText
from feedback.studies.models import Criterion
from tests.builders import CRITERIA as DRAFTS

CRITERIA = tuple(Criterion(**draft.as_fields()) for draft in DRAFTS)
HIDDEN = {
    "idempotency_key": str(uuid.uuid4()),
    "lease_no": "1",
    "shown_sha256": "ab" * 32,
    "active_seconds": "31",
}


def posted(**fields) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in (HIDDEN | fields).items():
        query.setlist(
            name.replace("__", "-"), value if isinstance(value, list) else [value]
        )
    return query


def read(kind="single", left_position=0, **fields):
    n_items = 1 if kind == "single" else 2
    asked = Asked(kind=kind, n_items=n_items, criteria=CRITERIA)
    order = [0] if n_items == 1 else [left_position, 1 - left_position]
    texts = [ShownText("An answer.")] * n_items
    return submission_from(posted(**fields), asked=asked, order=order, texts=texts)


def test_ratings_are_numbers_or_not_applicable():
    sent = read(ratings__0__correctness="4", ratings__0__tone="na")

    assert sent.answer.ratings == scores(correctness=4, tone=None)
    assert sent.active_seconds == 31
    assert sent.lease_no == 1


@pytest.mark.parametrize("value", ["four", "4.5", "-1", "٤", "9999"])
def test_rating_that_is_no_number_names_its_field(value):
    with pytest.raises(Invalid) as refusal:
        read(ratings__0__tone=value)

    assert "ratings-0-tone" in refusal.value.fields


@pytest.mark.parametrize(
    ("choice", "left_position", "outcome"),
    [
        ("left_much", 0, ("a", 2)),
        ("left_much", 1, ("b", 2)),
        ("right_slight", 0, ("b", 1)),
        ("right_slight", 1, ("a", 1)),
        ("tie", 1, ("tie", 0)),
        ("neither", 0, ("neither", 0)),
    ],
)
def test_side_on_screen_becomes_the_canonical_pair(choice, left_position, outcome):
    answer = read("pair", left_position, preference=choice).answer

    assert (answer.outcome, answer.strength) == outcome


@pytest.mark.parametrize(
    ("side", "left_position", "item"),
    [("0", 0, 0), ("0", 1, 1), ("1", 0, 1), ("1", 1, 0)],
)
def test_correction_and_flag_name_the_item_that_stood_there(side, left_position, item):
    answer = read(
        "pair",
        left_position,
        preference="tie",
        correction_of=side,
        correction_text=" Better. ",
        flag_item=side,
        flag_category="bias",
        flag_severity="mild",
        flag_rationale="A stereotype.",
    ).answer

    assert answer.corrections == {item: "Better."}
    assert answer.flag == FlagDraft("bias", "mild", "A stereotype.", item=item)


def test_correction_in_a_pair_must_say_of_which():
    with pytest.raises(Invalid) as refusal:
        read("pair", preference="tie", correction_text="Better.")

    assert "correction_of" in refusal.value.fields


@pytest.mark.parametrize("name", ["ratings-²-tone", "ratings-9-tone", "ratings--tone"])
def test_a_place_that_does_not_exist_is_no_answer(name):
    assert read(**{name.replace("-", "__"): "4"}).answer.ratings == {}


def test_unknown_preference_is_refused():
    with pytest.raises(Invalid) as refusal:
        read("pair", preference="both")

    assert "preference" in refusal.value.fields


def test_outside_practice_drops_values_but_keeps_the_flag():
    answer = read(
        outside_practice="1",
        ratings__0__tone="3",
        flag_category="bias",
        flag_severity="mild",
        flag_rationale="A stereotype.",
    ).answer

    assert answer.is_outside_practice
    assert answer.ratings == {}
    assert answer.flag is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("idempotency_key", "not-a-uuid"),
        ("lease_no", "-1"),
        ("lease_no", "9" * 30),
        ("active_seconds", "NaN"),
    ],
)
def test_damaged_hidden_field_says_to_reload(name, value):
    with pytest.raises(Invalid) as refusal:
        read(**{name: value})

    assert name in refusal.value.message
    assert "Reload" in refusal.value.next_step


def test_text_that_cannot_be_stored_is_refused_by_name():
    with pytest.raises(Invalid) as refusal:
        read(comment="before\x00after")

    assert "U+0000" in refusal.value.message
    assert "comment" in refusal.value.fields


def test_time_on_page_is_bounded_to_a_day():
    assert read(active_seconds="99999999").active_seconds == 24 * 3600
