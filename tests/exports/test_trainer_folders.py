"""The format rules that `make trainers` and these tests ask of the side folders."""

import json

import pytest

from tests.trainers.folders import check_llamafactory, check_openai

USER = {"role": "user", "content": "May I?"}
ANSWER = {"role": "assistant", "content": "No."}
OTHER = {"role": "assistant", "content": "Yes."}
SFT = {"messages": [USER, ANSWER]}
PAIR = {
    "input": {"messages": [USER]},
    "preferred_output": [ANSWER],
    "non_preferred_output": [OTHER],
}
RFT = {"messages": [USER], "reference_answer": "No."}
TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
}


def write(folder, name, row):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(row) + "\n")


@pytest.mark.parametrize(("kind", "row"), [("sft", SFT), ("dpo", PAIR), ("rft", RFT)])
def test_a_good_openai_line_passes(tmp_path, kind, row):
    write(tmp_path, f"openai/{kind}_train.jsonl", row)
    assert check_openai(tmp_path) == "1 files, 1 lines"


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("sft", {"messages": [USER]}),
        ("sft", SFT | {"group_id": "a"}),
        ("sft", {"messages": [USER, {"role": "assistant", "content": " "}]}),
        ("sft", {"messages": [USER, ANSWER | {"weight": None}]}),
        ("sft", {"messages": [USER, {"role": "system", "content": "x"}, ANSWER]}),
        ("dpo", PAIR | {"non_preferred_output": [ANSWER]}),
        ("dpo", PAIR | {"preferred_output": [ANSWER, ANSWER]}),
        ("dpo", PAIR | {"input": {"messages": [USER, ANSWER]}}),
        ("rft", {"messages": [USER, ANSWER]}),
        ("rft", RFT | {"reference_answer": None}),
        ("unknown", SFT),
    ],
)
def test_a_spoiled_openai_line_is_named(tmp_path, kind, row):
    write(tmp_path, f"openai/{kind}_train.jsonl", row)
    with pytest.raises(AssertionError, match=rf"{kind}_train\.jsonl:1"):
        check_openai(tmp_path)


def listed(folder, row, **entry):
    columns = {"messages": "messages", **entry.pop("columns", {})}
    info = {
        "x": {
            "file_name": "x.jsonl",
            "formatting": "sharegpt",
            "columns": columns,
            "tags": TAGS,
            **entry,
        }
    }
    write(folder, "llamafactory/dataset_info.json", info)
    write(folder, "llamafactory/x.jsonl", row)


RANKED = {"messages": [USER], "chosen": ANSWER, "rejected": OTHER}
RANKING = {"ranking": True, "columns": {"chosen": "chosen", "rejected": "rejected"}}
TAGGED = {"columns": {"kto_tag": "label"}}


@pytest.mark.parametrize(
    ("row", "entry"),
    [(SFT, {}), (RANKED, RANKING), (SFT | {"label": True}, TAGGED)],
)
def test_a_good_llamafactory_line_passes(tmp_path, row, entry):
    listed(tmp_path, row, **json.loads(json.dumps(entry)))
    assert check_llamafactory(tmp_path) == "1 files, 1 lines"


@pytest.mark.parametrize(
    ("row", "entry"),
    [
        ({"messages": [USER]}, {}),
        ({"messages": [USER, USER, ANSWER]}, {}),
        (RANKED | {"chosen": [ANSWER]}, RANKING),
        (RANKED | {"messages": [USER, ANSWER]}, RANKING),
        (SFT | {"label": "yes"}, TAGGED),
        (SFT, TAGGED),
    ],
)
def test_a_spoiled_llamafactory_line_is_named(tmp_path, row, entry):
    listed(tmp_path, row, **json.loads(json.dumps(entry)))
    with pytest.raises(AssertionError, match=r"x\.jsonl:1"):
        check_llamafactory(tmp_path)
