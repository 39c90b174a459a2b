"""Three physicians' labels of K-QA as judgments, by the services that raters use."""

import json
from pathlib import Path

from feedback.accounts.models import Rater
from feedback.common import clock
from feedback.common.hashing import json_sha256, text_sha256
from feedback.corpus.models import Completion, ModelVersion, Prompt
from feedback.corpus.services import create_source
from feedback.rating.answers import Answer, Place, Value
from feedback.studies.assignment import assign_next
from feedback.studies.building import build_tasks
from feedback.studies.criteria import Choice, CriterionDraft, FormDraft
from feedback.studies.models import Study
from feedback.studies.services import create_study, publish_guideline, use_source
from tests.builders import make_batch, make_rater, make_user, submit

FILE = (
    Path(__file__).resolve().parents[3]
    / "shared"
    / "data"
    / "kqa_three_physician_labels.jsonl"
)
PHYSICIANS = range(3)


def read_rows() -> list[dict]:
    """The claims with their three labels."""
    with FILE.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def make_kqa_study(rows: list[dict]) -> Study:
    """One prompt for each claim, one nominal criterion with the labels found."""
    labels = sorted({row[f"label_physician_{n}"] for row in rows for n in PHYSICIANS})
    lead = make_user("Kay Lead")
    study = create_study(name="K-QA", created_by=lead, overlap=len(PHYSICIANS))
    publish_guideline(
        study=study,
        title="Claims",
        body="Say how the answer stands to the claim.",
        criteria=[
            CriterionDraft(
                key="stance",
                name="How the answer stands to the claim",
                question="Does the answer support the claim?",
                kind="nominal",
                direction="neutral",
                options=tuple(Choice(slug(one), one) for one in labels),
            )
        ],
        forms=[FormDraft("single", ("ratings",))],
        published_by=lead,
        now=clock.now(),
    )
    source = create_source(name="K-QA claims", created_by=lead, license="MIT")
    use_source(study=study, source=source)
    batch = make_batch(source)
    model, _ = ModelVersion.objects.get_or_create(name="kqa-model")
    for row in rows:
        text = f"{row['question']}\n\nClaim: {row['claim']}\n\n{row['item_id']}"
        turns = [{"role": "user", "content": text}]
        prompt = Prompt.objects.create(
            source=source,
            batch=batch,
            messages=turns,
            content_sha256=json_sha256(turns),
            group_key=row["item_id"],
            external_id=row["item_id"],
        )
        Completion.objects.create(
            prompt=prompt,
            batch=batch,
            model_version=model,
            content=row["response"],
            content_sha256=text_sha256(row["response"]),
        )
    build_tasks(study=study)
    return study


def slug(label: str) -> str:
    """A label as the value of an option."""
    return "-".join(label.lower().split())


def judge_as_physicians(study: Study, rows: list[dict]) -> list[Rater]:
    """Let three raters give the labels that the three physicians gave."""
    by_item = {row["item_id"]: row for row in rows}
    raters = [make_rater(study, f"Physician {n}") for n in PHYSICIANS]
    for number, rater in enumerate(raters):
        while assignment := assign_next(study=study, rater=rater, now=clock.now()):
            row = by_item[assignment.task.prompt.external_id]
            label = slug(row[f"label_physician_{number}"])
            submit(
                assignment, Answer(ratings={Place("stance"): Value(choices=(label,))})
            )
    return raters
