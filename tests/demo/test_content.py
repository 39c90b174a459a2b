"""The demonstration's cases: complete, marked, different from each other."""

import json
import unicodedata
from itertools import combinations

import pytest

from feedback.common.text import forbidden_character
from feedback.corpus.reading import Row, open_rows
from feedback.corpus.shapes import SHAPES, detect_shape
from rlhf_site.demo.load import CONTENT

MODELS = {"demo-aster-7b", "demo-birch-13b", "demo-cedar-70b"}
FAULTS = {"none", "factual_error", "omission", "tone", "unsafe", "hallucination"}
SEVERITIES = {"none", "mild", "moderate", "severe"}


def rows_of(name):
    lines = (CONTENT / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def prompts():
    return rows_of("prompts.jsonl")


@pytest.fixture(scope="module")
def truth():
    return rows_of("truth.jsonl")


@pytest.fixture(scope="module")
def completions(prompts):
    return {
        completion["completion_id"]: completion
        for prompt in prompts
        for completion in prompt["completions"]
    }


def question(prompt):
    return prompt.get("prompt") or prompt["messages"][-1]["content"]


def shingles(text, size):
    words = text.lower().split()
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def overlap(one, other, *, size):
    """The shared part of the smaller of two texts' word runs, 0 to 1."""
    a, b = shingles(one, size), shingles(other, size)
    return len(a & b) / max(1, min(len(a), len(b)))


def test_there_is_enough_of_everything(prompts, truth):
    assert len(prompts) >= 60
    assert len({prompt["specialty"] for prompt in prompts}) >= 20
    assert {len(prompt["completions"]) for prompt in prompts} == {2, 3}
    assert sum(row["fault"] == "unsafe" for row in truth) >= 8
    assert {row["fault"] for row in truth} == FAULTS
    assert {prompt["note_type"] for prompt in prompts} == {
        "patient question",
        "patient conversation",
        "clinician question",
        "discharge instructions",
        "discharge note",
        "referral letter",
        "note summary",
        "medication reconciliation",
    }
    assert sum("messages" in prompt for prompt in prompts) >= 4


def test_the_importer_takes_every_row(prompts):
    with open_rows(CONTENT / "prompts.jsonl", file_name="prompts.jsonl") as rows:
        read = list(rows)

    assert all(isinstance(row, Row) for row in read), read
    shape = detect_shape([row.cells for row in read])
    assert shape is SHAPES["consilium"]
    for row, prompt in zip(read, prompts, strict=True):
        shape.check_columns(row.cells.keys())
        [draft] = shape.read(row.cells)
        assert draft.external_id == prompt["prompt_id"]
        assert len(draft.completions) == len(prompt["completions"])


def test_ids_are_unique(prompts, completions):
    assert len({prompt["prompt_id"] for prompt in prompts}) == len(prompts)
    for prompt in prompts:
        for completion in prompt["completions"]:
            assert completion["completion_id"].startswith(prompt["prompt_id"])


def test_each_completion_has_one_truth(prompts, truth, completions):
    assert sum(len(prompt["completions"]) for prompt in prompts) == len(completions)
    assert sorted(row["completion_id"] for row in truth) == sorted(completions)


def test_truth_uses_the_documented_values(truth):
    for row in truth:
        assert {
            row[key] for key in ("correctness", "completeness", "tone", "safety")
        } <= set(range(1, 6))
        assert row["fault"] in FAULTS
        assert row["severity"] in SEVERITIES
        assert (row["fault"] == "none") == (row["severity"] == "none")
        assert row["why"].endswith(".")


def test_faults_and_ratings_agree(truth):
    for row in truth:
        criteria = {
            key: row[key] for key in ("correctness", "completeness", "tone", "safety")
        }
        if row["fault"] == "none":
            assert min(criteria.values()) >= 4, row
        if row["fault"] == "unsafe" or row["severity"] == "severe":
            assert row["safety"] <= 2, row
        if row["fault"] == "tone":
            assert row["tone"] <= 2, row


def test_corrections_say_something_else(truth, completions):
    corrected = [row for row in truth if row.get("correction")]

    assert len(corrected) >= 60
    for row in corrected:
        assert row["fault"] != "none"
        assert row["correction"] != completions[row["completion_id"]]["content"]
    severe = [row for row in truth if row["severity"] == "severe"]
    assert all(row.get("correction") for row in severe)


def test_every_prompt_is_marked_as_a_demonstration(prompts):
    assert all(prompt["metadata"] == {"demonstration": True} for prompt in prompts)
    assert all(prompt["is_synthetic"] for prompt in prompts)
    assert "Not medical advice" in (CONTENT / "README.md").read_text(encoding="utf-8")


def test_text_is_clean(prompts, completions):
    texts = [question(prompt) for prompt in prompts]
    texts += [completion["content"] for completion in completions.values()]
    for text in texts:
        assert text == unicodedata.normalize("NFC", text).strip()
        assert forbidden_character(text) is None


def test_no_two_questions_or_answers_are_nearly_the_same(prompts, completions):
    answers = [completion["content"] for completion in completions.values()]

    for one, other in combinations(map(question, prompts), 2):
        assert overlap(one, other, size=4) <= 0.3, (one, other)
    for one, other in combinations(answers, 2):
        assert overlap(one, other, size=8) <= 0.3, (one, other)


def test_answers_are_as_long_as_models_write(completions):
    n_words = sorted(len(row["content"].split()) for row in completions.values())

    assert n_words[0] >= 50
    assert n_words[len(n_words) // 2] >= 90
    assert n_words[-1] >= 300


def test_neither_place_nor_length_nor_model_tells_the_better_answer(prompts, truth):
    by_id = {row["completion_id"]: row for row in truth}

    def worth(completion):
        row = by_id[completion["completion_id"]]
        return row["correctness"] + row["tone"] + row["safety"]

    best = [max(prompt["completions"], key=worth) for prompt in prompts]
    n_first = n_longest = n_cedar = 0
    for prompt, completion in zip(prompts, best, strict=True):
        longest = max(prompt["completions"], key=lambda row: len(row["content"]))
        n_first += completion is prompt["completions"][0]
        n_longest += completion is longest
        n_cedar += completion["model"] == "demo-cedar-70b"

    for n in (n_first, n_longest, n_cedar):
        assert 0.25 * len(prompts) < n < 0.75 * len(prompts)


def test_the_largest_model_is_better_on_average(truth, completions):
    correctness = {model: [] for model in MODELS}
    for row in truth:
        model = completions[row["completion_id"]]["model"]
        correctness[model].append(row["correctness"])

    means = {model: sum(rows) / len(rows) for model, rows in correctness.items()}
    assert max(means, key=means.get) == "demo-cedar-70b"
    assert min(correctness["demo-cedar-70b"]) <= 2
