"""From one prompt's evidence to rows: what each configuration says, and what never leaves."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.aggregate import Rating
from exports.builders import BUILT
from exports.evidence import Rewrite
from exports.pair_votes import Vote
from exports.rules import APPLIES, Rule
from exports.schemas import CONFIGURATIONS, arrow_schema
from exports.side_files import alternates, llama_lines, openai_lines
from exports.steps import step_labels, steps_of
from tests.exports.evidence import answer, build, mark, pair, prompt, rewrite, said

MULTI = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "May I?"},
    {"role": "assistant", "content": "What do you take?"},
    {"role": "user", "content": "Warfarin."},
]
# What makes some trainer read a column for something else, whatever it holds.
RESERVED = {
    "input_ids",
    "attention_mask",
    "conversations",
    "image",
    "images",
    "videos",
    "chat_template_kwargs",
    "text",
    "prompts",
    "completion_ids",
    "trainer_state",
    "log_extra",
    "log_metric",
    "environment",
    "environments",
    "enable_thinking",
    "datasource",
    "weight",
}
# Beside these columns, those make a trainer fail or train on something else.
CLASHES = {
    "messages": {"prompt", "chosen", "rejected", "completion", "label"},
    "chosen": {"completion", "label", "messages"},
}
TURNS = ("prompt", "chosen", "rejected", "completion", "messages", "reference")


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_no_column_is_reserved_by_a_trainer(configuration):
    names = {column.name for column in CONFIGURATIONS[configuration]}
    assert len(names) == len(CONFIGURATIONS[configuration])
    assert not names & RESERVED
    for column, clashing in CLASHES.items():
        assert column not in names or not names & clashing
    allowed = {"labels", "completions"} if configuration == "process" else set()
    assert names & {"labels", "completions"} == allowed
    assert ("tools" in names) is (configuration == "sft_tools")


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_text_and_turns_are_never_mixed_and_never_null(configuration):
    schema = arrow_schema(configuration, criteria=("tone",))
    kinds = {str(schema.field(n).type) for n in TURNS if n in schema.names}
    assert len(kinds) <= 1
    for name in (*TURNS, "label", "margin", "label_smoothing", "tools"):
        assert name not in schema.names or not schema.field(name).nullable


def test_every_shape_of_a_pair_says_the_same():
    evidence = prompt(answer(1), answer(2), pairs=[pair(1, 2, "aa=")], messages=MULTI)
    rows = build(evidence).by_configuration
    (row,), (implicit,) = rows["preference"], rows["preference_implicit"]
    assert row["prompt"] == MULTI
    assert implicit["chosen"] == MULTI + row["chosen"]
    assert implicit["rejected"] == MULTI + row["rejected"]
    assert (row["votes_for"], row["votes_tie"]) == (2, 1)
    assert rows["preference_text"] == []
    assert build(evidence).kept_out["preference_text", Rule.NOT_SINGLE_TURN] == 1
    (text,) = build(
        prompt(answer(1), answer(2), pairs=[pair(1, 2, "aa=")])
    ).by_configuration["preference_text"]
    assert text["prompt"] == "May I?"
    assert text["chosen"] == row["chosen"][0]["content"]


def test_the_best_over_the_worst_is_off_unless_asked_for():
    evidence = prompt(answer(1, 5, 5), answer(2, 4), answer(3, 1))
    assert build(evidence).by_configuration["preference"] == []
    (row,) = build(evidence, best_over_worst_from=0.5).by_configuration["preference"]
    assert row["pair_source"] == "best_over_worst"
    assert (row["example_id"], row["margin"]) == ("c1:c3", 1.0)
    assert (row["votes_for"], row["strength"], row["agreement"]) == (0, None, None)
    for other in (
        prompt(answer(1, 5), answer(2, 4)),
        prompt(answer(1, 5), answer(2, 1), pairs=[pair(1, 2, "ab")]),
        prompt(answer(1, 5, bars={Rule.OPEN_SAFETY_FLAG: ["bias"]}), answer(2, 1)),
    ):
        rows = build(other, best_over_worst_from=0.5)
        assert rows.by_configuration["preference"] == []
    strict = build(evidence, best_over_worst_from=0.5, min_agreement=0.5)
    assert strict.by_configuration["preference"] == []


def test_a_correction_stands_beside_the_pair():
    corrected = answer(2, 1, corrections=[rewrite(7, "Better.")])
    rows = build(
        prompt(answer(1, 5), corrected, pairs=[pair(1, 2, "a")])
    ).by_configuration
    (row,) = rows["corrections"]
    assert row["reference"] == [{"role": "assistant", "content": "Better."}]
    assert row["judgment_uids"] == ["j0", "j7"]
    assert row["example_id"] == "c1:c2:j7"
    assert rows["prompts"][0]["reference_answer"] == "Better."
    same = answer(2, 1, corrections=[rewrite(7, answer(1).text)])
    assert not build(
        prompt(answer(1, 5), same, pairs=[pair(1, 2, "a")])
    ).by_configuration["corrections"]


def test_a_verdict_settles_a_pair_a_label_and_the_text():
    final = Rewrite((said(0), said(1)), "Final.", is_final=True)
    rated = answer(1, 1, 1, verdict=[Rating(0, "tone", 5)], corrections=[final])
    votes = pair(1, 2, "bb", verdict=Vote(0, "a", 1))
    rows = build(prompt(rated, answer(2), pairs=[votes])).by_configuration
    (taught,), (label,) = rows["sft"], rows["kto"]
    assert taught["messages"][-1]["content"] == "Final."
    assert (label["label"], label["agreement"]) == (True, 0.0)
    asked, correction = rows["preference"]
    assert asked["example_id"] == "c1:c2"
    assert (asked["votes_for"], asked["votes_against"]) == (0, 2)
    assert asked["margin"] > 0
    assert correction["example_id"] == "verdict-j0:c1"
    for row in (taught, label, asked, correction):
        assert row["settled_by"] == "adjudication"


@pytest.mark.parametrize("rule", [Rule.IN_DISPUTE, Rule.STALE_EVIDENCE])
def test_nothing_rests_on_a_task_that_is_not_settled(rule):
    rows = build(
        prompt(
            answer(1, 5, held=rule, corrections=[rewrite(3, "Better.", held=rule)]),
            answer(2),
            pairs=[pair(1, 2, "aa", held=rule)],
        )
    )
    for name in set(BUILT) - {"prompts"}:
        assert rows.by_configuration[name] == []
    assert rows.kept_out["sft", rule] == 2
    assert rows.kept_out["preference", rule] == 2
    assert rows.kept_out["kto", rule] == 1


def test_a_text_with_an_identifier_is_in_no_row():
    bad = answer(1, 5, text="SECRET", bars={Rule.IDENTIFIER_FOUND: ["phone"]})
    bad.marks.append(mark(0, 0, 6, "SECRET"))
    bad.marked_by.append(said(0, is_marking=True))
    letter = rewrite(3, "SECRET: write to anna@hospital.org.")
    rows = build(
        prompt(
            bad,
            answer(2, 1, corrections=[letter]),
            pairs=[pair(1, 2, "a")],
            reference_answer="Call SECRET, 212-555-0199.",
            points=[("must_say", "SECRET DOB 1/2/1960", None)],
        ),
        best_over_worst_from=0.1,
    )
    assert "SECRET" not in json.dumps(rows.by_configuration, default=str)
    assert rows.kept_out["preference", Rule.IDENTIFIER_FOUND] == 2


def test_what_clinicians_know_stands_in_the_privileged_context():
    marked = answer(1, 2)
    marked.marked_by.append(said(0, is_marking=True))
    marked.marks += [
        mark(0, 0, 6, "Answer", suggestion="Reply"),
        mark(0, 9, 9, label="Warning"),
    ]
    (row,) = build(
        prompt(marked, points=[("rubric", "Names the risk", 2)])
    ).by_configuration["prompts"]
    assert row["privileged_context"].splitlines() == [
        "Rubric (+2): Names the risk",
        "Error in an answer (major): Dose: 'Answer'; better: 'Reply'",
        "Missing in an answer (major): Warning",
    ]
    assert row["judgment_uids"] == ["j0"]
    assert row["extra_info"] == {"split": "train", "index": 0}


def test_steps_are_wrong_where_half_of_the_raters_marked_them():
    own = answer(1, 3, 3)
    own.marked_by += [said(0, is_marking=True), said(1, is_marking=True)]
    own.marks.append(mark(0, 11, 13, "It"))
    (row,) = build(prompt(own)).by_configuration["process"]
    assert row["completions"] == ["Answer 1. ", "It is long. ", "Ask your doctor."]
    assert row["labels"] == [True, False, True]
    assert "".join(row["completions"]) == own.text
    out = build(prompt(own, messages=MULTI)).kept_out
    assert out["process", Rule.NOT_SINGLE_TURN] == 1
    assert build(prompt(own), min_raters=3).kept_out["process", Rule.TOO_FEW_RATERS]
    own.bars[Rule.NAMES_ITS_MAKER] = ["GPT"]
    assert build(prompt(own)).kept_out["process", Rule.NAMES_ITS_MAKER] == 1


@settings(deadline=None)
@given(st.text("aB1.!?: \n*-", max_size=40))
def test_steps_joined_are_the_text_and_none_is_blank(text):
    steps = steps_of(text)
    assert "".join(text[start:end] for start, end in steps) == text
    assert all(text[start:end].strip() for start, end in steps) or not text.strip()
    assert step_labels(steps, [], n_raters=1) == [True] * len(steps)
    at_end = step_labels(steps, [(0, len(text), len(text))], n_raters=1)
    assert at_end == [True] * (len(steps) - 1) + [False]


def test_side_folders_have_the_forms_that_their_readers_ask_for():
    evidence = prompt(
        answer(1, 5),
        answer(2, 1),
        pairs=[pair(1, 2, "a")],
        points=[("must_say", "Bleeding", None), ("rubric", "Guesses", -1)],
    )
    rows = build(evidence).by_configuration
    lines = dict(openai_lines(rows, evidence))
    assert set(lines) == {
        f"openai/{name}_train.jsonl" for name in ("sft", "dpo", "rft")
    }
    assert set(lines["openai/dpo_train.jsonl"]) == {
        "input",
        "preferred_output",
        "non_preferred_output",
    }
    graded = lines["openai/rft_train.jsonl"]
    assert (graded["must_have"], graded["must_not"]) == (["Bleeding"], ["Guesses"])
    assert "reference_answer" not in graded
    llama = dict(llama_lines(rows, evidence))
    assert llama["llamafactory/preference.jsonl"]["chosen"]["role"] == "assistant"
    evidence.split = "benchmark"
    assert openai_lines(rows, evidence) == llama_lines(rows, evidence) == []
    assert alternates(MULTI)
    assert not alternates([MULTI[1], MULTI[1]])
    evidence.split, evidence.messages = "train", [MULTI[1], MULTI[1]]
    assert llama_lines(rows, evidence) == []


_HELD = st.sampled_from([None, None, Rule.IN_DISPUTE, Rule.STALE_EVIDENCE])
_BARS = st.dictionaries(
    st.sampled_from(
        [Rule.OPEN_SAFETY_FLAG, Rule.NAMES_ITS_MAKER, Rule.IDENTIFIER_FOUND]
    ),
    st.just(["why"]),
    max_size=2,
)


@st.composite
def evidences(draw):
    """A prompt with up to four completions, of which anything may be said."""
    answers = []
    for number in range(1, draw(st.integers(2, 4)) + 1):
        own = answer(
            number,
            *draw(st.lists(st.integers(1, 5), max_size=3)),
            text=draw(
                st.sampled_from(["Same text.", f"Text {number}.", "SECRET one."])
            ),
            bars=draw(_BARS),
            held=draw(_HELD),
        )
        if draw(st.booleans()):
            text = draw(st.sampled_from(["Better.", "Same text.", "a@hospital.org"]))
            own.corrections.append(rewrite(9 + number, text, held=draw(_HELD)))
        if draw(st.booleans()):
            own.marked_by.append(said(5, is_marking=True, held=draw(_HELD)))
        answers.append(own)
    pairs = [
        pair(1, 2, draw(st.text("ab=!", min_size=1, max_size=3)), held=draw(_HELD))
    ]
    return prompt(*answers, pairs=pairs)


@settings(max_examples=300, deadline=None)
@given(
    evidences(),
    st.integers(1, 2),
    st.sampled_from([0.0, 0.7]),
    st.sampled_from([0.0, 0.25]),
)
def test_no_row_that_breaks_a_rule_ever_leaves(evidence, min_raters, agreement, gap):
    rows = build(
        evidence,
        min_raters=min_raters,
        min_agreement=agreement,
        best_over_worst_from=gap,
    )
    by_uid = {own.uid: own for own in evidence.answers.values()}
    barred = {own.text for own in evidence.answers.values() if own.bars}
    hidden = {
        own.text
        for own in evidence.answers.values()
        if Rule.IDENTIFIER_FOUND in own.bars
    }
    for name in BUILT:
        own_rows = rows.by_configuration[name]
        pa.Table.from_pylist(own_rows, schema=arrow_schema(name, criteria=("tone",)))
        ids = [row["example_id"] for row in own_rows]
        assert len(ids) == len(set(ids))
        text = json.dumps(own_rows, default=str)
        assert "hospital.org" not in text
        for secret in hidden:
            assert secret not in text
    for row in rows.by_configuration["preference"]:
        chosen, rejected = row["chosen"][0]["content"], row["rejected"][0]["content"]
        assert chosen != rejected
        assert chosen not in barred
        assert 0 < row["margin"] <= 1
        assert 0 <= row["label_smoothing"] < 0.5
        if row["pair_source"] == "asked":
            assert not any(one.held for one in evidence.pairs[0].voted_by)
            assert row["n_raters"] >= min_raters
            assert row["agreement"] >= agreement
    for row in rows.by_configuration["sft"]:
        assert row["messages"][-1]["content"] not in barred
    for row in rows.by_configuration["kto"]:
        assert not any(one.held for one in by_uid[row["example_id"]].rated_by)
        if row["label"]:
            assert row["completion"][0]["content"] not in barred
        assert row["n_raters"] >= min_raters
        assert (row["agreement"] or 0) >= agreement
    for row in rows.by_configuration["process"]:
        assert not any(one.held for one in by_uid[row["example_id"]].marked_by)
        assert row["prompt"] == "May I?"
    for (name, rule), n in rows.kept_out.items():
        assert rule in APPLIES[name]
        assert n > 0
