"""Rows that must not change refuse to, by every way there is into the database."""

import json

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from exports.models import (
    Comparison,
    ConsentWithdrawal,
    SnapshotRequest,
    SnapshotSchedule,
    SnapshotVerdict,
    Tombstone,
)
from exports.rules import Rules
from exports.schedules import set_schedule
from exports.services import request_snapshot
from feedback.accounts.models import Credential
from feedback.common import clock
from feedback.common.guards import AppendOnly, NoLateChild, NoTruncate
from feedback.corpus.services import create_source, read_batch, start_import
from feedback.corpus.uploads import store_upload
from feedback.quality.epochs import epochs_of
from feedback.quality.models import Report
from feedback.quality.services import report_of
from feedback.rating.answers import (
    Answer,
    FlagDraft,
    MarkDraft,
    Place,
    Value,
    scores,
)
from feedback.rating.checks import VERDICTS
from feedback.rating.models import Judgment
from feedback.rating.shown import shown_of
from feedback.studies.assignment import assign_next
from feedback.studies.guidelines import acknowledge
from feedback.studies.models import (
    ChangeRequest,
    Disclosure,
    GoldItem,
    GuidelineVersion,
    Invitation,
    Task,
    TaskForm,
)
from feedback.studies.questions import reply
from tests import builders
from tests.rating.everything import FORMS, make_everything
from tests.review.conftest import make_scene, settle

OURS = {
    "accounts", "audit", "jobs", "corpus", "studies", "rating", "quality", "review",
    "exports",
}  # fmt: skip

# What kind of table each is (architecture, section 4). A new table needs a line.
KINDS = {
    "said": {
        "audit.AuditEvent",
        "corpus.ImportReject",
        "corpus.CasePoint",
        "corpus.IdentityScan",
        "corpus.Prompt",
        "corpus.Completion",
        "exports.EvaluationGrams",
        "exports.SigningKey",
        "exports.Signoff",
        "exports.Tombstone",
        "exports.SnapshotRequest",
        # Computed, and as final as what was said.
        "quality.Report",
        "rating.Judgment",
        "rating.CriterionRating",
        "rating.Preference",
        "rating.Correction",
        "rating.SafetyFlag",
        "rating.SpanMark",
        "rating.SpanRelation",
        "rating.PointVerdict",
        "rating.Reveal",
        "review.Adjudication",
        "review.AdjudicationEvidence",
        "exports.ConsentWithdrawal",
        "studies.Disclosure",
        "studies.GuidelineAcknowledgment",
        "studies.Question",
        "studies.Reply",
    },
    "sealed": {
        "studies.GuidelineVersion",
        "studies.Criterion",
        "studies.SpanLabel",
        "studies.TaskForm",
        "exports.Snapshot",
        "exports.SnapshotMember",
        "exports.SnapshotRater",
        "exports.SnapshotExclusion",
        "exports.SnapshotVerdict",
        "exports.ExportFile",
        "exports.SnapshotOverlap",
        "exports.Comparison",
        "exports.Release",
    },
    "state, with a history": {
        "accounts.User",
        "accounts.Rater",
        "accounts.Credential",
        "accounts.ApiToken",
        "corpus.Source",
        "corpus.ImportBatch",
        "exports.EvaluationSet",
        "exports.SnapshotSchedule",
        "exports.WebhookEndpoint",
        "review.AdjudicationCase",
        "review.EvidenceEdition",
        "review.EvidenceSource",
        "studies.ChangeRequest",
        "studies.GoldItem",
        "studies.Invitation",
        "studies.Study",
        "studies.StudySource",
        "studies.Enrollment",
        "studies.Assignment",
    },
    # Their changes are either told by other rows (tasks, slots) or mean nothing later.
    "state": {
        "accounts.KeySettings",
        "rating.Draft",
        "accounts.SignInLink",
        # Each tells one thing that happens once, and the log says so as well.
        "exports.DownloadLink",
        "exports.Push",
        "exports.WebhookDelivery",
        "jobs.Job",
        "exports.ReleaseWatch",
        "corpus.ModelVersion",
        "studies.Task",
        "studies.TaskItem",
        "studies.Slot",
    },
}


def tables(*, histories=False):
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in OURS
        and hasattr(model, "pgh_tracked_model") is histories
    ]


def triggers(model, *kinds):
    return [t for t in getattr(model._meta, "triggers", []) if isinstance(t, kinds)]


def of_kind(*kinds):
    labels = {label for kind in kinds for label in KINDS[kind]}
    return [pytest.param(apps.get_model(label), id=label) for label in sorted(labels)]


def test_every_table_is_of_a_kind():
    listed = [label for labels in KINDS.values() for label in labels]
    assert sorted(listed) == sorted(model._meta.label for model in tables())


def test_every_kind_is_declared_as_such():
    histories = {m.pgh_tracked_model._meta.label for m in tables(histories=True)}
    for model in tables():
        label = model._meta.label
        is_said = bool(triggers(model, AppendOnly) and triggers(model, NoTruncate))
        assert is_said is (label in KINDS["said"]), label
        if label in KINDS["state, with a history"]:
            assert label in histories, label


@pytest.fixture(scope="module")
def full_world(shared_world, django_db_blocker, tmp_path_factory):
    """The world, with a row in each table of things said."""
    with django_db_blocker.unblock():
        study = builders.make_study(n_prompts=1, overlap=1)
        rater = builders.make_rater(study)
        builders.judge_all(
            study,
            rater,
            single=Answer(
                ratings=builders.GOOD.ratings,
                flag=FlagDraft(category="bias", severity="mild", rationale="Tone."),
            ),
            pair=Answer(outcome="neither", corrections={0: "Ask your doctor."}),
        )
        directory = tmp_path_factory.mktemp("uploads")
        rows = [{"prompt": "q", "completion": "a"}, {"prompt": ""}]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        batch = start_import(
            source=create_source(name="Log", created_by=study.created_by),
            shape="consilium",
            file_name="rows.jsonl",
            stored=store_upload(chunks=[content], directory=directory, max_bytes=10**6),
            imported_by=study.created_by,
        )
        read_batch(batch=batch, directory=directory)
        _say_everything(shared_world)
        set_schedule(
            study=study,
            every=SnapshotSchedule.Every.WEEK,
            test_percent=10,
            rules=Rules(),
            actor=study.created_by,
            now=clock.now(),
        )
    return shared_world


def _say_everything(world):
    """Marks with a relation, verdicts on points, a reply, an acknowledgment."""
    forms = [form for form in FORMS if form.kind == "single"]
    study = make_everything(n_completions=1, forms=forms)
    rater = builders.make_rater(study)
    assignment = assign_next(study=study, rater=rater, now=clock.now())
    shown = shown_of(assignment)
    marks = [
        MarkDraft(0, start, start + 3, shown.texts[0].stored[start : start + 3], "dose",
                  "minor", relations=relations)
        for start, relations in ((0, ((1, "causes"),)), (4, ()))
    ]  # fmt: skip
    answer = Answer(
        ratings=scores(scale=5, yes=1, score=70) | {Place("any"): Value(choices=())},
        verdicts={(0, p.uid): VERDICTS[p.kind][0] for p in shown.asked.all_points},
        marks=tuple(marks),
        is_fit_as_is=True,
    )
    builders.submit(assignment, answer)
    reply(question=world.question, author=world.cast.lead, text="For an adult.")
    acknowledge(rater=rater, version=assignment.guideline_version)
    _set_up_everything(study, rater, assignment)
    SnapshotRequest.objects.create(
        user=world.cast.lead,
        key="nightly",
        request_sha256="0" * 64,
        snapshot=world.snapshot,
    )
    _compare_and_withdraw(world)
    settle(make_scene())


def _compare_and_withdraw(world):
    """What follows a release: a comparison, and a row that was withdrawn."""
    older = request_snapshot(
        study=world.cast.study,
        actor=world.cast.lead,
        app_version="0.0.1",
        is_queued=False,
    )
    Comparison.objects.create(
        snapshot=world.snapshot, older=older, computed_at=clock.now()
    )
    Tombstone.objects.create(
        release=world.release,
        configuration="sft",
        example_id="x",
        reason=Tombstone.Reason.SAFETY_FLAG,
    )


def _set_up_everything(study, rater, assignment):
    """A credential, an invitation, a known answer and a wish for the guideline."""
    lead = study.created_by
    Credential.objects.create(rater=rater, kind="license", title="License")
    Invitation.objects.create(
        study=study,
        email="new@example.org",
        name="New",
        role="rater",
        token_sha256="0" * 64,
        expires_at=clock.now(),
        invited_by=lead,
    )
    Disclosure.objects.create(task=assignment.task, user=lead)
    ConsentWithdrawal.objects.create(rater=rater, reason="Asked to.", recorded_by=lead)
    GoldItem.objects.create(task=assignment.task, explanation="Why.", created_by=lead)
    report_of(
        kind=Report.Kind.AGREEMENT,
        study=study,
        epoch=epochs_of(study)[0],
        code_version="0.0.1",
        now=clock.now(),
    )
    ChangeRequest.objects.create(
        study=study,
        guideline_version=assignment.guideline_version,
        text="Say what a minor error is.",
        asked_by=lead,
    )


@pytest.fixture
def filled(full_world, world):
    return world


def refused(attempt, *, by):
    """Whether the database refuses, for the reason that the guard gives."""
    with pytest.raises(DatabaseError, match=by), transaction.atomic():
        attempt()


def sql(statement):
    with connection.cursor() as cursor:
        # Checks that wait for the commit would stop a TRUNCATE before the guard.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


def sealed_rows(model, world):
    """Rows that are closed: of the sealed snapshot, of the published guideline."""
    names = {field.name for field in model._meta.get_fields()}
    if model._meta.label == "exports.Snapshot":
        return model.objects.filter(pk=world.snapshot.pk)
    if "snapshot" in names:
        return model.objects.filter(snapshot=world.snapshot)
    if "guideline_version" in names:
        return model.objects.filter(guideline_version__published_at__isnull=False)
    return model.objects.filter(study=world.cast.study)


def rows_of(model, world):
    if model._meta.label in KINDS["sealed"]:
        return sealed_rows(model, world)
    return model.objects.all()


@pytest.mark.parametrize("model", of_kind("said", "sealed"))
def test_no_way_to_change_or_delete(model, filled):
    rows = rows_of(model, filled)
    row = rows.first()
    assert row is not None, "an empty table proves nothing"
    by = "is (append-only|sealed): (UPDATE|DELETE) refused"
    table, column = model._meta.db_table, model._meta.pk.column
    refused(lambda: rows.update(**{model._meta.pk.name: row.pk}), by=by)
    refused(row.save, by=by)
    refused(lambda: rows._raw_delete(rows.db), by=by)
    refused(lambda: sql(f"UPDATE {table} SET {column} = {column}"), by=by)
    refused(lambda: sql(f"DELETE FROM {table} WHERE {column} = {row.pk}"), by=by)
    assert rows.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", of_kind("said", "sealed"))
def test_no_way_to_empty_the_table(model, filled):
    before = model.objects.count()
    refused(
        lambda: sql(f"TRUNCATE {model._meta.db_table} CASCADE"), by="TRUNCATE refused"
    )
    assert model.objects.count() == before


@pytest.mark.parametrize("model", of_kind("said", "sealed"))
def test_the_upsert_of_an_import_cannot_overwrite_either(model, filled):
    """`ON CONFLICT DO UPDATE` is an UPDATE, by whatever name it comes in."""
    table, column = model._meta.db_table, model._meta.pk.column
    row = rows_of(model, filled).first()
    names = ", ".join(f'"{f.column}"' for f in model._meta.concrete_fields)
    refused(
        lambda: sql(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM {table} "
            f"WHERE {column} = {row.pk} ON CONFLICT ({column}) "
            f"DO UPDATE SET {column} = EXCLUDED.{column}"
        ),
        by="refused",
    )


LATE = [m for m in tables() if triggers(m, NoLateChild)]


@pytest.mark.parametrize("model", LATE, ids=lambda m: m._meta.label)
def test_nothing_is_added_to_what_is_sealed(model, filled):
    row = sealed_rows(model, filled).first()
    row.pk = None
    row._state.adding = True
    for field in model._meta.concrete_fields:
        if field.name == "uid":
            row.uid = filled.cast.study.uid
        elif field.name in {"key", "path", "rule", "group_id"}:
            setattr(row, field.name, "late")
        elif field.name == "kind" and model is TaskForm:
            row.kind = Task.Kind.RANKING
    if hasattr(row, "judgment_id"):
        row.judgment_id = _another(Judgment, row.judgment_id)
    if model is SnapshotVerdict:
        row.task_id = _another(Task, row.task_id)
    if hasattr(row, "rater_id"):
        row.rater_id = filled.cast.rater.pk
    refused(lambda: row.save(force_insert=True), by="is sealed: INSERT refused")


def _another(model, pk):
    return model.objects.exclude(pk=pk).order_by("-pk").values_list("pk", flat=True)[0]


def test_what_is_not_sealed_yet_can_change(filled):
    draft = GuidelineVersion.objects.create(
        study=filled.cast.study, number=99, title="Draft", body="To be written."
    )
    draft.title = "Better draft"
    draft.save(update_fields=["title"])
    draft.delete()


def test_erasure_opens_the_guard_for_one_transaction(filled):
    flag = filled.cast.study.judgments.first()
    with transaction.atomic():
        sql("SELECT set_config('consilium.erasure', 'the rater asked', true)")
        assert Judgment.objects.filter(pk=flag.pk).update(comment="") == 1
        sql("SELECT set_config('consilium.erasure', '', true)")
        refused(
            lambda: Judgment.objects.filter(pk=flag.pk).update(comment="x"),
            by="append-only",
        )


HISTORIES = [
    pytest.param(model, id=model._meta.label)
    for model in sorted(tables(histories=True), key=lambda m: m._meta.label)
]


@pytest.mark.parametrize("history", HISTORIES)
def test_history_is_append_only(history, filled):
    row = history.objects.order_by("pk").first()
    assert row is not None, "an empty table proves nothing"
    table = history._meta.db_table
    by = "is append-only: (UPDATE|DELETE) refused"
    refused(lambda: history.objects.filter(pk=row.pk).update(pgh_label="forged"), by=by)
    refused(lambda: sql(f"DELETE FROM {table} WHERE pgh_id = {row.pk}"), by=by)


@pytest.mark.parametrize("history", HISTORIES)
def test_history_cannot_be_emptied(history, filled):
    table = history._meta.db_table
    refused(lambda: sql(f"TRUNCATE {table} CASCADE"), by="refused")


def test_history_sees_bulk_and_raw_changes(filled):
    study = filled.cast.study
    history = study._meta.model.pgh_event_model.objects.filter(pgh_obj=study)
    n_before = history.count()
    type(study).objects.filter(pk=study.pk).update(description="by queryset")
    sql(f"UPDATE studies_study SET description = 'by SQL' WHERE id = {study.pk}")
    said = history.order_by("pk").values_list("pgh_label", "description")[n_before:]
    assert list(said) == [("update", "by queryset"), ("update", "by SQL")]


def test_evidence_protects_what_it_stands_on(filled):
    """Nobody deletes a task, a person or a prompt away from under a judgment."""
    task = Task.objects.filter(judgments__isnull=False).first()
    by = "violates (foreign key|RESTRICT)|refused"
    refused(lambda: sql(f"DELETE FROM studies_task WHERE id = {task.pk}"), by=by)
    person = filled.cast.rater2.user
    refused(lambda: sql(f"DELETE FROM accounts_user WHERE id = {person.pk}"), by=by)
