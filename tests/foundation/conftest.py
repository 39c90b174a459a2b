"""One world for all of a module that only looks at it; each test is rolled back."""

import pytest
from django.db import transaction

from exports.downloads import make_link
from exports.models import (
    EvaluationGrams,
    EvaluationSet,
    Snapshot,
    SnapshotOverlap,
)
from exports.services import request_snapshot, seal_snapshot
from exports.webhooks import add_endpoint, ping
from feedback.accounts.models import Scope
from feedback.accounts.services import make_sign_in_link
from feedback.accounts.tokens import make_token
from feedback.common import clock
from feedback.common.http import Reach
from feedback.corpus.models import ImportBatch
from feedback.rating.answers import Answer, FlagDraft
from feedback.rating.reveals import reveal_after
from feedback.review.cases import ask_for_case
from feedback.studies.assignment import assign_next
from feedback.studies.change_requests import request_change
from feedback.studies.criteria import SpanLabelDraft
from feedback.studies.guideline_drafts import save_label, start_draft
from feedback.studies.invitation_lines import InvitationDraft
from feedback.studies.invitations import invite
from feedback.studies.models import Assignment, Enrollment, Task
from feedback.studies.people import add_credential
from feedback.studies.questions import ask
from tests import builders
from tests.exports.conftest import Judged
from tests.exports.released import make_release
from tests.foundation.routes import World
from tests.quality.known import answer_next, at_stage, make_known
from tests.review.conftest import make_edition

_FLAGGED = Answer(
    ratings=builders.GOOD.ratings,
    flag=FlagDraft(category="dose_error", severity="severe", rationale="Ten times."),
)


def _make_benchmark(snapshot: Snapshot) -> EvaluationSet:
    """An evaluation set that a family of the snapshot, which is none here, is in."""
    benchmark = EvaluationSet.objects.create(
        study=snapshot.study,
        name="Benchmark",
        file_name="benchmark.txt",
        sha256="0" * 64,
        n_words=13,
        n_items=1,
        n_too_short=0,
        n_grams=1,
        uploaded_by=snapshot.requested_by,
    )
    EvaluationGrams.objects.create(
        evaluation_set=benchmark, n_words=13, block_no=0, hashes=bytes(8)
    )
    SnapshotOverlap.objects.create(
        snapshot=snapshot, evaluation_set=benchmark, group_id="f" * 16, n_texts=1
    )
    return benchmark


def _make_world(directory) -> World:
    cast = builders.make_cast(n_prompts=12)
    builders.judge_all(cast.study, cast.rater2)
    builders.judge_all(cast.study, cast.rater3, single=_FLAGGED, limit=4)
    builders.judge_all(cast.study, cast.rater3)
    ask_for_case(
        task=cast.study.tasks.latest("pk"), because="Is it so?", actor=cast.lead
    )
    snapshot = request_snapshot(
        study=cast.study, actor=cast.lead, app_version="0.0.1", is_queued=False
    )
    benchmark = _make_benchmark(snapshot)
    endpoint = add_endpoint(
        study=cast.study,
        url="https://example.org/hook",
        actor=cast.lead,
        reach=Reach(),
    )
    seal_snapshot(snapshot=snapshot, directory=directory)
    assert snapshot.state == Snapshot.State.SEALED, snapshot.error
    judged = Judged(cast.study, [cast.rater2, cast.rater3], directory)
    release = make_release(judged, snapshot)
    (known,) = make_known(cast.study, 1, purpose=Task.Purpose.TRAINING)
    at_stage(cast.study, cast.rater, Enrollment.Stage.TRAINING)
    trained = answer_next(cast.study, cast.rater).assignment
    at_stage(cast.study, cast.rater, Enrollment.Stage.READY)
    answered = assign_next(study=cast.study, rater=cast.rater, now=clock.now())
    answered.arm = Assignment.Arm.REVEAL
    (judgment,) = builders.judge_all(cast.study, cast.rater, limit=1)
    assert reveal_after(assignment=answered, judgment=judgment) is not None
    assignment = assign_next(study=cast.study, rater=cast.rater, now=clock.now())
    assert assignment is not None
    published = cast.study.guideline_versions.get()
    draft = start_draft(study=cast.study, actor=cast.lead)
    label = SpanLabelDraft(key="dose", name="Dose", meaning="")
    save_label(draft=draft, content=label, actor=cast.lead)
    (invited,) = invite(
        study=cast.study,
        drafts=[InvitationDraft(email="new@example.org", name="Nia New")],
        invited_by=cast.lead,
        now=clock.now(),
    )
    return World(
        cast=cast,
        batch=ImportBatch.objects.get(source__studies=cast.study),
        assignment=assignment,
        answered=answered,
        known=known,
        trained=trained,
        snapshot=snapshot,
        release=release,
        benchmark=benchmark,
        guideline=published,
        question=ask(assignment=assignment, text="Is the dose for a child?"),
        token=make_sign_in_link(user=cast.rater3.user, now=clock.now(), valid_hours=1),
        enrollment=cast.study.enrollments.get(user=cast.rater.user),
        credential=add_credential(
            rater=cast.rater, kind="license", title="License", actor=cast.lead
        ),
        invitation=invited.invitation,
        invitation_token=invited.token,
        draft_criterion=draft.criteria.first(),
        draft_label=draft.span_labels.get(),
        change_request=request_change(
            study=cast.study, text="Is a half dose an error?", asked_by=cast.lead
        ),
        case=ask_for_case(
            task=assignment.task, because="Is this safe?", actor=cast.lead
        ),
        edition=make_edition(cast.study),
        api_token=make_token(
            user=cast.engineer,
            name="Cluster",
            scopes=[Scope.EXPORTS_READ],
            study_uid=None,
            days=7,
            now=clock.now(),
        )[0],
        endpoint=endpoint,
        delivery=ping(endpoint),
        download=make_link(
            snapshot=snapshot,
            file=snapshot.files.get(path="README.md"),
            user=cast.engineer,
            token=None,
            now=clock.now(),
            minutes=60,
        ),
    )


@pytest.fixture(scope="module")
def export_dir(tmp_path_factory):
    """Where the world's snapshot was written."""
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
def shared_world(django_db_setup, django_db_blocker, export_dir):
    """Build the world once; the whole of it is undone at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield _make_world(export_dir)
        transaction.set_rollback(True)


@pytest.fixture
def world(shared_world, db, settings, export_dir) -> World:
    """One object behind each kind of URL."""
    settings.EXPORT_DIR = export_dir
    return shared_world


@pytest.fixture
def browser(world, sign_in, client):
    """Return a browser as a person of the table would use it."""

    def browser(name: str, **options):
        if name == "anonymous":
            return type(client)(**options)
        return sign_in(world.person(name), **options)

    return browser
