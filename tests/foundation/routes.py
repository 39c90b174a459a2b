"""Every route and what each person gets there: the policy of the pages, by example.

A new route fails `test_routes.py` until it has a line here. The numbers are written
down, not computed from the permission table, so that a slip in either shows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from exports.downloads import signed
from exports.models import (
    DownloadLink,
    EvaluationSet,
    Release,
    Snapshot,
    WebhookDelivery,
    WebhookEndpoint,
)
from feedback.accounts.models import ApiToken, Credential
from feedback.corpus.models import ImportBatch
from feedback.review.models import AdjudicationCase, EvidenceEdition
from feedback.studies.models import (
    Assignment,
    ChangeRequest,
    Criterion,
    Enrollment,
    GoldItem,
    GuidelineVersion,
    Invitation,
    Question,
    SpanLabel,
)
from tests.builders import Cast

# The rater of the assignment; a rater of the same study; a lead of another study.
PEOPLE = (
    "anonymous",
    "rater",
    "colleague",
    "safety_reviewer",
    "lead",
    "ml_engineer",
    "auditor",
    "admin",
    "stranger",
)
SIGNED_IN = PEOPLE[1:]


@dataclass(frozen=True)
class World:
    """One object behind each kind of URL, all of one study."""

    cast: Cast
    batch: ImportBatch
    assignment: Assignment
    answered: Assignment
    known: GoldItem
    trained: Assignment
    snapshot: Snapshot
    release: Release
    benchmark: EvaluationSet
    guideline: GuidelineVersion
    question: Question
    token: str
    enrollment: Enrollment
    credential: Credential
    invitation: Invitation
    invitation_token: str
    draft_criterion: Criterion
    draft_label: SpanLabel
    change_request: ChangeRequest
    case: AdjudicationCase
    edition: EvidenceEdition
    api_token: ApiToken
    download: DownloadLink
    endpoint: WebhookEndpoint
    delivery: WebhookDelivery

    def person(self, name: str):
        """The user that a column of the table stands for."""
        if name == "colleague":
            return self.cast.rater2.user
        return self.cast.everyone[name]


Place = Callable[[World], list[object]]


def nowhere(_world: World) -> list[object]:
    return []


def study(world: World) -> list[object]:
    return [world.cast.study.uid]


def batch(world: World) -> list[object]:
    return [world.batch.uid]


def assignment(world: World) -> list[object]:
    return [world.assignment.uid]


def answered(world: World) -> list[object]:
    return [world.answered.uid]


def preview(world: World) -> list[object]:
    return [world.cast.study.uid, "single"]


def guideline(world: World) -> list[object]:
    return [world.guideline.uid]


def question(world: World) -> list[object]:
    return [world.question.uid]


def case(world: World) -> list[object]:
    return [world.case.uid]


def case_task(world: World) -> list[object]:
    return [world.case.task.uid]


def edition(world: World) -> list[object]:
    return [world.edition.uid]


def known(world: World) -> list[object]:
    return [world.known.uid]


def known_task(world: World) -> list[object]:
    return [world.known.task.repeats.uid]


def trained(world: World) -> list[object]:
    return [world.trained.uid]


def benchmark(world: World) -> list[object]:
    return [world.benchmark.uid]


def snapshot(world: World) -> list[object]:
    return [world.snapshot.uid]


def release(world: World) -> list[object]:
    return [world.release.uid]


def signing_key(world: World) -> list[object]:
    return [world.release.key.key_id]


def snapshot_file(world: World) -> list[object]:
    return [world.snapshot.uid, "README.md"]


def token(world: World) -> list[object]:
    return [world.api_token.uid]


def download(world: World) -> list[object]:
    return [signed(world.download)]


def endpoint(world: World) -> list[object]:
    return [world.endpoint.uid]


def delivery(world: World) -> list[object]:
    return [world.delivery.uid]


def quality_block(world: World) -> list[object]:
    return [world.cast.study.uid, "agreement"]


def quality_csv(world: World) -> list[object]:
    return [world.cast.study.uid, "agreement", "questions"]


def quality_pairs(world: World) -> list[object]:
    return [world.cast.study.uid, "correctness"]


def cause_csv(world: World) -> list[object]:
    return [world.cast.study.uid, "causes"]


def quality_items(world: World) -> list[object]:
    return [world.cast.study.uid, "correctness"]


def quality_task(world: World) -> list[object]:
    return [world.cast.study.uid, world.answered.task.uid]


def link(world: World) -> list[object]:
    return [world.token]


def enrollment(world: World) -> list[object]:
    return [world.enrollment.uid]


def credential(world: World) -> list[object]:
    return [world.credential.uid]


def invitation(world: World) -> list[object]:
    return [world.invitation.uid]


def draft_criterion(world: World) -> list[object]:
    return [world.draft_criterion.uid]


def draft_label(world: World) -> list[object]:
    return [world.draft_label.uid]


def change_request(world: World) -> list[object]:
    return [world.change_request.uid]


def join(world: World) -> list[object]:
    return [world.invitation_token]


@dataclass(frozen=True)
class Route:
    """A route, a method, and the status for each person."""

    name: str
    method: str
    place: Place
    answers: dict[str, int]

    def url(self, world: World) -> str:
        return reverse(self.name, args=self.place(world))


def get(name: str, place: Place = nowhere, **answers: int) -> Route:
    return Route(name, "get", place, answers)


def post(name: str, place: Place = nowhere, **answers: int) -> Route:
    return Route(name, "post", place, answers)


def everybody(status: int) -> dict[str, int]:
    """Whoever is signed in; others are sent to the sign-in page."""
    return {"anonymous": 302, **dict.fromkeys(SIGNED_IN, status)}


def only(*people: str, status: int = 200) -> dict[str, int]:
    """These people; for others who are signed in there is nothing here."""
    return {**everybody(404), **dict.fromkeys(people, status)}


IN_STUDY = SIGNED_IN[:-1]
PULL = ("lead", "ml_engineer", "auditor")

# A POST is sent empty: 422 means that the person got as far as the form.
ROUTES = (
    get("healthz", **dict.fromkeys(PEOPLE, 200)),
    get("sign_in", **everybody(302) | {"anonymous": 200}),
    post("sign_in", **everybody(302) | {"anonymous": 422}),
    get("sign_in_link", link, **dict.fromkeys(PEOPLE, 200)),
    post("sign_in_link", link, **dict.fromkeys(PEOPLE, 302)),
    post("sign_out", **everybody(302)),
    get("key_settings", **everybody(200)),
    post("key_settings", **everybody(302)),
    get("password_change", **everybody(200)),
    post("password_change", **everybody(422)),
    get("home", **everybody(200)),
    get("study_list", **everybody(200)),
    get("study_detail", study, **only(*IN_STUDY)),
    get("batch_create", study, **only("lead", "admin")),
    post("batch_create", study, **only("lead", "admin", status=422)),
    get("batch_detail", batch, **only("lead", "admin")),
    get("study_rate", study, **only("rater", status=302) | {"colleague": 200}),
    get("assignment_detail", assignment, **only("rater")),
    post("assignment_detail", assignment, **only("rater", status=422)),
    post("assignment_draft", assignment, **only("rater", status=422)),
    get("assignment_decline", assignment, **only("rater")),
    post("assignment_decline", assignment, **only("rater", status=422)),
    get("assignment_revise", answered, **only("rater")),
    post("assignment_revise", answered, **only("rater", status=409)),
    get("assignment_reveal", answered, **only("rater")),
    get("study_undo", study, **only("rater", "colleague", status=302)),
    get("study_preview", preview, **only("lead", "admin")),
    post("study_preview", preview, **only("lead", "admin", status=422)),
    get("assignment_question", assignment, **only("rater")),
    post("assignment_question", assignment, **only("rater", status=422)),
    get("study_questions", study, **only("lead", "admin")),
    post("question_reply", question, **only("lead", "admin", status=422)),
    get("guideline_acknowledge", guideline, **only("rater", "colleague")),
    post("guideline_acknowledge", guideline, **only("rater", "colleague", status=302)),
    get("study_create", **only("lead", "admin", "stranger")),
    post("study_create", **only("lead", "admin", "stranger", status=422)),
    get("study_setup", study, **only("lead", "admin")),
    get("study_settings", study, **only("lead", "admin")),
    post("study_settings", study, **only("lead", "admin", status=422)),
    get("study_state", study, **only("lead", "admin")),
    post("study_state", study, **only("lead", "admin", status=422)),
    get("study_clone", study, **only("lead", "admin")),
    post("study_clone", study, **only("lead", "admin", status=422)),
    get("guideline_list", study, **only("lead", "admin")),
    post("draft_start", study, **only("lead", "admin", status=302)),
    get("draft_detail", study, **only("lead", "admin")),
    post("draft_detail", study, **only("lead", "admin", status=422)),
    post("draft_discard", study, **only("lead", "admin", status=302)),
    get("draft_tasks", study, **only("lead", "admin")),
    post("draft_tasks", study, **only("lead", "admin", status=422)),
    get("draft_publish", study, **only("lead", "admin")),
    post("draft_publish", study, **only("lead", "admin", status=422)),
    get("criterion_create", study, **only("lead", "admin")),
    post("criterion_create", study, **only("lead", "admin", status=422)),
    get("criterion_edit", draft_criterion, **only("lead", "admin")),
    post("criterion_edit", draft_criterion, **only("lead", "admin", status=422)),
    post("criterion_order", draft_criterion, **only("lead", "admin", status=422)),
    get("label_create", study, **only("lead", "admin")),
    post("label_create", study, **only("lead", "admin", status=422)),
    get("label_edit", draft_label, **only("lead", "admin")),
    post("label_edit", draft_label, **only("lead", "admin", status=422)),
    post("label_order", draft_label, **only("lead", "admin", status=422)),
    get("change_request_list", study, **only("lead", "admin")),
    post("change_request_list", study, **only("lead", "admin", status=422)),
    post("change_request_resolve", change_request, **only("lead", "admin", status=422)),
    get("people_list", study, **only("lead", "admin")),
    get("enrollment_detail", enrollment, **only("lead", "admin")),
    post("enrollment_detail", enrollment, **only("lead", "admin", status=422)),
    post("credential_add", enrollment, **only("lead", "admin", status=422)),
    get("credential_check", credential, **only("lead", "admin")),
    post("credential_check", credential, **only("lead", "admin", status=422)),
    get("invitation_create", study, **only("lead", "admin")),
    post("invitation_create", study, **only("lead", "admin", status=422)),
    post("invitation_renew", invitation, **only("lead", "admin")),
    post("invitation_revoke", invitation, **only("lead", "admin", status=302)),
    get("invitation_accept", join, **dict.fromkeys(PEOPLE, 200)),
    # It is for somebody who has no account yet.
    post("invitation_accept", join, **everybody(409) | {"anonymous": 422}),
    get("quality", study, **only("lead", "auditor", "admin")),
    get("quality_block", quality_block, **only("lead", "auditor", "admin")),
    get("quality_csv", quality_csv, **only("lead", "auditor", "admin")),
    get("quality_pairs", quality_pairs, **only("lead", "auditor", "admin")),
    get("cause_list", study, **only("lead", "auditor")),
    get("cause_csv", cause_csv, **only("lead", "auditor")),
    get("quality_items", quality_items, **only("lead", "auditor")),
    get("quality_task", quality_task, **only("lead", "auditor")),
    get("known_answers", study, **only("lead", "admin")),
    get("known_answer_choose", study, **only("lead", "admin")),
    get("known_answer_create", known_task, **only("lead", "admin")),
    post("known_answer_create", known_task, **only("lead", "admin", status=422)),
    get("known_answer_edit", known, **only("lead", "admin")),
    post("known_answer_edit", known, **only("lead", "admin", status=422)),
    post("known_answer_retire", known, **only("lead", "admin", status=302)),
    get("assignment_explained", trained, **only("rater")),
    get("my_rating", study, **only("rater", "colleague")),
    get("judgment_list", **everybody(200)),
    get("flag_list", study, **only("safety_reviewer", "lead", "auditor")),
    get("case_list", study, **only("lead", "auditor")),
    post("case_next", study, **only("lead", status=302)),
    get("case_detail", case, **only("lead", "auditor")),
    post("case_detail", case, **only("lead", status=422)),
    post("case_claim", case, **only("lead", status=302)),
    post("case_give_back", case, **only("lead", status=302)),
    post("case_withdraw", case, **only("lead", status=422)),
    post("task_adjudicate", case_task, **only("lead", status=422)),
    get("evidence_list", study, **only("lead", "auditor")),
    post("evidence_list", study, **only("lead", status=422)),
    get("edition_supersede", edition, **only("lead")),
    post("edition_supersede", edition, **only("lead", status=422)),
    get("snapshot_list", study, **only(*PULL)),
    post("snapshot_seal", study, **only("lead", status=422)),
    get("evaluation_set_list", study, **only(*PULL)),
    post("evaluation_set_list", study, **only("lead", status=422)),
    post("evaluation_set_retire", benchmark, **only("lead", status=302)),
    get("consent_withdrawal_list", study, **only("lead")),
    post("consent_withdrawal_list", study, **only("lead", status=422)),
    get("snapshot_detail", snapshot, **only(*PULL)),
    get("snapshot_file", snapshot_file, **only(*PULL)),
    get("snapshot_archive", snapshot, **only(*PULL)),
    get("snapshot_compare", snapshot, **only(*PULL)),
    get("row_provenance", snapshot, **only(*PULL)),
    get("release_list", study, **only(*PULL, "admin")),
    # It is released, so a lead is led to the release.
    get("release_create", snapshot, **only("lead", status=302)),
    post("release_create", snapshot, **only("lead", status=422)),
    get("release_detail", release, **only(*PULL, "admin")),
    get("release_signature", release, **only(*PULL, "admin")),
    get("release_dossier", release, **only(*PULL, "admin")),
    get("release_dossier_text", release, **only(*PULL, "admin")),
    post("release_sign", release, **only("lead", "auditor", "admin", status=422)),
    post("release_withdraw", release, **only("lead", status=422)),
    get("signing_key_list", **everybody(200)),
    get("signing_key_file", signing_key, **everybody(200)),
    get("api_study_changes", study, **only(*PULL) | {"anonymous": 401}),
    # There is no other snapshot to compare with, and no row is named.
    get(
        "api_snapshot_compare", snapshot, **only(*PULL, status=422) | {"anonymous": 401}
    ),
    get("api_row_provenance", snapshot, **only(*PULL, status=422) | {"anonymous": 401}),
    get("api_signing_key_list", **everybody(200) | {"anonymous": 401}),
    get("pull_news", study, **only(*PULL)),
    get("snapshot_schedule", study, **only("lead")),
    post("snapshot_schedule", study, **only("lead", status=422)),
    get("webhook_list", study, **only("lead", "admin")),
    post("webhook_list", study, **only("lead", "admin", status=422)),
    post("webhook_ping", endpoint, **only("lead", "admin", status=302)),
    post("webhook_end", endpoint, **only("lead", "admin", status=302)),
    # Its news is still on the way.
    post("webhook_again", delivery, **only("lead", "admin", status=409)),
    get("token_list", **everybody(200)),
    post("token_list", **everybody(422)),
    post("token_revoke", token, **only("ml_engineer", status=302)),
    get("api_schema", **dict.fromkeys(PEOPLE, 200)),
    get("api_study_list", **everybody(200) | {"anonymous": 401}),
    get("api_study_snapshots", study, **only(*PULL) | {"anonymous": 401}),
    # The table sends forms, and these take JSON.
    post("api_study_snapshots", study, **only("lead", status=415) | {"anonymous": 401}),
    get("api_snapshot_list", **everybody(200) | {"anonymous": 401}),
    get("api_snapshot_detail", snapshot, **only(*PULL) | {"anonymous": 401}),
    get("api_snapshot_file", snapshot_file, **only(*PULL) | {"anonymous": 401}),
    post(
        "api_download_create",
        snapshot,
        **only(*PULL, status=415) | {"anonymous": 401},
    ),
    # The address is the key: whoever has it may use it, once.
    get("api_download", download, **dict.fromkeys(PEOPLE, 200)),
)


def url_patterns(resolver: URLResolver | None = None) -> list[URLPattern]:
    """Every pattern of the project, however deep it is included."""
    found: list[URLPattern] = []
    for entry in (resolver or get_resolver()).url_patterns:
        found += url_patterns(entry) if isinstance(entry, URLResolver) else [entry]
    return found
