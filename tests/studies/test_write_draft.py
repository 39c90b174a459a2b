"""Writing the next guideline version: one draft, its words, questions and tasks."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection
from django.urls import reverse

from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.studies.criteria import Choice, CriterionDraft, SpanLabelDraft
from feedback.studies.guideline_contents import contents_of
from feedback.studies.guideline_drafts import (
    discard_draft,
    draft_of,
    move_question,
    publish_draft,
    remove_question,
    save_criterion,
    save_label,
    start_draft,
)
from feedback.studies.lifecycle import set_state
from feedback.studies.services import create_study
from feedback.studies.templates import TEMPLATES
from tests.builders import make_cast, make_study, make_user

EXTRA = CriterionDraft(
    key="extra",
    name="Extra",
    question="Is there more?",
    low_label="No",
    high_label="Yes",
)


@pytest.fixture
def draft(cast):
    return start_draft(study=cast.study, actor=cast.lead)


@pytest.fixture
def page(cast, draft, sign_in):
    client = sign_in(cast.lead)

    def page(name, row=None, /, **fields):
        url = reverse(name, args=[row.uid if row else cast.study.uid])
        return client.post(url, fields) if fields else client.get(url)

    return page


def keys(draft):
    return list(draft.criteria.values_list("key", flat=True))


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_draft_begins_as_the_newest_version_stands(db, template):
    study = make_study(
        criteria=template.criteria,
        span_labels=template.span_labels,
        forms=template.forms,
        n_prompts=1,
    )
    latest = study.guideline_versions.get()
    draft = start_draft(study=study, actor=study.created_by)
    assert (draft.number, draft.title, draft.body) == (2, latest.title, latest.body)
    asked = contents_of(draft)
    assert asked == contents_of(latest)
    assert asked.criteria == tuple(template.criteria)
    assert asked.offences() == []


def test_a_draft_of_nothing_says_what_is_missing(db):
    lead = make_user()
    study = create_study(name="Bare", created_by=lead)
    draft = start_draft(study=study, actor=lead)
    assert (draft.number, draft.title) == (1, "Bare")
    texts = [one.text for one in contents_of(draft).offences()]
    assert texts == [
        "A guideline asks nothing.",
        "A guideline needs a form for at least one kind of task.",
    ]


def test_beginning_again_goes_on_with_the_same_draft(cast, draft):
    assert start_draft(study=cast.study, actor=cast.lead) == draft
    discard_draft(draft=draft, actor=cast.lead)
    assert draft_of(cast.study) is None
    assert start_draft(study=cast.study, actor=cast.lead).number == 2


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_eight_windows_at_once_begin_one_draft():
    cast = make_cast(n_prompts=1)
    barrier = threading.Barrier(8)

    def begin(_window):
        try:
            barrier.wait(timeout=30)
            return start_draft(study=cast.study, actor=cast.lead).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(begin, range(8)))) == 1
    assert cast.study.guideline_versions.count() == 2


def test_a_closed_study_gets_no_draft(cast):
    set_state(study=cast.study, state="closed", actor=cast.lead)
    with pytest.raises(Conflict, match="is closed"):
        start_draft(study=cast.study, actor=cast.lead)


def test_nothing_is_written_into_what_was_published_or_lost(cast, draft):
    publish_draft(draft=draft, actor=cast.lead, now=clock.now())
    with pytest.raises(Conflict, match="published or thrown away"):
        save_criterion(draft=draft, content=EXTRA, actor=cast.lead)
    assert keys(draft) == ["correctness", "tone", "safety"]


def test_questions_are_added_moved_changed_and_removed(cast, draft):
    row = save_criterion(draft=draft, content=EXTRA, actor=cast.lead)
    for _ in range(5):
        move_question(row=row, by=-1, actor=cast.lead)
    assert keys(draft) == ["extra", "correctness", "tone", "safety"]
    save_criterion(
        draft=draft,
        content=replace(EXTRA, name="More"),
        actor=cast.lead,
        criterion=row,
    )
    assert draft.criteria.first().name == "More"
    remove_question(row=draft.criteria.get(key="tone"), actor=cast.lead)
    assert keys(draft) == ["extra", "correctness", "safety"]
    assert list(draft.criteria.values_list("position", flat=True)) == [0, 1, 2]
    gone = draft.criteria.get(key="safety")
    remove_question(row=gone, actor=cast.lead)
    with pytest.raises(Conflict, match="removed in the meantime"):
        save_criterion(draft=draft, content=EXTRA, actor=cast.lead, criterion=gone)


def test_what_depends_on_a_key_follows_it(cast, draft):
    if_unsafe = replace(EXTRA, condition_key="safety", condition_values=("1", "2"))
    save_criterion(draft=draft, content=if_unsafe, actor=cast.lead)
    safety = draft.criteria.get(key="safety")
    renamed = replace(contents_of(draft).criteria[2], key="harmless")
    save_criterion(draft=draft, content=renamed, actor=cast.lead, criterion=safety)
    assert draft.criteria.get(key="extra").condition_key == "harmless"
    assert contents_of(draft).offences() == []
    move_question(row=draft.criteria.get(key="extra"), by=-1, actor=cast.lead)
    (offence,) = contents_of(draft).offences()
    assert offence.key == "extra"
    assert "not asked before it" in offence.text


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"key": "safety"}, "key", "different keys"),
        ({"kind": "stars"}, "kind", "not one of"),
        ({"scope": "week"}, "scope", "not one of"),
        ({"low_label": ""}, "low_label", "both ends"),
        ({"maximum": 10}, "maximum", "goes up to 9"),
        ({"maximum": 1}, "maximum", "needs to end above"),
        ({"kind": "nominal"}, "options", "has 0 options"),
        (
            {"kind": "nominal", "options": (Choice("a", "A"), Choice("a", "B"))},
            "options",
            "an option twice",
        ),
        ({"scope": "turn"}, "kind", "must be a yes or no"),
        ({"condition_key": "later"}, "condition_key", "not asked before"),
        ({"condition_key": "tone"}, "condition_values", "depends on no value"),
        ({"question": ""}, "question", "cannot be blank"),
        ({"name": "x" * 81}, "name", "at most 80"),
    ],
)
def test_what_could_not_be_answered_is_refused_at_its_field(
    cast, draft, change, field, said
):
    with pytest.raises(Invalid) as refusal:
        save_criterion(draft=draft, content=replace(EXTRA, **change), actor=cast.lead)
    assert said in refusal.value.fields[field]
    assert keys(draft) == ["correctness", "tone", "safety"]


def test_two_labels_cannot_share_a_key(cast, draft):
    dose = SpanLabelDraft(key="dose", name="Dose", meaning="")
    row = save_label(draft=draft, content=dose, actor=cast.lead)
    save_label(draft=draft, content=dose, actor=cast.lead, label=row)
    with pytest.raises(Invalid) as refusal:
        save_label(draft=draft, content=dose, actor=cast.lead)
    assert set(refusal.value.fields) == {"key"}
    remove_question(row=row, actor=cast.lead)
    with pytest.raises(Conflict, match="removed in the meantime"):
        save_label(draft=draft, content=dose, actor=cast.lead, label=row)


def test_the_words_are_kept_as_typed(page, draft):
    words = {
        "title": "T",
        "body": "One.\r\nTwo <b>",
        "changes": "All.",
        "is_major": "1",
    }
    assert page("draft_detail", **words).status_code == 302
    draft.refresh_from_db()
    assert (draft.body, draft.changes, draft.is_major) == (
        "One.\nTwo <b>",
        "All.",
        True,
    )
    refused = page("draft_detail", title="", body="Kept &", changes="\x07")
    assert refused.status_code == 422
    for text in ("Give the guideline a title.", "Kept &amp;", "U+0007"):
        assert text in refused.text
    assert refused.text.count("autofocus") == 1


SCALE = {
    "name": "Clear",
    "question": "Is it clear?",
    "kind": "likert",
    "scope": "completion",
    "direction": "better",
    "minimum": "1",
    "maximum": "3",
    "low_label": "Muddled",
    "high_label": "Clear",
    "is_required": "1",
}


def test_a_scale_is_written_on_the_page(page, draft):
    given = {
        **SCALE,
        "anchor_1": "Nobody follows it.",
        "anchor_5": "Not of this scale.",
        "guidance": "Read it once.",
        "example_0_text": "Take it twice.",
        "example_0_value": "2",
        "example_0_why": "How often is said, not when.",
        "condition_key": "safety",
        "condition_values": "1, 2",
    }
    assert page("criterion_create", **given).status_code == 302
    saved = contents_of(draft).criteria[-1]
    assert (saved.key, saved.minimum, saved.maximum) == ("clear", 1, 3)
    assert saved.anchors == {"1": "Nobody follows it."}
    assert saved.examples[0].why == "How often is said, not when."
    assert (saved.condition_key, saved.condition_values) == ("safety", ("1", "2"))
    row = draft.criteria.get(key="clear")
    shown = page("criterion_edit", row).text
    for text in ("Nobody follows it.", "Take it twice.", 'value="1, 2"'):
        assert text in shown
    assert '<option value="clear"' not in shown


def test_options_are_written_on_the_page(page, draft):
    given = {
        **SCALE,
        "kind": "multi_label",
        "option_0_label": "Too long",
        "option_2_label": "Too short",
        "option_2_value": "short",
        "option_2_meaning": "Less than needed.",
    }
    assert page("criterion_create", **given).status_code == 302
    saved = contents_of(draft).criteria[-1]
    assert saved.options == (
        Choice("too_long", "Too long"),
        Choice("short", "Too short", "Less than needed."),
    )
    assert (saved.minimum, saved.maximum) == (1, 5)
    refused = page("criterion_create", **{**given, "option_4_value": "x", "key": "k"})
    assert "Give this option a label." in refused.text
    del given["option_2_label"], given["option_2_value"], given["option_2_meaning"]
    refused = page("criterion_create", **{**given, "key": "other"})
    assert refused.status_code == 422
    assert 'id="id_option_0_label_error"' in refused.text
    assert "has 1 options" in refused.text


@pytest.mark.parametrize(
    ("kind", "scope", "bounds"),
    [
        ("score", "completion", (0, 100)),
        ("yes_no", "turn", (1, 5)),
        ("text", "completion", (1, 5)),
        ("turn", "completion", (1, 5)),
        ("likert", "pair", (1, 3)),
    ],
)
def test_every_other_kind_is_written_on_the_page(page, draft, kind, scope, bounds):
    answer = page("criterion_create", **{**SCALE, "kind": kind, "scope": scope})
    assert answer.status_code == 302
    saved = contents_of(draft).criteria[-1]
    assert (saved.kind, saved.scope) == (kind, scope)
    assert (saved.minimum, saved.maximum) == bounds


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"name": ""}, "name", "Give it a name."),
        ({"kind": ""}, "kind", "Choose how it is answered."),
        ({"key": "safety"}, "key", "different keys"),
        ({"key": "no key"}, "key", "letters, digits"),
        ({"maximum": "12"}, "maximum", "less than or equal to 9"),
        ({"high_label": ""}, "low_label", "both ends"),
        ({"scope": "turn"}, "kind", "yes or no"),
        ({"condition_key": "tone"}, "condition_values", "no value"),
    ],
)
def test_a_refused_criterion_is_shown_with_what_was_typed(page, change, field, said):
    refused = page("criterion_create", **{**SCALE, **change})
    assert refused.status_code == 422
    assert f'id="id_{field}_error"' in refused.text
    assert said in refused.text
    assert "Is it clear?" in refused.text


def test_the_page_moves_and_removes(page, draft):
    row = draft.criteria.get(key="tone")
    page("criterion_order", row, move="down")
    assert keys(draft) == ["correctness", "safety", "tone"]
    page("criterion_order", row, move="up")
    assert keys(draft) == ["correctness", "tone", "safety"]
    page("criterion_order", row, move="remove")
    assert keys(draft) == ["correctness", "safety"]


def test_labels_and_tasks_are_written_on_the_pages(page, draft):
    wants_marks = {"single_on": "1", "single_parts": ["marks", "ratings"]}
    refused = page("draft_tasks", **wants_marks)
    assert refused.status_code == 422
    assert "there are no labels for them" in refused.text
    label = {"name": "Dose or unit", "kind": "span", "meaning": "Wrong amount."}
    assert page("label_create", **label).status_code == 302
    row = draft.span_labels.get()
    assert (row.key, row.meaning) == ("dose_or_unit", "Wrong amount.")
    again = page("label_create", **label)
    assert again.status_code == 422
    assert "Another label has the key" in again.text
    page("label_edit", row, **{**label, "kind": "omission", "key": "dose"})
    row.refresh_from_db()
    assert (row.kind, row.key) == ("omission", "dose")
    assert page("label_create", name="x", kind="span", key="a b").status_code == 422
    extras = {"single_extras": ["code"], "pair_on": "1"}
    assert page("draft_tasks", **wants_marks, **extras).status_code == 302
    forms = {one.kind: one for one in contents_of(draft).forms}
    assert set(forms) == {"single", "pair"}
    assert forms["single"].parts == ("marks", "ratings")
    assert forms["single"].mark_extras == ("code",)
    assert "asks nothing" in page("draft_tasks", single_on="1").text
    assert "at least one kind" in page("draft_tasks", single_parts=["marks"]).text


def test_the_draft_is_thrown_away_from_its_page(page, cast, draft):
    assert page("draft_discard", sure="1").status_code == 302
    assert page("draft_detail").status_code == 404
    assert "Begin the next version" in page("guideline_list").text
    assert page("draft_start", sure="1").status_code == 302
    assert "Go on with the draft" in page("guideline_list").text
