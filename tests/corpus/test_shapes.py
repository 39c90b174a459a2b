"""Each shape by a row of its own kind, and what it refuses."""

import datetime as dt
from decimal import Decimal

import pytest

from feedback.corpus.models import ImportBatch
from feedback.corpus.refusals import RowRefused
from feedback.corpus.shapes import SHAPES, detect_shape


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


HH = {
    "chosen": "\n\nHuman: Is it safe?\n\nAssistant: Ask first.\n\nHuman: Why?\n\nAssistant: It depends.",
    "rejected": "\n\nHuman: Is it safe?\n\nAssistant: Ask first.\n\nHuman: Why?\n\nAssistant: Just take it.",
}
HELPSTEER3 = {
    "domain": "general",
    "language": "english",
    "context": [user("Is it safe?")],
    "response1": "Ask first.",
    "response2": "Sure.",
    "overall_preference": -2,
    "individual_preference": [
        {"score": -2, "reasoning": "r", "feedback1": "a", "feedback2": "b"}
    ],
}
ULTRAFEEDBACK = {
    "source": "own",
    "instruction": "Is it safe?",
    "models": ["m1", "m2"],
    "completions": [
        {
            "model": "m1",
            "response": "Ask first.",
            "annotations": {"helpfulness": {"Rating": "4"}},
        },
        {"model": "m2", "response": "Sure.", "overall_score": 2.0},
    ],
}
BINARIZED = {
    "prompt": "Is it safe?",
    "prompt_id": "u1",
    "chosen": [user("Is it safe?"), assistant("Ask first.")],
    "rejected": [user("Is it safe?"), assistant("Sure.")],
    "messages": [user("Is it safe?"), assistant("Ask first.")],
    "score_chosen": 8.0,
    "score_rejected": 3.0,
}
OASST = {
    "message_tree_id": "t1",
    "tree_state": "ready_for_export",
    "prompt": {
        "message_id": "m1", "text": "Is it safe?", "role": "prompter", "lang": "en", "synthetic": False,
        "replies": [
            {
                "message_id": "m2", "text": "Ask first.", "role": "assistant", "rank": 0, "model_name": "m",
                "replies": [
                    {
                        "message_id": "m4", "text": "Why?", "role": "prompter", "synthetic": True,
                        "replies": [{"message_id": "m5", "text": "It depends.", "role": "assistant", "replies": []}],
                    },
                    {"message_id": "m6", "text": "Thanks.", "role": "prompter", "replies": []},
                ],
            },
            {"message_id": "m3", "text": "Sure.", "role": "assistant", "rank": 1, "replies": []},
            {"message_id": "m7", "text": "spam", "role": "assistant", "deleted": True, "replies": []},
        ],
    },
}  # fmt: skip
KQA = {
    "id": "k1", "question": "Is it safe?", "physician_answer": "Ask first.",
    "must_have": ["ask"], "nice_to_have": [], "sources": "s", "icd10": None,
}  # fmt: skip
MEDEC = {
    "id": "e1", "text": "Pulse 90. Scurvy.", "has_error": True, "error_type": "diagnosis",
    "error_sentence": "Scurvy.", "error_start": 10, "error_end": 17,
    "corrected_sentence": "Rickets.", "corrected_text": "Pulse 90. Rickets.",
}  # fmt: skip
MEDEC_CLEAN = {
    "id": "e2", "text": "Pulse 90.", "has_error": False, "error_type": None, "error_sentence": None,
    "error_start": None, "error_end": None, "corrected_sentence": None, "corrected_text": None,
}  # fmt: skip
TRL_TEXT = {"prompt": "Is it safe?", "chosen": "Ask first.", "rejected": "Sure."}
TRL_TURNS = {
    "prompt": [user("Is it safe?")],
    "chosen": [assistant("Ask first.")],
    "rejected": [assistant("Sure.")],
}
TRL_IMPLICIT = {
    "chosen": [user("Is it safe?"), assistant("Ask first.")],
    "rejected": [user("Is it safe?"), assistant("Sure.")],
}
TRL_UNPAIRED = {"prompt": "Is it safe?", "completion": "Ask first.", "label": True}
NESTED = {
    "prompt_id": "p1", "group_id": "g1", "prompt": "Is it safe?", "specialty": "cardiology", "locale": "en-GB",
    "note_type": "chat", "is_synthetic": True, "reference_answer": "Ask.", "metadata": {"difficulty": 2},
    "completions": [
        {"completion_id": "c1", "model": "m1", "content": "Ask first.", "metadata": {"k": [1]}},
        {"content": "Sure."},
    ],
}  # fmt: skip
FLAT = {
    "prompt_id": "p1", "prompt": "Is it safe?", "completion_id": "c1", "completion": "Ask first.", "model": "m1",
    "group_id": "g1", "specialty": "", "is_synthetic": "false",
}  # fmt: skip

EXAMPLES = [
    ("hh", HH), ("helpsteer3", HELPSTEER3), ("ultrafeedback", ULTRAFEEDBACK), ("ultrafeedback", BINARIZED),
    ("oasst", OASST), ("kqa", KQA), ("medec", MEDEC), ("medec", MEDEC_CLEAN), ("trl", TRL_TEXT), ("trl", TRL_TURNS),
    ("trl", TRL_IMPLICIT), ("trl", TRL_UNPAIRED), ("consilium", NESTED), ("consilium", FLAT),
]  # fmt: skip


def read(key, row, **changes):
    row = {**row, **changes}
    SHAPES[key].check_columns(row.keys())
    return SHAPES[key].read(row)


def read_one(key, row, **changes):
    (draft,) = read(key, row, **changes)
    return draft


def without(row, *names):
    return {name: value for name, value in row.items() if name not in names}


def test_every_shape_that_a_batch_may_have_can_be_read():
    assert set(SHAPES) == set(ImportBatch.Shape.values)
    assert {s.label for s in SHAPES.values()} == set(ImportBatch.Shape.labels)


@pytest.mark.parametrize(("key", "row"), EXAMPLES)
def test_a_row_is_recognized_and_read(key, row):
    shape = detect_shape([row, row])
    assert shape is SHAPES[key]
    drafts = read(key, row)
    assert drafts[0].messages[0] == user(drafts[0].messages[0]["content"])
    assert "safe?" in drafts[0].messages[0]["content"] or key == "medec"
    assert all(draft.completions for draft in drafts)


@pytest.mark.parametrize("rows", [[], [{"a": 1}], [HH, KQA], [NESTED, {"a": 1}]])
def test_rows_without_one_shape_are_not_recognized(rows):
    assert detect_shape(rows) is None


def test_hh_pairs_share_all_but_the_last_turn():
    draft = read_one("hh", HH)
    assert draft.messages == [
        user("Is it safe?"),
        assistant("Ask first."),
        user("Why?"),
    ]
    assert [(c.content, c.metadata) for c in draft.completions] == [
        ("It depends.", {"label": "chosen"}),
        ("Just take it.", {"label": "rejected"}),
    ]


def test_helpsteer3_keeps_preferences_on_both_completions():
    draft = read_one("helpsteer3", HELPSTEER3)
    assert draft.metadata == {"domain": "general", "language": "english"}
    assert [c.metadata["response"] for c in draft.completions] == [1, 2]
    assert all(c.metadata["overall_preference"] == -2 for c in draft.completions)


def test_ultrafeedback_keeps_models_and_annotations():
    first, second = read_one("ultrafeedback", ULTRAFEEDBACK).completions
    assert (first.model, second.model) == ("m1", "m2")
    assert first.metadata == {"annotations": {"helpfulness": {"Rating": "4"}}}
    assert second.metadata == {"overall_score": 2.0}


def test_binarized_ultrafeedback_takes_the_prompt_from_the_conversations():
    draft = read_one("ultrafeedback", BINARIZED)
    assert draft.messages == [user("Is it safe?")]
    assert draft.external_id == "u1"
    assert [c.metadata for c in draft.completions] == [
        {"label": "chosen", "score_chosen": 8.0},
        {"label": "rejected", "score_rejected": 3.0},
    ]


def test_each_question_of_a_tree_that_has_answers_is_a_prompt_of_one_group():
    first, second = read("oasst", OASST)
    assert first.messages == [user("Is it safe?")]
    assert [c.content for c in first.completions] == ["Ask first.", "Sure."]
    assert [c.metadata for c in first.completions] == [{"rank": 0}, {"rank": 1}]
    assert second.messages == [
        user("Is it safe?"),
        assistant("Ask first."),
        user("Why?"),
    ]
    assert [c.content for c in second.completions] == ["It depends."]
    assert {first.group_key, second.group_key} == {"t1"}
    assert (first.is_synthetic, second.is_synthetic) == (False, True)


def test_a_physicians_answer_is_completion_and_reference():
    draft = read_one("kqa", KQA)
    assert draft.messages == [user("Is it safe?")]
    assert [c.content for c in draft.completions] == ["Ask first."]
    assert draft.reference_answer == "Ask first."
    assert draft.metadata == {"must_have": ["ask"], "nice_to_have": [], "sources": "s"}


def test_a_wrong_note_gives_two_completions_and_a_clean_one_gives_one():
    wrong, clean = read_one("medec", MEDEC), read_one("medec", MEDEC_CLEAN)
    assert wrong.messages[0]["content"].endswith("\n\nPulse 90. Scurvy.")
    assert [c.content for c in wrong.completions] == [
        "Pulse 90. Scurvy.",
        "Pulse 90. Rickets.",
    ]
    assert wrong.completions[0].metadata["error_start"] == 10
    assert [c.content for c in clean.completions] == ["Pulse 90."]
    assert clean.reference_answer == "Pulse 90."


@pytest.mark.parametrize(
    "row",
    [TRL_TEXT, TRL_TURNS, TRL_IMPLICIT, {**TRL_IMPLICIT, "prompt": "Is it safe?"}],
)
def test_trl_forms_mean_the_same(row):
    draft = read_one("trl", row)
    assert draft.messages == [user("Is it safe?")]
    assert [c.content for c in draft.completions] == ["Ask first.", "Sure."]


def test_a_text_pair_without_prompt_is_never_cut_inside_a_word():
    draft = read_one(
        "trl", {"chosen": "The sky is blue.", "rejected": "The sky is black."}
    )
    assert draft.messages == [user("The sky is")]
    assert [c.content for c in draft.completions] == ["blue.", "black."]


def test_an_unpaired_completion_keeps_its_label_out_of_sight():
    (completion,) = read_one("trl", TRL_UNPAIRED).completions
    assert completion.metadata == {"label": True}


def test_our_own_columns_nested():
    draft = read_one("consilium", NESTED)
    assert draft.external_id == "p1"
    assert draft.group_key == "g1"
    assert draft.specialty == "cardiology"
    assert draft.is_synthetic is True
    assert draft.metadata == {"difficulty": 2}
    assert [(c.external_id, c.model, c.content) for c in draft.completions] == [
        ("c1", "m1", "Ask first."),
        ("", "", "Sure."),
    ]


def test_our_own_columns_flat():
    draft = read_one("consilium", FLAT)
    (completion,) = draft.completions
    assert (completion.external_id, completion.model, completion.content) == (
        "c1",
        "m1",
        "Ask first.",
    )
    assert draft.is_synthetic is False


def test_a_prompt_may_come_without_completions():
    assert read_one("consilium", {"prompt": "q"}).completions == []


def test_turns_may_stand_in_place_of_a_text():
    turns = [{"role": "system", "content": "Be kind."}, user("q")]
    assert read_one("consilium", {"messages": turns}).messages == turns


def test_prompts_that_begin_alike_are_one_group_unless_told_otherwise():
    short = read_one("consilium", {"messages": [user("q")]})
    long = read_one("consilium", {"messages": [user("q"), assistant("a"), user("r")]})
    other = read_one("consilium", {"messages": [user("x")]})
    assert short.group_key == long.group_key != other.group_key


def test_text_is_kept_in_nfc_with_line_feeds_and_all_markup():
    text = "<b>cafe\u0301</b>\r\n5*10*2 <60\r&amp;"
    draft = read_one("consilium", {"prompt": text, "completion": text})
    assert draft.messages[0]["content"] == "<b>café</b>\n5*10*2 <60\n&amp;"
    assert draft.completions[0].content == draft.messages[0]["content"]


def test_parquet_values_are_kept_as_json():
    metadata = {
        "at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        "dose": Decimal("1.50"),
        "x": [None, 1.5],
    }
    draft = read_one("consilium", {"prompt": "q", "metadata": metadata})
    assert draft.metadata == {
        "at": "2026-01-02T00:00:00+00:00",
        "dose": "1.50",
        "x": [None, 1.5],
    }


REFUSED = [
    ("consilium", {"completion": "a"}, "Column prompt or messages is missing."),
    ("consilium", {"prompt": " ", "completion": "a"}, "The row has a completion but no prompt."),
    ("consilium", {"prompt": None, "completions": [{"content": "a"}]}, "The row has a completion but no prompt."),
    ("consilium", {"prompt": ""}, "The row has no prompt."),
    ("consilium", {"prompt": "q", "completion": " "}, "completion is missing or blank."),
    ("consilium", {"prompt": "q", "completion": None, "model": "m"}, "completion is missing or blank."),
    ("consilium", {"promt": "q"}, "Column 'promt' is not known."),
    ("consilium", {"prompt": "q", "\ud800": 1}, "Column '\\ud800' is not known."),
    ("consilium", {"prompt": "q", "messages": [user("q")]}, "The row has both prompt and messages."),
    ("consilium", {**NESTED, "completion": "a"}, "The row has both completions and completion."),
    ("consilium", {"prompt": 7}, "prompt is 7, not text."),
    ("consilium", {"prompt": "a\x00b"}, "prompt holds U+0000 at character 2, which cannot be stored."),
    ("consilium", {"prompt": "a\x1bb"}, "prompt holds U+001B at character 2, which cannot be stored."),
    ("consilium", {"prompt": "\ud83d"}, "prompt holds U+D83D at character 1, which cannot be stored."),
    ("consilium", {"prompt": "q", "metadata": {"a": ["\x00"]}}, "metadata holds U+0000 at character 1"),
    ("consilium", {"prompt": "q", "metadata": {"\udfff": 1}}, "metadata holds U+DFFF at character 1"),
    ("consilium", {"prompt": "q", "metadata": {"a": float("nan")}}, "metadata holds nan, which is not a JSON value."),
    ("consilium", {"prompt": "q", "metadata": {"a": b"x"}}, "metadata holds b'x', which is not a JSON value."),
    ("consilium", {"prompt": "q", "metadata": []}, "metadata is [], not an object."),
    ("consilium", {"prompt": "q", "is_synthetic": "maybe"}, "is_synthetic is 'maybe'; allowed are true and false."),
    ("consilium", {"prompt": "q", "prompt_id": "x" * 201}, "prompt_id has 201 characters; at most 200 are kept."),
    ("consilium", {"prompt": "q", "specialty": "a\nb"}, "specialty 'a\\nb' has a line break."),
    ("consilium", {"messages": "q"}, "messages is 'q', not a list of objects."),
    ("consilium", {"messages": [assistant("a")]}, "messages ends with a turn of assistant, not of user."),
    ("consilium", {"messages": [{"role": "doctor", "content": "a"}]}, "messages, turn 1: role 'doctor' is not allowed"),
    ("consilium", {"messages": [user("a"), {"role": "system", "content": "b"}]}, "messages, turn 2: role 'system'"),
    ("consilium", {"messages": [{"role": ["user"], "content": "a"}]}, "messages, turn 1: role ['user'] is not"),
    ("consilium", {"messages": [user(" ")]}, "messages, turn 1 has no content."),
    ("consilium", {"prompt": "q", "completions": [{"content": ""}]}, "completions, item 1 has no content."),
    ("consilium", {"prompt": "q", "completions": [{"contents": "a"}]}, "Column 'contents' is not known."),
    ("consilium", {"prompt": "q", "completions": ["a"]}, "completions is ['a'], not a list of objects."),
    ("hh", {"chosen": HH["chosen"]}, "Column rejected is missing."),
    ("hh", {**HH, "chosen": "no turns"}, "chosen does not begin with 'Human:'."),
    ("hh", {**HH, "chosen": HH["rejected"]}, "chosen and rejected are the same text."),
    ("hh", {**HH, "chosen": "\n\nHuman: Other\n\nAssistant: a"}, "chosen and rejected part before their last turn."),
    ("hh", {"chosen": "Human: q", "rejected": "Human: r"}, "chosen and rejected do not both end with a turn"),
    ("hh", {"chosen": "Human: \n\nAssistant: a", "rejected": "Human: q"}, "chosen, turn 1 is blank."),
    ("helpsteer3", {**HELPSTEER3, "response2": None}, "response2 is missing or blank."),
    ("helpsteer3", {**HELPSTEER3, "context": [assistant("a")]}, "context ends with a turn of assistant"),
    ("ultrafeedback", {**ULTRAFEEDBACK, "completions": []}, "completions is missing or empty."),
    ("ultrafeedback", {"prompt": "q"}, "Column instruction or chosen is missing."),
    ("oasst", {**OASST, "prompt": "q"}, "prompt is 'q', not a message with replies."),
    ("oasst", {**OASST, "prompt": {**OASST["prompt"], "role": "assistant"}}, "Message 'm1' has role 'assistant'"),
    ("oasst", {**OASST, "prompt": {**OASST["prompt"], "replies": []}}, "The tree has no answer of the assistant."),
    ("kqa", {**KQA, "physician_answer": ""}, "physician_answer is missing or blank."),
    ("medec", {**MEDEC, "corrected_text": None}, "corrected_text is missing or blank."),
    ("trl", {"prompt": "q"}, "Column chosen or completion is missing."),
    ("trl", {**TRL_TEXT, "chosen": "Sure."}, "chosen and rejected are the same text."),
    ("trl", {**TRL_TURNS, "chosen": [assistant("a"), user("b")]}, "chosen has 2 turns; beside a prompt it is one"),
    ("trl", {"chosen": "abc", "rejected": "xyz"}, "chosen and rejected share no beginning"),
    ("trl", {"chosen": [assistant("a")], "rejected": [assistant("b")]}, "The turn before the answers is not the user's"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "row", "reason"), REFUSED)
def test_a_row_that_says_nothing_usable_is_refused_in_words(key, row, reason):
    with pytest.raises(RowRefused) as caught:
        read(key, row)
    assert caught.value.reason.startswith(reason)
    assert caught.value.next_step
    assert caught.value.at(7).row_no == 7


def test_an_unknown_column_is_answered_with_the_nearest_known():
    with pytest.raises(RowRefused) as caught:
        read("consilium", {"prompt": "q", "speciality": "cardiology"})
    assert caught.value.next_step.startswith("Did you mean specialty? Allowed are ")


def test_other_shapes_ignore_what_they_do_not_know():
    assert read_one("kqa", KQA, anything=1).messages == [user("Is it safe?")]


def test_a_long_reason_fits_the_table():
    with pytest.raises(RowRefused) as caught:
        read("kqa", {"x" * 1000: 1})
    assert len(caught.value.at(1).next_step) <= 500


def test_a_text_above_the_limit_is_refused():
    with pytest.raises(RowRefused, match="at most 16,777,216 are kept"):
        read("consilium", {"prompt": "x" * (16 * 1024**2 + 1)})


def test_metadata_nested_too_deep_is_refused():
    value = {}
    for _ in range(100):
        value = {"a": value}
    with pytest.raises(RowRefused, match="nested deeper than 64"):
        read("consilium", {"prompt": "q", "metadata": value})
