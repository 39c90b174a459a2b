"""Importing: all good rows or none, each known row known, each bad row named."""

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feedback.audit.models import AuditEvent
from feedback.common import events
from feedback.corpus import services, staging
from feedback.corpus.events import BatchRead
from feedback.corpus.models import (
    Completion,
    ImportBatch,
    ImportReject,
    ModelVersion,
    Prompt,
)
from feedback.corpus.refusals import FileRefused
from feedback.corpus.services import create_source, read_batch, shape_of_file
from feedback.jobs.models import Job

pytestmark = pytest.mark.django_db

TWO = {
    "prompt_id": "p1",
    "group_id": "g1",
    "prompt": "May I take both?",
    "specialty": "pharmacy",
    "completions": [
        {"completion_id": "c1", "model": "m1", "content": "Ask first."},
        {"completion_id": "c2", "model": "m2", "content": "Sure."},
    ],
}
OTHER = {"prompt_id": "p2", "prompt": "How much?", "completions": [{"content": "5 mg"}]}


def counts(batch):
    return {
        "read": batch.n_rows_read,
        "prompts": batch.n_prompts_new,
        "completions": batch.n_completions_new,
        "known": batch.n_known,
        "rejected": batch.n_rejected,
    }


def rejects(batch):
    return list(batch.rejects.order_by("row_no").values_list("row_no", "reason"))


def nothing_is_in():
    return not (Prompt.objects.exists() or Completion.objects.exists())


def test_starting_writes_a_job_and_reads_nothing_yet(begin, lines):
    batch = begin(lines(TWO))
    job = Job.objects.get()
    assert (job.kind, job.subject_id) == ("corpus.read_batch", batch.pk)
    assert batch.state == ImportBatch.State.WAITING
    assert nothing_is_in()


def test_good_rows_are_in_with_all_they_say(bring, lines):
    batch = bring(lines(TWO, OTHER))
    assert batch.state == ImportBatch.State.DONE
    assert batch.finished_at is not None
    assert counts(batch) == {
        "read": 2, "prompts": 2, "completions": 3, "known": 0, "rejected": 0,
    }  # fmt: skip
    prompt = Prompt.objects.get(external_id="p1")
    assert prompt.messages == [{"role": "user", "content": "May I take both?"}]
    assert (prompt.group_key, prompt.specialty) == ("g1", "pharmacy")
    found = prompt.completions.order_by("external_id").values_list(
        "external_id", "content", "model_version__name"
    )
    assert list(found) == [("c1", "Ask first.", "m1"), ("c2", "Sure.", "m2")]
    assert Completion.objects.get(content="5 mg").model_version is None
    assert AuditEvent.objects.filter(action="import.done").count() == 1


def test_the_same_file_twice_brings_no_new_row(bring, lines):
    bring(lines(TWO, OTHER))
    again = bring(lines(TWO, OTHER))
    assert again.state == ImportBatch.State.DONE
    assert counts(again) == {
        "read": 2, "prompts": 0, "completions": 0, "known": 2, "rejected": 0,
    }  # fmt: skip
    assert (Prompt.objects.count(), Completion.objects.count()) == (2, 3)


def test_a_new_answer_to_a_known_prompt_is_added_to_it(bring, lines):
    bring(lines(TWO))
    more = {**TWO, "completions": [{"content": "Never."}, *TWO["completions"]]}
    batch = bring(lines(more, TWO))
    assert (batch.n_prompts_new, batch.n_completions_new, batch.n_known) == (0, 1, 1)
    assert Prompt.objects.get().completions.count() == 3


def test_repeats_inside_a_file_are_taken_once(bring, lines):
    batch = bring(lines(TWO, TWO, OTHER, TWO))
    assert counts(batch) == {
        "read": 4, "prompts": 2, "completions": 3, "known": 2, "rejected": 0,
    }  # fmt: skip


def test_another_source_keeps_its_own_prompts_in_the_same_group(bring, lines, importer):
    other = create_source(name="Other", created_by=importer)
    row = {"prompt": "Same question?"}
    bring(lines(row))
    batch = bring(lines(row), into=other)
    assert batch.n_prompts_new == 1
    assert len(set(Prompt.objects.values_list("group_key", flat=True))) == 1


def test_bad_rows_are_listed_and_good_ones_are_in(bring, lines):
    content = lines(TWO) + b"{broken\n\n" + lines({"promt": "q"}, OTHER)
    batch = bring(content)
    assert batch.state == ImportBatch.State.DONE
    assert (batch.n_rows_read, batch.n_prompts_new, batch.n_rejected) == (4, 2, 2)
    (first, reason), (second, other) = rejects(batch)
    assert (first, second) == (2, 4)
    assert reason.startswith("The line is not valid JSON")
    assert other == "Column 'promt' is not known."


def test_a_row_is_taken_whole_or_not_at_all(bring, lines):
    half = {"prompt": "q", "completions": [{"content": "a"}, {"content": "\x00"}]}
    batch = bring(lines(OTHER, half))
    assert batch.n_prompts_new == 1
    assert not Completion.objects.filter(content="a").exists()


def test_a_file_without_a_good_row_fails_with_one_clear_error(bring, lines):
    batch = bring(lines({"promt": "q"}, {"promt": "r"}))
    assert batch.state == ImportBatch.State.FAILED
    assert batch.error.startswith(
        "No row could be taken, out of 2. Row 1: Column 'promt' is not known. "
        "Did you mean prompt?"
    )
    assert [row_no for row_no, _ in rejects(batch)] == [1, 2]
    assert nothing_is_in()


@pytest.mark.parametrize(
    ("content", "name", "error"),
    [
        (b"", "a.jsonl", "a.jsonl is empty (0 bytes)."),
        (b"prompt,completion\n", "a.csv", "The file holds no rows."),
        (b"prompt,completon\nq,a\n", "a.csv", "Column 'completon' is not known. Did you mean completion?"),
        (b"completion\na\n", "a.csv", "Column prompt or messages is missing."),
        (b'prompt,completion\nq,a\nq,"a', "a.csv", "Row 2 opens a quote that is never closed."),
        ("prompt\nq\n".encode("utf-16"), "a.csv", "a.csv is UTF-16 text (little-endian)."),
        (b"PAR1", "a.parquet", "The Parquet file cannot be read"),
    ],
)  # fmt: skip
def test_a_bad_file_fails_with_nothing_in(bring, content, name, error):
    batch = bring(content, name=name)
    assert batch.state == ImportBatch.State.FAILED
    assert batch.error.startswith(error)
    assert nothing_is_in()


def test_only_the_first_thousand_rejects_are_kept_but_all_are_counted(bring, lines):
    batch = bring(lines(TWO) + b"{\n" * 1200)
    assert batch.n_rejected == 1200
    assert batch.rejects.count() == 1000


def test_a_file_that_is_all_wrong_is_not_read_to_its_end(bring, monkeypatch):
    monkeypatch.setattr(services, "MAX_REFUSED_AT_START", 10)
    batch = bring(b"{\n" * 500)
    assert batch.state == ImportBatch.State.FAILED
    assert batch.n_rows_read == 10


def test_a_prompt_id_stands_for_one_text_within_a_file(bring, lines):
    batch = bring(
        lines(TWO, OTHER, {**OTHER, "prompt_id": "p1"}, {**OTHER, "prompt_id": "p1"})
    )
    assert rejects(batch) == [
        (3, "prompt_id 'p1' already stands for another text in row 1."),
        (4, "prompt_id 'p1' already stands for another text in row 1."),
    ]
    assert batch.n_prompts_new == 2


def test_a_prompt_id_stands_for_one_text_within_a_source(bring, lines, importer):
    bring(lines(TWO))
    changed = {**TWO, "prompt": "Changed?"}
    batch = bring(lines(changed, OTHER))
    assert rejects(batch) == [
        (1, "prompt_id 'p1' already stands for another text in this source."),
    ]
    assert not Completion.objects.filter(batch=batch, content="Sure.").exists()
    other = create_source(name="Other", created_by=importer)
    assert bring(lines(changed), into=other).n_rejected == 0


def test_a_completion_id_stands_for_one_text(bring, lines):
    changed = {**TWO, "completions": [{"completion_id": "c1", "content": "New."}]}
    within = bring(lines(TWO, changed))
    after = bring(lines(changed, OTHER))
    where = "completion_id 'c1' already stands for another text in "
    assert rejects(within) == [(2, where + "row 1.")]
    assert rejects(after) == [(1, where + "this source.")]


def test_only_contradictions_fail_the_file(bring, lines):
    bring(lines(TWO))
    batch = bring(lines({**TWO, "prompt": "Changed?"}))
    assert batch.state == ImportBatch.State.FAILED
    assert "already stands for another text in this source" in batch.error
    assert batch.rejects.count() == 1


def test_flat_csv_collects_the_completions_of_a_prompt(bring):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["prompt_id", "prompt", "completion_id", "completion", "model"])
    writer.writerow(["p1", "May I,\nreally?", "c1", "<b>Ask</b>", "m1"])
    writer.writerow(["p1", "May I,\nreally?", "c2", "Sure.", "m2"])
    writer.writerow(["", "", "c3", "No prompt", "m2"])
    batch = bring(text.getvalue().encode(), name="a.csv")
    assert (batch.n_prompts_new, batch.n_completions_new) == (1, 2)
    assert rejects(batch) == [(3, "The row has a completion but no prompt.")]
    assert Completion.objects.filter(content="<b>Ask</b>").exists()


def test_nested_parquet_means_the_same_as_json_lines(bring, lines):
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([TWO, OTHER]), sink)
    bring(sink.getvalue(), name="a.parquet")
    again = bring(lines(TWO, OTHER))
    assert (again.n_prompts_new, again.n_completions_new, again.n_known) == (0, 0, 2)


def test_a_failure_in_the_middle_leaves_nothing(begin, lines, uploads, monkeypatch):
    batch = begin(lines(TWO, OTHER))
    broken = staging._COMPLETIONS.replace("s.content,", "NULL,", 1)
    with monkeypatch.context() as patch:
        patch.setattr(staging, "_COMPLETIONS", broken)
        with pytest.raises(Exception, match="null value"):
            read_batch(batch=batch, directory=uploads)
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.READING
    assert nothing_is_in()
    assert not ModelVersion.objects.exists()
    # The job tries again.
    read_batch(batch=batch, directory=uploads)
    batch.refresh_from_db()
    assert (batch.state, batch.n_prompts_new) == (ImportBatch.State.DONE, 2)


def test_reading_a_finished_batch_again_changes_nothing_but_tells_again(
    bring, lines, uploads, django_capture_on_commit_callbacks, monkeypatch
):
    told = []
    monkeypatch.setattr(events, "_reactions", {BatchRead: (told.append,)})
    with django_capture_on_commit_callbacks(execute=True):
        batch = bring(lines(TWO))
    with django_capture_on_commit_callbacks(execute=True):
        read_batch(batch=batch, directory=uploads)
    assert told == [BatchRead(batch_id=batch.pk)] * 2
    assert Prompt.objects.count() == 1
    assert ImportReject.objects.count() == 0


def test_a_lost_upload_fails_the_batch_in_words(begin, lines, uploads):
    batch = begin(lines(TWO))
    (uploads / batch.file_sha256[:2] / batch.file_sha256).unlink()
    read_batch(batch=batch, directory=uploads)
    batch.refresh_from_db()
    assert batch.error == "The uploaded file is no longer there. Upload it again."


def test_odd_characters_never_reach_the_reject_table_raw(bring, lines):
    batch = bring(lines(TWO, {"\x00\ud800": 1}, {"prompt": "a\x00"}))
    assert rejects(batch) == [
        (2, "Column '\\x00\\ud800' is not known."),
        (3, "prompt holds U+0000 at character 2, which cannot be stored."),
    ]


def test_text_survives_copy_character_by_character(bring, lines):
    text = 'tab\there \\n \\. \\N {a,"b"} 💊 <script>alert(1)</script>\nend'
    bring(lines({"prompt": text, "completion": text, "metadata": {text: [text]}}))
    prompt = Prompt.objects.get()
    assert prompt.last_turn == text
    assert prompt.metadata == {text: [text]}
    assert prompt.completions.get().content == text


def test_the_shape_is_found_from_the_first_good_rows(tmp_path, lines):
    path = tmp_path / "a"
    path.write_bytes(b"{broken\n" + lines(TWO, OTHER))
    assert shape_of_file(path=path, file_name="a.jsonl").key == "consilium"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n', "The columns of a.jsonl fit no shape we know: 'a'."),
        (b"{broken\n", "No row could be taken, out of 1. Row 1: The line is not valid"),
        (b"", "a.jsonl is empty (0 bytes)."),
    ],
)
def test_a_shape_that_cannot_be_found_is_said_in_words(tmp_path, content, message):
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(FileRefused) as caught:
        shape_of_file(path=path, file_name="a.jsonl")
    assert caught.value.message.startswith(message)
