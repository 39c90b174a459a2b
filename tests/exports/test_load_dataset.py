"""What `datasets.load_dataset(folder, configuration)` makes of an export."""

import datasets
import pytest
from datasets import Features, List, Value

MESSAGES = List({"role": Value("string"), "content": Value("string")})
NAMES = List(Value("string"))
SCORES = {key: Value("float64") for key in ("correctness", "safety", "tone")}
PROVENANCE = {
    "example_id": Value("string"),
    "group_id": Value("string"),
    "prompt_uid": Value("string"),
    "source_model": Value("string"),
    "n_raters": Value("int32"),
    "agreement": Value("float64"),
    "specialties": NAMES,
    "safety_flags": NAMES,
    "n_unblinded": Value("int32"),
    "judgment_uids": NAMES,
    "guideline_version": Value("string"),
    "created_at": Value("timestamp[us, tz=UTC]"),
    "specialty": Value("string"),
    "locale": Value("string"),
    "note_type": Value("string"),
    "is_synthetic": Value("bool"),
}
FEATURES = {
    "sft": {
        "messages": MESSAGES,
        "text_source": Value("string"),
        "scores": SCORES,
        **PROVENANCE,
    },
    "preference": {
        "prompt": MESSAGES,
        "chosen": MESSAGES,
        "rejected": MESSAGES,
        "margin": Value("float32"),
        "pair_source": Value("string"),
        "score_chosen": Value("float64"),
        "score_rejected": Value("float64"),
        "rejected_model": Value("string"),
        **PROVENANCE,
    },
    "kto": {
        "prompt": MESSAGES,
        "completion": MESSAGES,
        "label": Value("bool"),
        "scores": SCORES,
        **PROVENANCE,
    },
    "ratings": {
        "judgment_uid": Value("string"),
        "prompt_uid": Value("string"),
        "completion_uid": Value("string"),
        "group_id": Value("string"),
        "criterion": Value("string"),
        "criterion_kind": Value("string"),
        "turn": Value("int16"),
        "value": Value("int16"),
        "value_choices": NAMES,
        "value_text": Value("string"),
        "is_not_applicable": Value("bool"),
        "is_outside_practice": Value("bool"),
        "is_unblinded": Value("bool"),
        "rater_id": Value("string"),
        "rater_specialty": Value("string"),
        "rater_is_simulated": Value("bool"),
        "source_model": Value("string"),
        "guideline_version": Value("string"),
        "active_seconds": Value("int32"),
        "created_at": Value("timestamp[us, tz=UTC]"),
        "specialty": Value("string"),
        "locale": Value("string"),
        "note_type": Value("string"),
        "is_synthetic": Value("bool"),
    },
}


@pytest.fixture
def load(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)

    def load(*configuration, **options):
        return datasets.load_dataset(
            str(folder), *configuration, cache_dir=str(tmp_path / "cache"), **options
        )

    return load


@pytest.mark.parametrize("configuration", FEATURES)
def test_a_configuration_loads_with_the_documented_features(
    load, sealed, configuration
):
    loaded = load(configuration)
    assert set(loaded) == {"train", "test"}
    for split, rows in loaded.items():
        assert rows.features == Features(FEATURES[configuration])
        (file,) = sealed.files.filter(configuration=configuration, split=split)
        assert rows.num_rows == file.n_rows > 0


def test_without_a_name_it_is_the_preference_configuration(load):
    assert load()["train"].features == Features(FEATURES["preference"])


def test_the_configurations_are_the_documented_ones(folder):
    assert datasets.get_dataset_config_names(str(folder)) == list(FEATURES)


def test_streaming_gives_the_same_rows(load):
    assert list(load("kto", streaming=True)["train"]) == list(load("kto")["train"])


def test_no_loaded_family_is_in_both_splits(load):
    for configuration in FEATURES:
        loaded = load(configuration)
        train, test = (set(loaded[split]["group_id"]) for split in ("train", "test"))
        assert not train & test
