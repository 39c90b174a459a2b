"""Webhooks: who is told what, signed, once, and tried again until it is taken."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.urls import reverse

from exports.catching_up import catch_up
from exports.models import WebhookDelivery, WebhookEndpoint
from exports.webhooks import add_endpoint, end_endpoint, ping, secret_of, tell_news
from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.http import Reach
from feedback.jobs.models import Job
from feedback.jobs.services import MAX_ATTEMPTS, run_job
from tests.exports.local_web import make_certificate, tls_server
from tests.exports.released import make_release

HERE = ("localhost",)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def web(certificate, monkeypatch, settings):
    settings.PRIVATE_HOSTS = HERE
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with tls_server(certificate[1]) as server:
        yield server


@pytest.fixture
def endpoint(judged, web):
    return add_endpoint(
        study=judged.study,
        url=f"{web.url}/hook",
        actor=judged.study.created_by,
        reach=Reach(inside=HERE),
    )


def job_of(delivery):
    return Job.objects.get(kind=WebhookDelivery.SEND_JOB, subject_id=delivery.pk)


def attempt(delivery):
    """Run the job now, however long it should still wait."""
    job = job_of(delivery)
    Job.objects.filter(pk=job.pk).update(due_at=clock.now() - timedelta(seconds=1))
    ran = run_job(job_id=job.pk)
    delivery.refresh_from_db()
    return ran


def page(study):
    return reverse("webhook_list", args=[study.uid])


def test_the_receiver_can_check_who_sent_it_and_when(endpoint, web):
    delivery = ping(endpoint)
    assert attempt(delivery)
    ((path, headers, body),) = web.asked
    assert path == "/hook"
    signed = headers["X-Consilium-Timestamp"].encode() + b"." + body
    mac = hmac.new(secret_of(endpoint).encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Consilium-Signature"] == f"sha256={mac}"
    assert headers["Idempotency-Key"] == str(delivery.uid)
    told = json.loads(body)
    assert (told["id"], told["type"]) == (str(delivery.uid), "ping")
    assert delivery.delivered_at is not None
    assert delivery.last_status == 200


def test_a_delivery_is_sent_once_however_often_its_job_runs(endpoint, web):
    delivery = ping(endpoint)
    attempt(delivery)
    Job.objects.update(state=Job.State.WAITING)
    attempt(delivery)
    assert len(web.asked) == 1


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_is_not_taken_is_tried_again_with_the_same_id(endpoint, web, status):
    delivery = ping(endpoint)
    web.status = status
    assert not attempt(delivery)
    assert (delivery.n_attempts, delivery.last_status) == (1, status)
    job = job_of(delivery)
    assert job.state == Job.State.WAITING
    assert job.due_at > clock.now()
    web.status = 204
    assert attempt(delivery)
    (first, second) = web.asked
    assert first[2] == second[2]
    assert first[1]["Idempotency-Key"] == second[1]["Idempotency-Key"]
    assert delivery.last_error == ""


def test_after_five_attempts_a_person_decides(endpoint, web, judged, lead):
    delivery = ping(endpoint)
    web.status = 503
    for _ in range(MAX_ATTEMPTS):
        attempt(delivery)
    assert job_of(delivery).state == Job.State.DEAD
    shown = lead.get(page(judged.study)).content.decode()
    assert "Given up" in shown
    assert "It answered 503." in shown
    web.status = 200
    again = reverse("webhook_again", args=[delivery.uid])
    assert lead.post(again).status_code == 302
    assert attempt(delivery)
    assert "Delivered" in lead.get(page(judged.study)).content.decode()
    assert lead.post(again).status_code == 409


def test_an_endpoint_that_ended_gets_nothing_that_still_waited(endpoint, web, judged):
    delivery = ping(endpoint)
    end_endpoint(endpoint=endpoint, actor=judged.study.created_by, now=clock.now())
    assert attempt(delivery)
    assert web.asked == []


def test_an_address_that_moved_inside_is_refused_at_every_attempt(
    endpoint, web, settings
):
    settings.PRIVATE_HOSTS = ()
    delivery = ping(endpoint)
    assert not attempt(delivery)
    assert "leads to an address inside" in delivery.last_error
    assert web.asked == []


def test_a_release_is_told_once(judged, endpoint):
    release = make_release(judged, judged.seal())
    tell_news(judged.study)
    catch_up(now=clock.now(), app_version="0.0.1")
    delivery = WebhookDelivery.objects.get()
    assert delivery.kind == "release.published"
    assert delivery.body["version"] == release.version
    assert delivery.body["manifest_sha256"] == release.manifest_sha256


def test_what_came_out_before_it_listened_is_not_told(judged, web):
    make_release(judged, judged.seal())
    add_endpoint(
        study=judged.study,
        url=f"{web.url}/late",
        actor=judged.study.created_by,
        reach=Reach(inside=HERE),
    )
    WebhookEndpoint.objects.update(created_at=clock.now())
    assert tell_news(judged.study) == []


def test_the_page_shows_the_secret_once(judged, lead, web):
    answer = lead.post(page(judged.study), {"url": f"{web.url}/hook"})
    endpoint = WebhookEndpoint.objects.get()
    assert secret_of(endpoint) in answer.content.decode()
    assert secret_of(endpoint) not in lead.get(page(judged.study)).content.decode()
    rows = [repr(vars(event)) for event in AuditEvent.objects.all()]
    assert not [row for row in rows if secret_of(endpoint) in row]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "https://127.0.0.1/hook",
        "https://169.254.169.254/",
        "https://user:secret@example.org/",
        "nothing",
        "",
    ],
)
def test_an_address_that_may_not_be_called_is_refused(judged, lead, url):
    answer = lead.post(page(judged.study), {"url": url})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"url"}
    assert not WebhookEndpoint.objects.exists()


def test_one_address_is_told_once(judged, endpoint, lead):
    answer = lead.post(page(judged.study), {"url": endpoint.url})
    assert answer.status_code == 422
    assert "already" in answer.content.decode()


def test_a_new_endpoint_has_a_new_secret(judged, endpoint):
    end_endpoint(endpoint=endpoint, actor=judged.study.created_by, now=clock.now())
    second = add_endpoint(
        study=judged.study,
        url=endpoint.url,
        actor=judged.study.created_by,
        reach=Reach(inside=HERE),
    )
    assert secret_of(second) != secret_of(endpoint)
