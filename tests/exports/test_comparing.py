"""What changed between two snapshots, row by row, in flat memory."""

import tracemalloc
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.comparing import Change, Kind, changes, shape_change, shape_of
from exports.comparisons import compute_comparison, request_comparison
from exports.models import Comparison
from exports.versions import Level, Version, propose
from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.rating.answers import Answer, scores
from feedback.rating.models import Judgment
from feedback.rating.services import revise_judgment
from feedback.rating.shown import shown_of
from feedback.studies.models import Task

SCHEMA = pa.schema(
    [
        ("example_id", pa.string()),
        ("judgment_uids", pa.list_(pa.string())),
        ("text", pa.string()),
    ]
)


def write(folder, rows, name="sft", schema=SCHEMA):
    (folder / name).mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(
        [
            {"example_id": key, "judgment_uids": [f"j-{key}"], "text": text}
            for key, text in rows.items()
        ],
        schema=schema,
    )
    pq.write_table(table, folder / name / "train-00000-of-00001.parquet")
    return folder


ROWS = st.dictionaries(st.text("abcde", min_size=1, max_size=2), st.text("xy"))


@given(old=ROWS, new=ROWS)
def test_every_row_is_told_once_and_rightly(tmp_path_factory, old, new):
    place = tmp_path_factory.mktemp("rows")
    older, newer = write(place / "old", old), write(place / "new", new)
    found = {(one.example_id, one.kind) for one in changes(older, newer)}
    expected = {(k, Kind.ADDED) for k in new.keys() - old.keys()}
    expected |= {(k, Kind.WITHDRAWN) for k in old.keys() - new.keys()}
    expected |= {(k, Kind.CHANGED) for k in old.keys() & new.keys() if old[k] != new[k]}
    assert found == expected


def test_many_buckets_say_the_same_as_one(tmp_path, monkeypatch):
    old = {f"row {n}": "a" for n in range(300)}
    new = {f"row {n}": "b" if n % 3 else "a" for n in range(100, 400)}
    older, newer = write(tmp_path / "old", old), write(tmp_path / "new", new)
    together = set(changes(older, newer))
    monkeypatch.setattr("exports.comparing._ROWS_A_BUCKET", 10)
    apart = set(changes(older, newer))
    assert apart == together
    assert len(apart) == 100 + 100 + sum(bool(n % 3) for n in range(100, 300))


def test_memory_stays_flat(tmp_path, monkeypatch):
    monkeypatch.setattr("exports.comparing._ROWS_A_BUCKET", 200)

    def peak(n_rows):
        rows = {f"row {n}": "long text " * 20 for n in range(n_rows)}
        place = tmp_path / str(n_rows)
        older, newer = write(place / "old", rows), write(place / "new", rows)
        del rows
        tracemalloc.start()
        assert list(changes(older, newer)) == []
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    small, large = peak(5_000), peak(20_000)
    assert large < 1.5 * small


def test_shapes_tell_what_breaks(tmp_path):
    wide = SCHEMA.append(pa.field("score", pa.float64()))
    other = pa.schema([SCHEMA.field(0), SCHEMA.field(1), ("text", pa.large_string())])
    plain = shape_of(write(tmp_path / "plain", {"a": "x"}))
    wider = shape_of(write(tmp_path / "wide", {"a": "x"}, schema=wide))
    changed = shape_of(write(tmp_path / "other", {"a": "x"}, schema=other))
    more = shape_of(write(tmp_path / "plain", {"a": "x"}, name="kto"))
    assert shape_change(plain, wider).columns_added == ("sft.score",)
    assert shape_change(wider, plain).columns_removed == ("sft.score",)
    assert shape_change(plain, changed).columns_changed == ("sft.text",)
    assert shape_change(plain, more).added == ("kto",)
    assert shape_change(more, plain).removed == ("kto",)
    assert shape_change(wider, plain).breaks
    assert not shape_change(plain, more).breaks
    assert shape_change(plain, more).extends


def result(*, shape=(), **counts):
    names = ("added", "removed", "columns_added", "columns_removed", "columns_changed")
    zero = dict.fromkeys(
        ("added", "withdrawn", "adjudicated", "revised", "otherwise"), 0
    )
    return {
        "shape": {name: [] for name in names} | dict(shape),
        "configurations": {"sft": zero | counts},
    }


@pytest.mark.parametrize(
    ("found", "level", "version"),
    [
        (result(shape={"removed": ["kto"]}, added=3), Level.MAJOR, "2.0.0"),
        (result(shape={"columns_removed": ["sft.x"]}), Level.MAJOR, "2.0.0"),
        (result(shape={"columns_changed": ["sft.x"]}), Level.MAJOR, "2.0.0"),
        (result(shape={"added": ["kto"]}), Level.MINOR, "1.3.0"),
        (result(shape={"columns_added": ["sft.x"]}), Level.MINOR, "1.3.0"),
        (result(added=1, withdrawn=2), Level.MINOR, "1.3.0"),
        (result(withdrawn=2), Level.PATCH, "1.2.4"),
        (result(adjudicated=1), Level.PATCH, "1.2.4"),
        (result(), Level.PATCH, "1.2.4"),
    ],
)
def test_the_difference_calls_for_a_version(found, level, version):
    proposal = propose(newest=Version(1, 2, 3), result=found)
    assert (proposal.level, str(proposal.version)) == (level, version)
    assert proposal.reasons


def compare(judged, older, newer):
    comparison = request_comparison(snapshot=newer, older=older)
    return compute_comparison(comparison=comparison, directory=judged.directory)


def test_two_snapshots_of_the_same_judgments_do_not_differ(judged):
    """Though pseudonyms, and so the bytes of the raw files, are drawn anew."""
    older, newer = judged.seal(), judged.seal()
    found = compare(judged, older, newer).result
    assert found["configurations"]
    for part in found["configurations"].values():
        assert part["examples"] == {}
        assert part["before"] == part["after"]


def test_revised_rows_are_told_from_withdrawn_ones(judged):
    older = judged.seal()
    judgment = (
        Judgment.objects.filter(study=judged.study, task__kind=Task.Kind.SINGLE)
        .filter(ratings__value=5, outcome="answered", safety_flags=None)
        .latest("pk")
    )
    shown = shown_of(judgment.assignment)
    revise_judgment(
        judgment=judgment,
        answer=Answer(ratings=scores(correctness=5, tone=5, safety=5)),
        shown=shown,
        idempotency_key=uuid.uuid4(),
        shown_sha256_seen=shown.sha256,
        active_seconds=5,
        now=clock.now(),
    )
    gone = Judgment.objects.filter(study=judged.study, task__kind=Task.Kind.PAIR)[0]
    Task.objects.filter(pk=gone.task_id).update(state="withdrawn")
    found = compare(judged, older, judged.seal()).result["configurations"]
    assert sum(part["revised"] for part in found.values()) > 0
    assert sum(part["withdrawn"] for part in found.values()) > 0
    # Raw rows are named by their judgment, and a revision is another judgment.
    assert str(judgment.uid) in found["ratings"]["examples"]["withdrawn"]


def test_only_two_sealed_snapshots_of_one_study_are_compared(judged):
    sealed = judged.seal()
    with pytest.raises(Invalid, match="Two different snapshots"):
        request_comparison(snapshot=sealed, older=sealed)
    with pytest.raises(Conflict, match="not sealed"):
        request_comparison(snapshot=sealed, older=judged.request())
    assert not Comparison.objects.exists()


def test_a_lost_folder_is_said_and_can_be_made_up_for(judged):
    older, newer = judged.seal(), judged.seal()
    sums = judged.folder(older) / "SHA256SUMS"
    content = sums.read_bytes()
    sums.unlink()
    comparison = compare(judged, older, newer)
    assert "not on the server" in comparison.error
    assert comparison.computed_at is None
    sums.write_bytes(content)
    again = compute_comparison(comparison=comparison, directory=judged.directory)
    assert again.computed_at
    assert again.error == ""


def test_a_change_names_its_judgments(tmp_path):
    older = write(tmp_path / "old", {"a": "x"})
    newer = write(tmp_path / "new", {"a": "y"})
    same = frozenset({"j-a"})
    assert list(changes(older, newer)) == [Change("sft", "a", Kind.CHANGED, same, same)]
