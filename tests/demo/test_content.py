"""The demonstration's cases: complete, marked, different from each other."""

import json
import unicodedata
from itertools import combinations

import pytest

from feedback.common.text import forbidden_character
from rlhf_site.demo.load import CONTENT

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


def test_there_is_enough_of_everything(prompts, truth):
    assert len(prompts) >= 40
    assert len({prompt["specialty"] for prompt in prompts}) >= 8
    assert {len(prompt["completions"]) for prompt in prompts} == {2, 3}
    assert sum(row["fault"] == "unsafe" for row in truth) >= 6
    assert {row["fault"] for row in truth} == FAULTS
    assert len({prompt["note_type"] for prompt in prompts}) >= 5


def test_each_completion_has_one_truth(prompts, truth, completions):
    assert sum(len(prompt["completions"]) for prompt in prompts) == len(completions)
    assert sorted(row["completion_id"] for row in truth) == sorted(completions)


def test_truth_uses_the_documented_values(truth):
    for row in truth:
        assert {row[key] for key in ("correctness", "tone", "safety")} <= set(
            range(1, 6)
        )
        assert row["fault"] in FAULTS
        assert row["severity"] in SEVERITIES
        assert (row["fault"] == "none") == (row["severity"] == "none")
        assert row["why"].endswith(".")


def test_corrections_say_something_else(truth, completions):
    corrected = [row for row in truth if row.get("correction")]

    assert len(corrected) >= 14
    for row in corrected:
        assert row["fault"] != "none"
        assert row["correction"] != completions[row["completion_id"]]["content"]


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


def test_no_two_questions_are_nearly_the_same(prompts):
    def shingles(text, size=4):
        words = text.lower().split()
        return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}

    for one, other in combinations(prompts, 2):
        a, b = shingles(question(one)), shingles(question(other))
        assert len(a & b) <= 0.3 * min(len(a), len(b)), (one, other)


def test_the_best_answer_is_not_always_the_first(prompts, truth):
    by_id = {row["completion_id"]: row for row in truth}
    firsts = [by_id[prompt["completions"][0]["completion_id"]] for prompt in prompts]
    n_good = sum(row["fault"] == "none" for row in firsts)

    assert 0.25 * len(prompts) < n_good < 0.75 * len(prompts)
