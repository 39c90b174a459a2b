"""Naming benchmarks, and keeping what overlaps them out of a snapshot."""

import json

import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from exports.contamination import GRAMS_AT_ONCE
from exports.evaluation_sets import name_evaluation_set, retire_evaluation_set
from exports.models import EvaluationSet, SnapshotOverlap
from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from tests import builders

QUESTION = "A man of 60 takes warfarin and asks whether ibuprofen is safe for his knee"


@pytest.fixture
def name(judged, tmp_path):
    def name(content, *, file_name="benchmark.jsonl", title="Benchmark", n_words=13):
        path = tmp_path / "stored"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name_evaluation_set(
            study=judged.study,
            name=title,
            source="example.org",
            n_words=n_words,
            path=path,
            file_name=file_name,
            actor=judged.study.created_by,
        )

    return name


def line(**cells):
    return json.dumps(cells) + "\n"


@pytest.mark.parametrize(
    ("file_name", "content"),
    [
        ("b.jsonl", line(id="1", question=QUESTION, options={"A": "Yes"})),
        ("b.jsonl", line(messages=[{"role": "user", "content": QUESTION}])),
        ("b.csv", f'id,question\n1,"{QUESTION}"\n'),
        ("b.txt", f"{QUESTION}\n\nYes.\n"),
    ],
)
def test_a_file_becomes_hashes_and_its_texts_are_not_kept(name, file_name, content):
    named = name(content, file_name=file_name)
    assert named.n_grams == len(QUESTION.split()) - 12
    assert named.n_items in {1, 2}
    assert named.n_too_short == named.n_items - 1
    (block,) = named.blocks.all()
    assert len(block.hashes) == 8 * named.n_grams
    assert AuditEvent.objects.filter(action="evaluation_set.named").count() == 1


@pytest.mark.parametrize(
    ("file_name", "content", "message"),
    [
        ("b.jsonl", line(question=QUESTION) + "{not json}\n", "Row 2"),
        ("b.txt", QUESTION.encode() + b"\n\xff\xfe\n", "Row 2: It is not UTF-8"),
        ("b.txt", "Yes.\nNo.\n", "No text of b.txt has 8 words"),
        ("b.jsonl", "", "empty"),
    ],
)
def test_a_file_that_cannot_be_read_whole_is_refused(name, file_name, content, message):
    with pytest.raises(Invalid, match=message):
        name(content, file_name=file_name)
    assert not EvaluationSet.objects.exists()


def test_too_many_runs_of_words_are_refused(name, monkeypatch):
    monkeypatch.setattr("exports.evaluation_sets.MOST_GRAMS", 1)
    with pytest.raises(Invalid, match="more than 1 different runs"):
        name(line(question=QUESTION))


def test_hashes_are_stored_in_sorted_blocks(name, monkeypatch):
    monkeypatch.setattr("exports.evaluation_sets.GRAMS_A_BLOCK", 1)
    named = name(line(question=QUESTION))
    blocks = [int.from_bytes(b.hashes, "little") for b in named.blocks.order_by("pk")]
    assert len(blocks) == named.n_grams > 1
    assert blocks == sorted(blocks)


def test_a_name_is_free_again_once_its_set_is_out_of_use(name, judged):
    first = name(line(question=QUESTION))
    with pytest.raises(Conflict, match="has an evaluation set 'Benchmark' in use"):
        name(line(question=QUESTION))
    lead = judged.study.created_by
    retire_evaluation_set(evaluation_set=first, actor=lead, now=clock.now())
    with pytest.raises(Conflict, match="out of use already"):
        retire_evaluation_set(evaluation_set=first, actor=lead, now=clock.now())
    assert name(line(question=QUESTION)).pk != first.pk


def completion_of(judged, number):
    """A text of one prompt alone, long enough to be looked for."""
    prompt = judged.study.tasks.filter(prompt__external_id=f"p{number}")[0].prompt
    return prompt, prompt.completions.order_by("pk")[0].content


def test_a_family_that_overlaps_is_in_no_split_and_counted(name, judged, monkeypatch):
    n_before = judged.seal().n_judgments
    prompt, text = completion_of(judged, 0)
    question = f"{text} and so say all of us in this very long question"
    monkeypatch.setattr("exports.overlaps.LEAST_WORDS", 3)
    named = name(line(question=question), n_words=len(text.split()))
    overlapping = {
        p.group_key
        for p in type(prompt).objects.filter(pk__in=judged.study.tasks.values("prompt"))
        if any(text in c.content for c in p.completions.all())
    }
    snapshot = judged.seal()
    overlaps = SnapshotOverlap.objects.filter(snapshot=snapshot)
    assert {o.evaluation_set_id for o in overlaps} == {named.pk}
    assert len(overlaps) == len(overlapping)
    (rule,) = [r for r in snapshot.contract if r["rule"] == "overlaps_evaluation_set"]
    assert rule["n_out"] == n_before - snapshot.n_judgments > 0
    left = {o.group_id for o in overlaps}
    for path in judged.folder(snapshot).glob("*/*.parquet"):
        assert not left & set(pq.read_table(path, columns=["group_id"])[0].to_pylist())
    card = (judged.folder(snapshot) / "README.md").read_text()
    assert f"| Benchmark | example.org | 1 | 0 | {named.n_words} |" in card
    assert named.sha256 in card


def test_without_an_overlap_everything_stays_and_the_set_is_named(name, judged):
    name(line(question=QUESTION))
    snapshot = judged.seal()
    assert not snapshot.overlaps.exists()
    (told,) = snapshot.facts["evaluation_sets"]
    assert (told["name"], told["n_families"]) == ("Benchmark", 0)


def test_sets_too_large_to_be_held_at_once_are_looked_for_in_turn(
    name, judged, monkeypatch
):
    assert GRAMS_AT_ONCE > 1
    monkeypatch.setattr("exports.contamination.GRAMS_AT_ONCE", 1)
    name(line(question=QUESTION), title="One")
    name(line(question=QUESTION[::-1]), title="Two")
    told = judged.seal().facts["evaluation_sets"]
    assert [one["name"] for one in told] == ["One", "Two"]


def test_a_set_out_of_use_keeps_nothing_out(name, judged):
    named = name(line(question=QUESTION))
    lead = judged.study.created_by
    retire_evaluation_set(evaluation_set=named, actor=lead, now=clock.now())
    assert judged.seal().facts["evaluation_sets"] == []


def test_a_lead_brings_a_set_and_stops_using_it(judged, lead):
    url = reverse("evaluation_set_list", args=[judged.study.uid])
    file = SimpleUploadedFile("b.jsonl", line(question=QUESTION).encode())
    data = {"name": "MedQ", "source": "A paper", "n_words": 13, "file": file}
    response = lead.post(url, data)
    assert response.status_code == 302
    page = lead.get(url).content.decode()
    assert "MedQ" in page
    named = EvaluationSet.objects.get()
    end = reverse("evaluation_set_retire", args=[named.uid])
    assert lead.post(end).status_code == 302
    named.refresh_from_db()
    assert named.retired_at is not None


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"file": None}, "Choose a file."),
        ({"n_words": 7}, "greater than or equal to 8"),
        ({"name": ""}, "required"),
        ({"name": "a\x00b"}, "Null characters"),
        ({"file": SimpleUploadedFile("b.txt", b"Yes.")}, "has 8 words or more"),
    ],
)
def test_what_is_wrong_with_an_upload_stands_at_its_field(judged, lead, change, error):
    url = reverse("evaluation_set_list", args=[judged.study.uid])
    file = SimpleUploadedFile("b.jsonl", line(question=QUESTION).encode())
    data = {"name": "MedQ", "source": "", "n_words": 13, "file": file} | change
    data = {key: value for key, value in data.items() if value is not None}
    response = lead.post(url, data)
    assert response.status_code == 422
    assert error in response.content.decode()
    assert not EvaluationSet.objects.exists()


def test_a_second_set_of_that_name_is_refused_on_the_page(judged, lead, name):
    name(line(question=QUESTION), title="MedQ")
    url = reverse("evaluation_set_list", args=[judged.study.uid])
    file = SimpleUploadedFile("b.jsonl", line(question=QUESTION).encode())
    response = lead.post(url, {"name": "MedQ", "n_words": 13, "file": file})
    assert response.status_code == 422
    assert "in use" in response.content.decode()


def test_nobody_else_finds_the_set(judged, engineer, name, sign_in):
    named = name(line(question=QUESTION))
    url = reverse("evaluation_set_list", args=[judged.study.uid])
    assert engineer.get(url).status_code == 200
    assert engineer.post(url).status_code in {403, 404}
    end = reverse("evaluation_set_retire", args=[named.uid])
    for person in (engineer, sign_in(builders.make_study().created_by)):
        assert person.post(end).status_code in {403, 404}
