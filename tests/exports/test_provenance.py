"""Exported rows walk back: to prompt, model, guideline, raters, judgments, log."""

from datetime import timedelta
from uuid import UUID

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from exports.comparing import files_by_configuration, judgments_of, key_of
from exports.provenance import find_rows, walk_back
from feedback.accounts.models import Credential
from feedback.audit.models import AuditEvent
from feedback.rating.models import Judgment
from feedback.studies.models import Enrollment, Task
from tests.exports.conftest import Judged
from tests.review.conftest import make_scene, settle

N_ROWS = 50


def all_rows(folder):
    return [
        (configuration, row)
        for configuration, paths in files_by_configuration(folder).items()
        for path in paths
        for row in pq.read_table(path).to_pylist()
    ]


@pytest.fixture
def restored(shared, settings):
    """The module's snapshot, served from where it was written."""
    settings.EXPORT_DIR = shared[0].directory
    return shared[1]


def test_fifty_rows_walk_back_by_page_and_api(restored, folder, lead):
    rows = all_rows(folder)
    chosen = np.random.default_rng(5).permutation(len(rows))[:N_ROWS]
    assert len(chosen) == N_ROWS
    configurations = set()
    for number in chosen:
        configuration, row = rows[number]
        configurations.add(configuration)
        query = {"row": key_of(row), "configuration": configuration}
        answer = lead.get(reverse("api_row_provenance", args=[restored.uid]), query)
        assert answer.status_code == 200
        (walk,) = answer.json()["walks"][:1]
        assert walk["prompt"]["uid"] == row["prompt_uid"]
        assert walk["prompt"]["imported"]["license"] == "CC0-1.0"
        assert len(walk["prompt"]["imported"]["file_sha256"]) == 64
        uids = {one["uid"] for one in walk["judgments"]}
        assert uids == judgments_of(row)
        # A prompt without an answer to learn rests on no judgment.
        assert uids or configuration == "prompts"
        judged = Judgment.objects.in_bulk(uids, field_name="uid")
        for one in walk["judgments"]:
            stored = judged[UUID(one["uid"])]
            assert one["guideline_sha256"] == stored.guideline_version.content_sha256
            assert one["active_seconds"] == stored.active_seconds
            assert one["qualification"]["profession"] == "physician"
            assert one["qualification"]["tier"] == "general"
            assert len(one["rater"]) == 16
        assert all(c["model_version"] for c in walk["completions"])
        assert any(e["action"] == "snapshot.sealed" for e in walk["events"])
        page = lead.get(reverse("row_provenance", args=[restored.uid]), query)
        assert page.status_code == 200
        content = page.content.decode()
        for uid in uids | {row["prompt_uid"]}:
            assert uid in content
    assert len(configurations) > 2


def test_an_engineer_meets_no_name(restored, folder, engineer, lead):
    rows = all_rows(folder)
    configuration, row = next(r for r in rows if r[0] == "preference")
    query = {"row": key_of(row), "configuration": configuration}
    names = ("Rater 0", "Rater 1", "Lena Lead")
    for route in ("row_provenance", "api_row_provenance"):
        url = reverse(route, args=[restored.uid])
        theirs, ours = engineer.get(url, query), lead.get(url, query)
        assert theirs.status_code == ours.status_code == 200
        walked = (
            theirs.content.decode().partition("<main")[2] or theirs.content.decode()
        )
        assert not any(f"({name})" in walked for name in names)
        assert '"rater_name": "Rater' not in walked
        assert "Rater 0" in ours.content.decode() or "Rater 1" in ours.content.decode()
    looked = AuditEvent.objects.filter(action="snapshot.row_walked_back")
    assert {e.details["with_names"] for e in looked} == {True, False}


def test_a_row_in_several_configurations_is_asked_about(restored, folder, lead):
    rows = all_rows(folder)
    uid = next(row["judgment_uid"] for name, row in rows if name == "ratings")
    found = find_rows(folder, uid)
    assert {one.configuration for one in found} >= {"ratings"}
    page = lead.get(reverse("row_provenance", args=[restored.uid]), {"row": uid})
    assert page.status_code == 200
    api = lead.get(reverse("api_row_provenance", args=[restored.uid]), {"row": uid})
    assert len(api.json()["walks"]) == len(found)


def test_what_is_not_there_is_said(restored, lead):
    page = lead.get(reverse("row_provenance", args=[restored.uid]), {"row": "nothing"})
    assert page.status_code == 404
    assert b"has no row of this name" in page.content
    url = reverse("api_row_provenance", args=[restored.uid])
    for query, status in (({}, 422), ({"row": "x"}, 404), ({"rows": "x"}, 422)):
        answer = lead.get(url, query)
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
    bare = lead.get(reverse("row_provenance", args=[restored.uid]))
    assert bare.status_code == 200


def test_qualifications_are_those_of_then(judged):
    """What came later, or had run out, does not qualify an earlier judgment."""
    rater = judged.raters[0]
    first = Judgment.objects.filter(rater=rater).earliest("created_at").created_at
    lead = judged.study.created_by
    made = {
        "Valid": {},
        "Run out": {"valid_until": (first - timedelta(days=400)).date()},
        "Checked": {"checked_at": first, "checked_by": lead},
    }
    for title, fields in made.items():
        one = Credential(rater=rater, kind="license", title=title, **fields)
        one.save()
    # Birthdays are the database's; these were noted a while before.
    Credential.objects.filter(rater=rater).exclude(title="Checked").update(
        created_at=first - timedelta(days=500)
    )
    Enrollment.objects.filter(study=judged.study, user=rater.user).update(
        tier=Enrollment.Tier.SPECIALIST
    )
    snapshot = judged.seal()
    folder = judged.folder(snapshot)
    judgment = Judgment.objects.filter(
        rater=rater, outcome="answered", task__kind=Task.Kind.SINGLE
    ).first()
    found = find_rows(folder, str(judgment.uid), configuration="ratings")
    assert found, "the rater's rating is exported"
    walk = walk_back(snapshot, found[0], with_names=True)
    (one,) = walk.judgments
    assert one.qualification.credentials == ("Valid (not checked)",)
    assert one.qualification.n_golds == 0
    assert one.qualification.gold_accuracy is None
    assert one.rater_name == rater.user.name


def test_a_verdict_is_walked_back_with_its_evidence(db, settings):
    scene = make_scene()
    settle(scene)
    judged = Judged(scene.study, scene.raters, settings.EXPORT_DIR)
    snapshot = judged.seal()
    _name, row = next(r for r in all_rows(judged.folder(snapshot)) if r[0] == "ratings")
    (found,) = find_rows(
        judged.folder(snapshot), row["judgment_uid"], configuration="ratings"
    )
    walk = walk_back(snapshot, found, with_names=True)
    (verdict,) = walk.verdicts
    assert verdict.decided_by == "Ana Adjudicator"
    assert "section 4" in verdict.evidence[0]
    assert any(event.action.startswith("case.") for event in walk.events)
    assert walk_back(snapshot, found, with_names=False).verdicts[0].decided_by == ""
