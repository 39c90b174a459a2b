"""What `datasets.load_dataset(folder, configuration)` makes of an export."""

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Features, List, Value

from exports.schemas import CONFIGURATIONS, arrow_schema

MESSAGES = List({"role": Value("string"), "content": Value("string")})
NAMES = List(Value("string"))
SCORES = {key: Value("float64") for key in ("correctness", "safety", "tone")}
TEXT, WHOLE, SHARE = Value("string"), Value("int32"), Value("float64")
HOME = {
    "specialty": TEXT,
    "locale": TEXT,
    "note_type": TEXT,
    "is_synthetic": Value("bool"),
}
PROVENANCE = {
    "example_id": TEXT,
    "group_id": TEXT,
    "prompt_uid": TEXT,
    "source_model": TEXT,
    "n_raters": WHOLE,
    "settled_by": TEXT,
    "agreement": SHARE,
    "specialties": NAMES,
    "safety_flags": NAMES,
    "n_unblinded": WHOLE,
    "judgment_uids": NAMES,
    "guideline_version": TEXT,
    "created_at": Value("timestamp[us, tz=UTC]"),
    **HOME,
}
PAIR = {
    "margin": Value("float32"),
    "label_smoothing": Value("float32"),
    "strength": SHARE,
    "pair_source": TEXT,
    "votes_for": WHOLE,
    "votes_against": WHOLE,
    "votes_tie": WHOLE,
    "score_chosen": SHARE,
    "score_rejected": SHARE,
    "rejected_model": TEXT,
    **PROVENANCE,
}
SAID = {
    "is_unblinded": Value("bool"),
    "rater_id": TEXT,
    "rater_specialty": TEXT,
    "rater_is_simulated": Value("bool"),
    "guideline_version": TEXT,
    "active_seconds": WHOLE,
    "created_at": Value("timestamp[us, tz=UTC]"),
    **HOME,
}
FEATURES = {
    "sft": {"messages": MESSAGES, "text_source": TEXT, "scores": SCORES, **PROVENANCE},
    "sft_prompt_completion": {
        "prompt": MESSAGES,
        "completion": MESSAGES,
        "text_source": TEXT,
        "scores": SCORES,
        **PROVENANCE,
    },
    "preference": {
        "prompt": MESSAGES,
        "chosen": MESSAGES,
        "rejected": MESSAGES,
        **PAIR,
    },
    "preference_implicit": {"chosen": MESSAGES, "rejected": MESSAGES, **PAIR},
    "preference_text": {"prompt": TEXT, "chosen": TEXT, "rejected": TEXT, **PAIR},
    "kto": {
        "prompt": MESSAGES,
        "completion": MESSAGES,
        "label": Value("bool"),
        "scores": SCORES,
        **PROVENANCE,
    },
    "kto_text": {
        "prompt": TEXT,
        "completion": TEXT,
        "label": Value("bool"),
        "scores": SCORES,
        **PROVENANCE,
    },
    "prompts": {
        "prompt": MESSAGES,
        "reference_answer": TEXT,
        "privileged_context": TEXT,
        "data_source": TEXT,
        "ability": TEXT,
        "reward_model": {"style": TEXT, "ground_truth": TEXT},
        "extra_info": {"split": TEXT, "index": Value("int64")},
        "example_id": TEXT,
        "group_id": TEXT,
        "prompt_uid": TEXT,
        "judgment_uids": NAMES,
        **HOME,
    },
    "corrections": {
        "prompt": MESSAGES,
        "chosen": MESSAGES,
        "rejected": MESSAGES,
        "reference": MESSAGES,
        **PAIR,
    },
    "process": {
        "prompt": TEXT,
        "completions": NAMES,
        "labels": List(Value("bool")),
        **PROVENANCE,
    },
    "ratings": {
        "judgment_uid": TEXT,
        "prompt_uid": TEXT,
        "completion_uid": TEXT,
        "group_id": TEXT,
        "criterion": TEXT,
        "criterion_kind": TEXT,
        "turn": Value("int16"),
        "value": Value("int16"),
        "value_choices": NAMES,
        "value_text": TEXT,
        "is_not_applicable": Value("bool"),
        "is_outside_practice": Value("bool"),
        "source_model": TEXT,
        **SAID,
    },
    "votes": {
        "judgment_uid": TEXT,
        "prompt_uid": TEXT,
        "completion_a_uid": TEXT,
        "completion_b_uid": TEXT,
        "group_id": TEXT,
        "criterion": TEXT,
        "outcome": TEXT,
        "strength": Value("int16"),
        "reasons": NAMES,
        "left_uid": TEXT,
        "model_a": TEXT,
        "model_b": TEXT,
        **SAID,
    },
    "spans": {
        "mark_uid": TEXT,
        "judgment_uid": TEXT,
        "prompt_uid": TEXT,
        "completion_uid": TEXT,
        "group_id": TEXT,
        "category": TEXT,
        "is_omission": Value("bool"),
        "severity": TEXT,
        "start": WHOLE,
        "end": WHOLE,
        "quote": TEXT,
        "text_sha256": TEXT,
        "suggestion": TEXT,
        "attributes": NAMES,
        "code_system": TEXT,
        "code": TEXT,
        "source_model": TEXT,
        **SAID,
    },
    "safety_flags": {
        "flag_uid": TEXT,
        "judgment_uid": TEXT,
        "prompt_uid": TEXT,
        "completion_uid": TEXT,
        "group_id": TEXT,
        "category": TEXT,
        "severity": TEXT,
        "source_model": TEXT,
        **SAID,
    },
}
# One completion was flagged, in the training split.
SPLITS = {"safety_flags": {"train"}}


@pytest.fixture
def load(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)

    def load(*configuration, **options):
        return datasets.load_dataset(
            str(folder), *configuration, cache_dir=str(tmp_path / "cache"), **options
        )

    return load


@pytest.mark.parametrize("configuration", FEATURES)
def test_a_configuration_loads_whole_and_streamed_as_documented(
    load, sealed, configuration
):
    loaded = load(configuration)
    assert set(loaded) == SPLITS.get(configuration, {"train", "test"})
    families = {}
    for split, rows in loaded.items():
        assert rows.features == Features(FEATURES[configuration])
        (file,) = sealed.files.filter(configuration=configuration, split=split)
        assert rows.num_rows == file.n_rows > 0
        families[split] = set(rows["group_id"])
        streamed = load(configuration, streaming=True)[split]
        assert streamed.features == rows.features
        assert list(streamed) == list(rows)
    assert not set.intersection(*families.values()) or len(families) == 1


def test_without_a_name_it_is_the_preference_configuration(load):
    assert load()["train"].features == Features(FEATURES["preference"])


def test_the_configurations_are_the_documented_ones(folder):
    assert datasets.get_dataset_config_names(str(folder)) == list(FEATURES)
    # Prompts hold no tool calls, so there is nothing to write of them.
    assert set(CONFIGURATIONS) - set(FEATURES) == {"sft_tools"}


def test_tool_calls_would_load_from_their_schema(tmp_path):
    call = {"id": "c1", "type": "function"} | {
        "function": {"name": "dose", "arguments": '{"drug": "x"}'}
    }
    row = dict.fromkeys(column.name for column in CONFIGURATIONS["sft_tools"])
    row["messages"] = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "5 mg", "tool_call_id": "c1"},
    ]
    row["tools"] = "[]"
    schema = arrow_schema("sft_tools", criteria=("tone",))
    file = tmp_path / "train.parquet"
    nullable = pa.schema([field.with_nullable(True) for field in schema])
    pq.write_table(pa.Table.from_pylist([row], schema=nullable), file)
    (loaded,) = datasets.load_dataset(
        "parquet", data_files=str(file), split="train", cache_dir=str(tmp_path / "c")
    )
    assert loaded["messages"][1]["tool_calls"] == [call]
    assert loaded["messages"][2]["tool_call_id"] == "c1"
