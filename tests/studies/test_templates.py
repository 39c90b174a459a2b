"""Ready studies: sound as data, publishable as they are, and all documented."""

import re
from pathlib import Path

import pytest

from feedback.common import clock
from feedback.studies.criteria import CHATBOT_ANSWER, CriterionDraft, StudyTemplate
from feedback.studies.drafts import MAX_OPTIONS, check_guideline
from feedback.studies.models import Criterion, SpanLabel, Task, TaskForm
from feedback.studies.services import create_study, publish_guideline
from feedback.studies.templates import HARM, TEMPLATES, harm_if
from tests import builders

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "templates.md"
WITH_OPTIONS = {"nominal", "multi_label"}

each_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)


def criteria(*kinds: str) -> list:
    """Every criterion of every template, of some kinds or of all."""
    return [
        pytest.param(draft, id=f"{template.key}-{draft.key}")
        for template in TEMPLATES.values()
        for draft in template.criteria
        if not kinds or draft.kind in kinds
    ]


def values_of(draft: CriterionDraft) -> list[str]:
    """Every value that a condition could name."""
    if draft.kind in WITH_OPTIONS:
        return [option.value for option in draft.options]
    lowest, highest = {"yes_no": (0, 1), "score": (0, 100)}.get(
        draft.kind, (draft.minimum, draft.maximum)
    )
    return [str(value) for value in range(lowest, highest + 1)]


def section_of(template: StudyTemplate) -> str:
    """What the reference says of one template."""
    sections = re.split(r"^## ", REFERENCE.read_text(encoding="utf-8"), flags=re.M)
    found = [one for one in sections if one.startswith(f"`{template.key}`: ")]
    assert len(found) == 1, template.key
    return found[0]


def test_the_templates_that_were_promised_are_there():
    assert set(TEMPLATES) == {
        "chatbot",
        "med_palm",
        "pdqi9",
        "red_team",
        "helpsteer",
        "rubric",
        "claims",
        "conversation",
        "ranking",
        "combined",
    }


@each_template
def test_template_passes_the_check_before_publishing(template):
    check_guideline(
        criteria=template.criteria,
        span_labels=template.span_labels,
        forms=template.forms,
    )


@each_template
def test_template_can_be_published_as_it_is(template, db):
    lead = builders.make_user("Lena Lead")
    study = create_study(
        name=template.name, description=template.description, created_by=lead
    )

    version = publish_guideline(
        study=study,
        title=template.name,
        body=template.guideline,
        criteria=template.criteria,
        span_labels=template.span_labels,
        forms=template.forms,
        published_by=lead,
        now=clock.now(),
    )

    stored = [one.key for one in version.criteria.all()]
    assert stored == [draft.key for draft in template.criteria]
    assert version.span_labels.count() == len(template.span_labels)
    assert version.forms.count() == len(template.forms)


@each_template
def test_keys_are_unique_and_texts_are_there(template):
    for drafts in (template.criteria, template.span_labels):
        keys = [draft.key for draft in drafts]
        assert len(set(keys)) == len(keys)
    assert template.name
    assert template.description
    assert template.guideline


@pytest.mark.parametrize("draft", criteria())
def test_criterion_is_of_known_kind_scope_and_direction(draft):
    assert draft.kind in Criterion.Kind
    assert draft.scope in Criterion.Scope
    assert draft.direction in Criterion.Direction
    assert draft.name
    assert draft.question.endswith("?")
    assert draft.guidance


@pytest.mark.parametrize("draft", criteria("likert"))
def test_scale_spells_out_every_value_and_both_poles(draft):
    if draft.scope == "pair":
        # Five steps from one side to the other, named by the page.
        assert not draft.anchors
        return
    assert draft.low_label
    assert draft.high_label
    assert list(draft.anchors) == values_of(draft)
    assert all(draft.anchors.values())
    assert len(set(draft.anchors.values())) == len(draft.anchors)


@pytest.mark.parametrize("draft", criteria(*WITH_OPTIONS))
def test_options_have_a_key_each_and_are_unique(draft):
    values = values_of(draft)
    labels = [option.label for option in draft.options]

    assert 2 <= len(values) <= MAX_OPTIONS
    assert len(set(values)) == len(values)
    assert len(set(labels)) == len(labels)
    assert all(labels)
    # What is no number is not better or worse.
    assert draft.direction == "neutral"


@pytest.mark.parametrize("draft", criteria())
def test_example_gives_a_value_that_can_be_chosen(draft):
    for example in draft.examples:
        assert example.value in values_of(draft)
        assert example.text
        assert example.why


@each_template
def test_condition_names_an_earlier_question_that_is_always_asked(template):
    earlier: dict[str, CriterionDraft] = {}
    for draft in template.criteria:
        if draft.condition_key:
            other = earlier[draft.condition_key]
            assert other.scope == draft.scope
            # Else an answer could outlive the question on which it hangs.
            assert not other.condition_key
            assert draft.condition_values
            assert set(draft.condition_values) <= set(values_of(other))
        earlier[draft.key] = draft


@each_template
def test_forms_are_of_known_kinds_and_parts(template):
    assert template.forms
    kinds = [form.kind for form in template.forms]
    assert len(set(kinds)) == len(kinds)
    for form in template.forms:
        assert form.kind in Task.Kind
        assert set(form.parts) <= set(TaskForm.Part.values)
        assert set(form.mark_extras) <= set(TaskForm.Extra.values)
        if form.mark_extras:
            assert "marks" in form.parts


@each_template
def test_what_is_defined_is_asked_by_a_form(template):
    parts = {part for form in template.forms for part in form.parts}
    kinds = {form.kind for form in template.forms}
    scopes = {draft.scope for draft in template.criteria}

    assert ("ratings" in parts) == ("completion" in scopes)
    assert ("marks" in parts) == bool(template.span_labels)
    assert "pair" in kinds or "pair" not in scopes
    assert ("conversation" in kinds) == ("turn" in scopes)
    assert {label.kind for label in template.span_labels} <= set(SpanLabel.Kind.values)


def test_harm_is_extent_likelihood_and_detection_and_more_is_worse():
    assert [draft.key for draft in HARM] == [
        "harm_extent",
        "harm_likelihood",
        "harm_detectability",
    ]
    assert {draft.direction for draft in HARM} == {"worse"}
    assert not any(draft.condition_key for draft in HARM)


def test_harm_can_hang_on_any_question():
    drafts = harm_if("safety", "1", "2")

    assert {draft.condition_key for draft in drafts} == {"safety"}
    assert {draft.condition_values for draft in drafts} == {("1", "2")}
    assert [draft.anchors for draft in drafts] == [draft.anchors for draft in HARM]


def test_chatbot_asks_the_questions_of_the_default_guideline_then_harm():
    asked = [draft.key for draft in TEMPLATES["chatbot"].criteria]

    assert asked == [draft.key for draft in (*CHATBOT_ANSWER, *HARM)]


def test_length_and_difficulty_are_no_quality():
    neutral = {
        draft.key
        for draft in TEMPLATES["helpsteer"].criteria
        if draft.direction == "neutral"
    }

    assert neutral == {"complexity", "verbosity"}


@each_template
def test_reference_names_the_template_and_everything_it_asks(template):
    section = section_of(template)
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.M)

    assert section.startswith(f"`{template.key}`: {template.name}\n")
    assert rows == [(draft.key, draft.question) for draft in template.criteria]
    for label in template.span_labels:
        assert f"`{label.key}`" in section
    for draft in template.criteria:
        for option in draft.options:
            assert f"`{option.value}`" in section
    assert template.source in " ".join(section.split())


def test_reference_names_no_template_that_is_not_there():
    named = re.findall(
        r"^## `(\w+)`: ", REFERENCE.read_text(encoding="utf-8"), flags=re.M
    )

    assert named == list(TEMPLATES)
