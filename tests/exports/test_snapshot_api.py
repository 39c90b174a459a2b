"""The same snapshots for machines."""

import pytest
from django.urls import reverse

from exports.schemas import CONFIGURATIONS
from tests.exports.conftest import body

LIST = "/api/v1/snapshots/"


@pytest.fixture
def snapshot(judged):
    return judged.seal()


def test_the_list_names_what_the_person_may_pull(judged, snapshot, engineer):
    later = judged.seal()
    answer = engineer.get(LIST).json()
    assert [row["uid"] for row in answer["results"]] == [
        str(later.uid),
        str(snapshot.uid),
    ]
    row = answer["results"][1]
    assert (row["number"], row["state"]) == (1, "sealed")
    assert row["study"] == str(judged.study.uid)
    assert row["manifest_sha256"] == snapshot.manifest_sha256
    assert engineer.get(row["url"]).json()["uid"] == row["uid"]


def test_the_list_is_filtered_by_what_is_on_the_list_only(judged, snapshot, engineer):
    def found(**query):
        return len(engineer.get(LIST, query).json()["results"])

    assert found(study=str(judged.study.uid), state="sealed") == 1
    assert found(state="failed") == 0
    for query in ({"state": "gone"}, {"study": "x"}, {"study__name": "x"}):
        answer = engineer.get(LIST, query)
        assert answer.status_code == 422
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["next_step"]


def test_the_details_say_how_to_pull_and_what_was_kept_out(snapshot, engineer):
    row = engineer.get(reverse("api_snapshot_detail", args=[snapshot.uid])).json()
    # Nobody tells of tools, and nothing of it is left out but what has no rows.
    assert set(row["configurations"]) == set(CONFIGURATIONS) - {"sft_tools"}
    assert row["rules"] == snapshot.rules
    assert row["contract"] == snapshot.contract
    assert {f["path"]: f["sha256"] for f in row["files"]} == dict(
        snapshot.files.values_list("path", "sha256")
    )
    for url in (row["files"][0]["url"], row["archive"]):
        answer = engineer.get(url)
        if answer.streaming:
            body(answer)
        assert answer.status_code == 200
    assert "salt" not in row


def test_what_is_not_there_is_a_problem_in_json(engineer):
    uid = "00000000-0000-4000-8000-000000000000"
    answer = engineer.get(f"{LIST}{uid}/")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_nothing_is_changed_by_machines(snapshot, lead):
    url = reverse("api_snapshot_detail", args=[snapshot.uid])
    for method in (lead.post, lead.put, lead.patch, lead.delete):
        assert method(url).status_code == 405
