"""The import page and the batch page: who may, what they say, what they refuse."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from feedback.accounts.permissions import Role
from feedback.accounts.services import create_user
from feedback.corpus.models import ImportBatch, Prompt, Source
from feedback.corpus.services import read_batch
from feedback.jobs.models import Job
from feedback.studies.services import create_study, enroll

pytestmark = pytest.mark.django_db

GOOD = b'{"prompt": "q", "completion": "a"}\n'


@pytest.fixture
def study(importer):
    return create_study(name="Chat safety", created_by=importer)


@pytest.fixture
def form_url(study):
    return reverse("batch_create", args=[study.uid])


@pytest.fixture
def lead(client, importer, settings, uploads):
    """A client signed in as the study's lead."""
    settings.UPLOAD_DIR = uploads
    client.force_login(importer)
    return client


@pytest.fixture
def send(lead, form_url):
    def send(content=GOOD, *, name="rows.jsonl", **fields):
        file = SimpleUploadedFile(name, content)
        return lead.post(form_url, {"file": file, **fields})

    return send


@pytest.fixture
def read(uploads):
    def read():
        batch = ImportBatch.objects.latest("pk")
        read_batch(batch=batch, directory=uploads)
        batch.refresh_from_db()
        return batch

    return read


def page_of(batch):
    return reverse("batch_detail", args=[batch.uid])


def test_the_form_names_every_shape(lead, form_url):
    page = lead.get(form_url)
    assert page.status_code == 200
    for label in ImportBatch.Shape.labels:
        assert label in page.content.decode()


def test_an_upload_leads_to_its_batch_and_a_job(send, study, importer):
    answer = send(source_name="Log 1", license="CC0", attribution="Us")
    batch = ImportBatch.objects.get()
    assert answer.status_code == 302
    assert answer.url == page_of(batch)
    assert (batch.shape, batch.file_name) == ("consilium", "rows.jsonl")
    assert batch.imported_by == importer
    source = Source.objects.get()
    assert (source.name, source.license, source.attribution) == ("Log 1", "CC0", "Us")
    assert study.sources.get() == source
    assert Job.objects.get().kind == ImportBatch.READ_JOB


def test_the_same_source_name_adds_to_the_same_source(send):
    send(source_name="Log")
    send(source_name="Log", name="second.jsonl")
    send(source_name="Other")
    assert Source.objects.count() == 2


def test_a_large_file_passes_through_the_disk(send, read):
    rows = b"".join(b'{"prompt": "question %d"}\n' % n for n in range(60_000))
    assert len(rows) > 1024 * 1024
    assert send(rows).status_code == 302
    assert read().n_prompts_new == 60_000


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        (b"", {}, "The file is empty (0 bytes)."),
        (b"  \n", {}, "rows.jsonl is only blank space."),
        ("q".encode("utf-16"), {}, "rows.jsonl is UTF-16 text"),
        (b'{"a": 1}\n', {}, "The columns of rows.jsonl fit no shape we know"),
        (GOOD, {"shape": "nope"}, "Select a valid choice."),
        (GOOD, {"source_name": "x" * 201}, "at most 200 characters"),
    ],
)
def test_what_cannot_be_read_is_said_at_the_form(send, content, fields, message):
    page = send(content, **fields)
    assert page.status_code == 422
    assert message in page.content.decode()
    assert not ImportBatch.objects.exists()


def test_a_form_without_a_file_is_refused(lead, form_url):
    page = lead.post(form_url, {"source_name": "x"})
    assert page.status_code == 422
    assert "Choose a file." in page.content.decode()


def test_a_file_above_the_limit_is_refused_before_it_is_stored(send, settings, uploads):
    settings.MAX_IMPORT_BYTES = 1000
    page = send(b"x" * 100_000)
    assert page.status_code == 413
    assert "The file is larger than 1,000 bytes" in page.content.decode()
    assert not uploads.exists()


def test_a_file_just_above_the_limit_is_refused_too(send, settings):
    settings.MAX_IMPORT_BYTES = len(GOOD) - 1
    assert send().status_code == 413
    settings.MAX_IMPORT_BYTES = len(GOOD)
    assert send().status_code == 302


def test_the_page_asks_again_until_the_batch_is_final(lead, send, read):
    url = send().url
    waiting = lead.get(url, headers={"HX-Request": "true"})
    assert "hx-trigger" in waiting.content.decode()
    assert "<html" not in waiting.content.decode()
    assert "HX-Request" in waiting["Vary"]
    read()
    final = lead.get(url, headers={"HX-Request": "true"})
    assert 'id="batch"' in final.content.decode()
    assert "hx-trigger" not in final.content.decode()


def test_rejects_are_listed_as_text(lead, send, read):
    url = send(GOOD + b'{"<b>x</b>": 1}\n' + GOOD.replace(b"q", b"r")).url
    batch = read()
    assert batch.n_rejected == 1
    page = lead.get(url).content.decode()
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x</b>" not in page


def test_a_second_time_says_that_nothing_is_new(lead, send, read):
    send(source_name="Log")
    read()
    url = send(source_name="Log").url
    assert read().brought_nothing
    assert "nothing new" in lead.get(url).content.decode().lower()


def test_a_failed_batch_says_why(lead, send, read):
    url = send(b'{"promt": "q"}\n', shape="consilium").url
    batch = read()
    assert batch.state == ImportBatch.State.FAILED
    page = lead.get(url).content.decode()
    assert "Did you mean prompt?" in page
    assert not Prompt.objects.exists()


def test_reading_that_was_given_up_is_said(lead, send):
    url = send().url
    Job.objects.update(state=Job.State.DEAD)
    page = lead.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in page
    assert "administrator" in page


@pytest.mark.parametrize(
    "role", [Role.RATER, Role.SAFETY_REVIEWER, Role.ML_ENGINEER, Role.AUDITOR]
)
def test_other_roles_of_the_study_find_nothing(client, study, send, form_url, role):
    url = send().url
    person = create_user(email="other@example.org", name="Other")
    enroll(study=study, user=person, role=role)
    client.force_login(person)
    assert client.get(form_url).status_code == 404
    assert client.post(form_url, {}).status_code == 404
    assert client.get(url).status_code == 404


def test_the_lead_of_another_study_finds_nothing(client, send, form_url):
    url = send().url
    person = create_user(email="other@example.org", name="Other")
    create_study(name="Elsewhere", created_by=person)
    client.force_login(person)
    assert client.get(form_url).status_code == 404
    assert client.get(url).status_code == 404


def test_nobody_comes_in_without_signing_in(client, form_url):
    answer = client.get(form_url)
    assert answer.status_code == 302
    assert "/sign-in/" in answer.url
