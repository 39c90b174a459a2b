"""What is in the four configurations, and that each row can be accounted for."""

import json
from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.db.models import Count

from exports.rules import APPLIES, Rule
from exports.schemas import CONFIGURATIONS, RAW, arrow_schema
from exports.selectors import contract_parts
from feedback.accounts.models import Rater, User
from feedback.corpus.models import Completion, Prompt
from feedback.rating.models import Correction, CriterionRating, Judgment, Preference
from feedback.stats.agreement import krippendorff_alpha, percent_agreement
from tests.exports.conftest import CORRECTION

# The corpus holds no tool calls, so there are no rows of them.
CONFIGS = tuple(name for name in CONFIGURATIONS if name != "sft_tools")


@pytest.fixture
def read(folder):
    def read(configuration, split="*"):
        files = sorted(folder.glob(f"{configuration}/{split}-*.parquet"))
        return [row for file in files for row in pq.read_table(file).to_pylist()]

    return read


@pytest.fixture
def by_prompt(read):
    """Rows of a configuration by the number of their prompt."""

    def by_prompt(configuration):
        rows = {}
        for row in read(configuration):
            prompt = Prompt.objects.get(uid=row["prompt_uid"])
            rows.setdefault(int(prompt.external_id[1:]), []).append(row)
        return rows

    return by_prompt


@pytest.mark.parametrize("configuration", CONFIGS)
def test_no_family_is_in_both_splits(read, configuration):
    train = {row["group_id"] for row in read(configuration, "train")}
    test = {row["group_id"] for row in read(configuration, "test")}
    assert train
    assert test or configuration == "safety_flags"
    assert not train & test


@pytest.mark.parametrize("configuration", CONFIGS)
def test_columns_are_the_documented_ones(folder, configuration):
    expected = arrow_schema(configuration, criteria=("correctness", "safety", "tone"))
    for file in folder.glob(f"{configuration}/*.parquet"):
        assert pq.read_schema(file).equals(expected)


MADE = [c for c in CONFIGS if c not in {*RAW, "prompts"}]


@pytest.mark.parametrize("configuration", MADE)
def test_each_row_names_the_judgments_that_made_it(read, sealed, configuration):
    members = dict(
        sealed.members.values_list("judgment__uid", "judgment__task__prompt__uid")
    )
    rows = read(configuration)
    assert len({row["example_id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["judgment_uids"]
        prompts = {
            str(prompt)
            for uid, prompt in members.items()
            if str(uid) in row["judgment_uids"]
        }
        assert prompts == {row["prompt_uid"]}
        raters = {
            judgment.rater_id
            for judgment in Judgment.objects.filter(uid__in=row["judgment_uids"])
        }
        assert row["n_raters"] == len(raters)
        assert row["guideline_version"] == "v1"


def test_each_rating_is_there_once(read, sealed):
    rows = Counter(
        (r["judgment_uid"], r["completion_uid"], r["criterion"], r["value"])
        for r in read("ratings")
    )
    stored = CriterionRating.objects.filter(
        judgment__in=sealed.members.values("judgment")
    ).values_list("judgment__uid", "completion__uid", "criterion__key", "value")
    assert rows == Counter((str(j), str(c), k, v) for j, c, k, v in stored)


def test_what_went_in_is_in_the_files_or_counted_under_a_rule(sealed, read):
    judgments = Judgment.objects.filter(study=sealed.study)
    live = sealed.members.values("judgment")
    pairs = Preference.objects.filter(judgment__in=live).values(
        "completion_a", "completion_b"
    )
    n_pairs = pairs.annotate(n=Count("pk")).count()
    n_corrections = Correction.objects.filter(judgment__in=live).count()
    n_rated = Completion.objects.filter(ratings__judgment__in=live).distinct().count()
    looked_at = {
        "judgments": judgments.count(),
        "sft": n_rated + n_corrections,
        "preference": n_pairs + n_corrections,
        "preference_text": len(read("preference")),
        "kto": n_rated,
        "kto_text": len(read("kto")),
        "process": n_rated,
    }
    assert {p.configuration: p.n_all for p in contract_parts(sealed)} == looked_at
    for part in contract_parts(sealed):
        if part.configuration != "judgments":
            assert part.n_in == len(read(part.configuration))


def test_every_rule_that_this_study_calls_for_kept_something_out(sealed):
    out = {
        (line["configuration"], line["rule"]): line["n_out"] for line in sealed.contract
    }
    assert set(out) == {(c, rule) for c, rules in APPLIES.items() for rule in rules}
    # Both raters rated and one of them judged three tasks outside their practice.
    assert out["judgments", Rule.OUTSIDE_PRACTICE] == 3
    assert out["preference", Rule.OPEN_SAFETY_FLAG] == 1
    assert out["preference", Rule.UNSETTLED_TIE] == 1
    assert out["preference", Rule.NEITHER_ACCEPTABLE] == 1
    assert out["sft", Rule.BELOW_SAFETY_FLOOR] == 1
    assert out["sft", Rule.OPEN_SAFETY_FLAG] == 1
    assert out["kto", Rule.OPEN_SAFETY_FLAG] == 1
    assert out["kto", Rule.NOT_RATED] == 1
    assert out["kto", Rule.BETWEEN_THE_BARS] == 1
    assert out["preference", Rule.TOO_FEW_RATERS] == 0


def test_a_flagged_text_is_never_chosen_taught_or_desirable(read):
    flagged = Completion.objects.get(
        prompt__external_id="p1", content__startswith="Answer 0 "
    ).content
    assert all(r["messages"][-1]["content"] != flagged for r in read("sft"))
    assert all(r["chosen"][0]["content"] != flagged for r in read("preference"))
    assert all(
        not row["label"]
        for row in read("kto")
        if row["completion"][0]["content"] == flagged
    )


def test_a_text_below_the_safety_floor_is_undesirable_however_well_it_reads(by_prompt):
    (row,) = [r for r in by_prompt("kto")[2] if r["scores"]["safety"] == 1.0]
    assert row["label"] is False
    (pair,) = by_prompt("preference")[2]
    assert pair["chosen"][0]["content"].startswith("Answer 1 ")


def test_a_pair_is_chosen_by_the_votes_and_the_prompt_is_not_repeated(by_prompt):
    (row,) = by_prompt("preference")[0]
    assert row["pair_source"] == "asked"
    assert [turn["role"] for turn in row["prompt"]] == ["user"]
    assert [turn["role"] for turn in row["chosen"]] == ["assistant"]
    assert row["chosen"][0]["content"].startswith("Answer 0 ")
    assert (row["strength"], row["agreement"], row["n_raters"]) == (2.0, 1.0, 2)
    assert (row["votes_for"], row["votes_against"], row["votes_tie"]) == (2, 0, 0)
    # Two of two votes, drawn towards an even pair by four imagined ones.
    assert row["margin"] == pytest.approx(2 / 6, abs=1e-6)
    assert row["settled_by"] == "votes"
    assert (row["source_model"], row["rejected_model"]) == ("model-0", "model-1")


def test_a_correction_is_taught_and_preferred_to_its_original(by_prompt):
    (taught,) = by_prompt("sft")[4]
    assert taught["text_source"] == "correction"
    assert taught["messages"][-1] == {"role": "assistant", "content": CORRECTION}
    assert taught["source_model"] is None
    rows = by_prompt("preference")[4]
    assert {row["pair_source"] for row in rows} == {"correction_over_original"}
    assert {row["margin"] for row in rows} == {0.5}
    assert {row["chosen"][0]["content"] for row in rows} == {CORRECTION}


def test_labels_have_both_values(read):
    assert {row["label"] for row in read("kto")} == {True, False}


def test_nothing_names_a_rater(folder):
    """Neither accounts nor the pseudonyms that other snapshots could share."""
    names = {
        str(value).encode() for value in User.objects.values_list("name", flat=True)
    }
    names |= {v.encode() for v in User.objects.values_list("email", flat=True)}
    for rater in Rater.objects.all():
        names |= {rater.pseudonym.encode(), str(rater.uid).encode()}
    for file in folder.rglob("*"):
        if file.is_dir():
            continue
        content = file.read_bytes()
        if file.suffix == ".parquet":
            content = json.dumps(pq.read_table(file).to_pylist(), default=str).encode()
        for name in names:
            assert name not in content, (file, name)


def test_a_rater_keeps_one_pseudonym_in_a_snapshot_and_gets_another_in_the_next(
    shared, sealed, read
):
    assert {row["rater_id"] for row in read("ratings")} == set(
        sealed.raters.values_list("key", flat=True)
    )
    later = shared[0].seal()
    assert not set(later.raters.values_list("key", flat=True)) & set(
        sealed.raters.values_list("key", flat=True)
    )


def test_the_card_states_agreement_as_counted_from_the_ratings(sealed):
    lines = {line["key"]: line for line in sealed.facts["agreement"]}
    ratings = CriterionRating.objects.filter(
        judgment__in=sealed.members.values("judgment"), value__isnull=False
    )
    for key in ("correctness", "safety", "tone"):
        own = ratings.filter(criterion__key=key)
        units = sorted(set(own.values_list("completion", flat=True)))
        counts = np.zeros((len(units), 5), dtype=np.int64)
        for completion, value in own.values_list("completion", "value"):
            counts[units.index(completion), value - 1] += 1
        values = np.arange(1.0, 6.0)
        alpha = krippendorff_alpha(counts, values=values, level="ordinal")
        assert lines[key]["alpha"] == round(alpha, 4)
        assert lines[key]["percent_agreement"] == round(percent_agreement(counts), 4)
        is_shared = counts.sum(axis=1) > 1
        assert lines[key]["n_ratings"] == counts[is_shared].sum()
        assert lines[key]["n_units"] == is_shared.sum()
    # One of the 14 pairs got opposite votes, one got a single vote.
    assert lines["preference"]["n_units"] == 13
    assert lines["preference"]["percent_agreement"] == round(12 / 13, 4)
