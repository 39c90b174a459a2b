"""What OpenAI and LLaMA-Factory would read of an export, line by line."""

import json


def test_the_side_folders_are_valid_for_their_readers(folder):
    for file in folder.glob("openai/*.jsonl"):
        text = file.read_text(encoding="ascii")
        for line in map(json.loads, text.splitlines()):
            assert "null" not in json.dumps(line)
            messages = line.get("messages") or line["input"]["messages"]
            last = "assistant" if file.name.startswith("sft") else "user"
            assert messages[-1]["role"] == last
            for turn in messages:
                assert set(turn) == {"role", "content"}
                assert turn["content"].strip()
            for side in ("preferred_output", "non_preferred_output"):
                if "input" in line:
                    (turn,) = line[side]
                    assert turn["role"] == "assistant"
    index = json.loads((folder / "llamafactory/dataset_info.json").read_text())
    assert set(index) == {"consilium_sft", "consilium_preference", "consilium_kto"}
    for dataset in index.values():
        assert dataset["formatting"] == "sharegpt"
        columns = dataset["columns"]
        text = (folder / "llamafactory" / dataset["file_name"]).read_text()
        assert text
        for line in map(json.loads, text.splitlines()):
            assert set(line) == set(columns.values())
            roles = [turn["role"] for turn in line["messages"]]
            ends = "user" if dataset.get("ranking") else "assistant"
            assert roles[-1] == ends
            assert roles == (["user", "assistant"] * len(roles))[: len(roles)]
            if dataset.get("ranking"):
                assert line["chosen"]["role"] == line["rejected"]["role"] == "assistant"
                assert line["chosen"]["content"] != line["rejected"]["content"]
            if "kto_tag" in columns:
                assert isinstance(line["label"], bool)
