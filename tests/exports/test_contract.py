"""The contract as it is pinned: each rule, on rows that services made."""

import pyarrow.parquet as pq
import pytest
from django.db import IntegrityError, connection, transaction

from exports.facts import facts_of
from exports.grouping import group_prompts
from exports.models import ConsentWithdrawal, Snapshot
from exports.pinning import CONDITIONS, judgments_outside
from exports.rules import APPLIES, Rule, Rules
from exports.services import folder_of, request_snapshot, seal_snapshot
from feedback.common import clock
from feedback.corpus.models import Completion, IdentityScan, Prompt
from feedback.rating.answers import Answer, scores
from feedback.review.cases import ask_for_case
from feedback.review.evidence import supersede_edition
from feedback.studies.building import build_tasks
from tests import builders
from tests.exports.conftest import contents
from tests.review.conftest import make_edition, make_scene, settle

LONG = (
    "A man of {age} with atrial fibrillation takes apixaban and asks whether he may take "
    "ibuprofen for his knee; his kidneys are healthy and he bled once, two years ago."
)


@pytest.fixture
def seal(settings, db):
    def seal(study, **thresholds):
        snapshot = request_snapshot(
            study=study,
            actor=study.created_by,
            app_version="0.0.1",
            test_percent=0,
            rules=Rules(**thresholds),
            is_queued=False,
        )
        seal_snapshot(snapshot=snapshot, directory=settings.EXPORT_DIR)
        assert snapshot.state == Snapshot.State.SEALED, snapshot.error
        return snapshot

    return seal


def rows(snapshot, settings, name):
    folder = folder_of(snapshot, settings.EXPORT_DIR)
    return [
        row
        for file in sorted(folder.glob(f"{name}/*.parquet"))
        for row in pq.read_table(file).to_pylist()
    ]


def out(snapshot):
    return {
        (line["configuration"], line["rule"]): line["n_out"]
        for line in snapshot.contract
        if line["n_out"]
    }


def withdraw(study, **what):
    ConsentWithdrawal.objects.create(
        reason="Asked to.", recorded_by=study.created_by, **what
    )


def test_each_rule_on_whole_judgments_is_a_condition_in_its_order():
    assert tuple(CONDITIONS) == APPLIES["judgments"]


@pytest.mark.parametrize("of", ["prompt", "source", "rater"])
def test_what_consent_was_taken_back_for_leaves_no_more(judged, seal, settings, of):
    study, n_all = judged.study, judged.study.judgments.count()
    before = seal(study)
    prompt = Prompt.objects.get(external_id="p0", source__studies=study)
    what = {"prompt": prompt, "source": prompt.source, "rater": judged.raters[1]}
    if of == "source":
        # Everything of the study: nothing is left to seal.
        withdraw(study, source=what[of])
        assert judgments_outside(study.pk)[Rule.CONSENT_WITHDRAWN] == n_all - 3
        return
    withdraw(study, **{of: what[of]})
    after = seal(study)
    gone = out(after)["judgments", Rule.CONSENT_WITHDRAWN]
    assert after.n_judgments == before.n_judgments - gone
    uids = {row["prompt_uid"] for row in rows(after, settings, "prompts")}
    assert (str(prompt.uid) in uids) is (of == "rater")
    if of == "rater":
        assert {row["n_raters"] for row in rows(after, settings, "kto")} == {1}


def test_consent_is_of_one_thing(judged):
    with pytest.raises(IntegrityError, match="consent_is_of"), transaction.atomic():
        withdraw(judged.study, rater=judged.raters[0], prompt=Prompt.objects.first())


def test_a_text_that_names_its_maker_is_pinned_as_such(judged, seal, settings):
    named = Completion.objects.get(
        prompt__external_id="p0", content__startswith="Answer 0 "
    )
    for version, leaks in ((101, []), (102, [{"start": 0, "end": 3, "name": "GPT"}])):
        IdentityScan.objects.create(
            completion=named, scanner_version=version, leaks=leaks
        )
    snapshot = seal(judged.study)
    (exclusion,) = snapshot.exclusions.filter(rule=Rule.NAMES_ITS_MAKER)
    assert (exclusion.completion, exclusion.reasons) == (named, ["GPT"])
    assert out(snapshot)["preference", Rule.NAMES_ITS_MAKER] == 1
    assert out(snapshot)["kto", Rule.NAMES_ITS_MAKER] == 1


def test_a_case_holds_the_rows_and_its_verdict_makes_them(seal, settings):
    scene = make_scene()
    other = builders.make_prompts(scene.study.sources.get(), n_prompts=1, text="Also?")
    held = seal(scene.study)
    assert held.verdicts.get().standing == "open"
    assert rows(held, settings, "kto") == []
    assert out(held)["kto", Rule.IN_DISPUTE] == 1
    assert len(rows(held, settings, "ratings")) == 6

    adjudication = settle(
        scene, answer=Answer(ratings=scores(correctness=5, tone=5, safety=5))
    )
    settled = seal(scene.study)
    assert settled.verdicts.get().adjudication == adjudication
    (row,) = rows(settled, settings, "kto")
    assert (row["label"], row["settled_by"]) == (True, "adjudication")
    assert row["scores"]["safety"] == 5.0
    assert (row["n_raters"], len(row["judgment_uids"])) == (2, 2)
    (taught,) = rows(settled, settings, "sft")
    assert taught["settled_by"] == "adjudication"

    new = make_edition(scene.study, "2024", year=2024)
    old = adjudication.evidence.get().edition
    supersede_edition(
        edition=old, by=new, actor=scene.study.created_by, now=clock.now()
    )
    stale = seal(scene.study)
    assert stale.verdicts.get().standing == "stale"
    assert out(stale)["sft", Rule.STALE_EVIDENCE] == 1
    assert rows(stale, settings, "sft") == []
    assert other


def test_an_asked_case_is_a_doubt_and_the_folder_stays_what_it_was(
    judged, seal, settings
):
    before = seal(judged.study)
    folder = folder_of(before, settings.EXPORT_DIR)
    written = contents(folder)
    task = judged.study.tasks.get(prompt__external_id="p0", kind="pair")
    ask_for_case(task=task, because="Is it so?", actor=judged.study.created_by)
    after = seal(judged.study)
    assert out(after)["preference", Rule.IN_DISPUTE] == 1
    assert contents(folder) == written


def _study_of(texts):
    study = builders.make_study(n_prompts=1, n_completions=1, overlap=1)
    source = study.sources.get()
    for text in texts:
        (prompt,) = builders.make_prompts(
            source, n_prompts=1, n_completions=1, text=text
        )
        # Each its own family, as far as the import says.
        assert prompt.group_key == "case-0"
    build_tasks(study=study)
    return study


def _renamed(study):
    """Give each prompt a family of its own, as an import would have."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE corpus_prompt SET group_key = uid::text")
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_near_duplicates_and_one_patients_prompts_are_one_family(db):
    study = _study_of([LONG.format(age=54), LONG.format(age=71), "A rash since May?"])
    _renamed(study)
    strict = group_prompts(study.pk, near_duplicate_from=1)
    assert strict.facts["n_families"] == 4
    found = group_prompts(study.pk, near_duplicate_from=0.8)
    assert found.facts == {
        "n_prompts": 4,
        "n_families": 3,
        "n_families_as_imported": 4,
        "n_near_duplicates": 1,
        "largest": 2,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE corpus_prompt SET metadata = '{\"patient_id\": 7}' "
            "WHERE messages::text LIKE '%%rash%%' OR messages::text LIKE '%%54%%'"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    about_one = group_prompts(study.pk, near_duplicate_from=0.8)
    assert (about_one.facts["n_families"], about_one.facts["largest"]) == (2, 3)


def test_a_prompt_with_an_identifier_stays_out_with_its_judgments(seal, settings):
    study = _study_of(["Patient born 14 March 1962, MRN 00123456. May he fly?"])
    builders.judge_all(study, builders.make_rater(study))
    snapshot = seal(study)
    assert out(snapshot)["judgments", Rule.IDENTIFIER_FOUND] == 1
    whole = b"".join(contents(folder_of(snapshot, settings.EXPORT_DIR)).values())
    assert b"00123456" not in whole
    assert len(rows(snapshot, settings, "prompts")) == 1
    assert facts_of(snapshot)["prompts"]["n"] == 1


def test_the_benchmark_is_a_split_of_its_own_and_in_no_side_folder(judged, settings):
    snapshot = judged.seal(rules=Rules(benchmark_percent=30))
    splits = set(snapshot.members.values_list("split", flat=True))
    assert splits == {"train", "test", "benchmark"}
    folder = judged.folder(snapshot)
    held_out = {
        row["prompt_uid"]
        for file in folder.glob("*/benchmark-*.parquet")
        for row in pq.read_table(file).to_pylist()
    }
    trained = {
        row["prompt_uid"]
        for file in folder.glob("*/train-*.parquet")
        for row in pq.read_table(file).to_pylist()
    }
    assert held_out
    assert not held_out & trained
    questions = Prompt.objects.filter(uid__in=held_out)
    for file in [*folder.glob("openai/*"), *folder.glob("llamafactory/*")]:
        text = file.read_text()
        assert not any(question.last_turn in text for question in questions)
    assert "split: benchmark" in (folder / "README.md").read_text()
