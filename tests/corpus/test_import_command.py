"""`manage.py import_prompts`: the same import from a shell."""

import pytest
from django.core.management import CommandError, call_command

from feedback.accounts.services import create_user
from feedback.audit.models import AuditEvent
from feedback.corpus.models import ImportBatch, Prompt, Source
from feedback.jobs.models import Job
from feedback.studies.services import create_study
from rlhf_site import wiring

pytestmark = pytest.mark.django_db

GOOD = b'{"prompt": "q", "completion": "a"}\n'


@pytest.fixture
def study(importer):
    return create_study(name="Chat safety", created_by=importer)


@pytest.fixture
def run(settings, tmp_path, capsys):
    """Write a file and import it; returns what was printed."""
    settings.UPLOAD_DIR = tmp_path / "uploads"
    wiring.install()

    def run(content, *arguments, name="rows.jsonl"):
        path = tmp_path / name
        path.write_bytes(content)
        call_command("import_prompts", path, *arguments)
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("by", ["name", "uid"])
def test_a_file_is_in_when_the_command_returns(run, study, by):
    out = run(GOOD, "--study", str(getattr(study, by)), "--license", "CC0")
    assert "as Consilium columns into source 'rows.jsonl'" in out
    assert "1 rows read: 1 prompts and 1 completions are new" in out
    source = Source.objects.get()
    assert (source.name, source.license) == ("rows.jsonl", "CC0")
    assert list(study.sources.all()) == [source]
    assert Job.objects.get(kind=ImportBatch.READ_JOB).state == Job.State.DONE


def test_the_same_file_twice_says_so(run, study):
    run(GOOD, "--study", study.name)
    out = run(GOOD, "--study", study.name)
    assert "0 prompts and 0 completions are new, 1 rows brought nothing new" in out
    assert Source.objects.count() == 1


def test_bad_rows_do_not_fail_the_command(run, study):
    content = GOOD + b'{"prompt": "r"}\n{"promt": "q"}\n{broken\n'
    assert "2 were refused" in run(content, "--study", study.name)


def test_the_person_named_is_audited(run, study):
    other = create_user(email="other@example.org", name="Other")
    run(GOOD, "--study", study.name, "--as", "Other@example.org")
    assert AuditEvent.objects.get(action="import.started").actor == other
    assert AuditEvent.objects.get(action="import.done").actor == other


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (GOOD, ["--study", "Nope"], "No study is called 'Nope'. There are: 'Chat safety'."),
        (GOOD, ["--study", "Chat safety", "--as", "x@y.org"], "Nobody active has the address 'x@y.org'."),
        (b"", ["--study", "Chat safety"], "rows.jsonl is empty (0 bytes)."),
        (b'{"a": 1}\n', ["--study", "Chat safety"], "The columns of rows.jsonl fit no shape we know: 'a'."),
        (b'{"a": 1}\n', ["--study", "Chat safety", "--shape", "kqa"], "No row could be taken, out of 1."),
    ],
)  # fmt: skip
def test_what_fails_says_why_and_brings_nothing(
    run, study, content, arguments, message
):
    with pytest.raises(CommandError) as caught:
        run(content, *arguments)
    assert str(caught.value).startswith(message)
    assert not Prompt.objects.exists()


def test_a_file_that_is_not_there_is_named(study, tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("import_prompts", tmp_path / "none", "--study", study.name)


def test_a_file_above_the_limit_is_refused(run, study, settings):
    settings.MAX_IMPORT_BYTES = 10
    with pytest.raises(CommandError, match="larger than 10 bytes"):
        run(GOOD, "--study", study.name)


def test_a_failure_on_the_way_is_told_and_tried_again(run, study, monkeypatch):
    monkeypatch.setattr("feedback.corpus.staging._PROMPTS", "SELECT 1/0")
    with pytest.raises(CommandError, match="a worker will try again"):
        run(GOOD, "--study", study.name)
    assert Job.objects.get(kind=ImportBatch.READ_JOB).state == Job.State.WAITING
