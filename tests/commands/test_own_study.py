"""A study of one's own from the shell, until its first judgment."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from feedback.accounts.models import Rater, User
from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.jobs.services import due_job_ids, run_job
from feedback.rating.answers import Answer, scores
from feedback.studies.models import Study
from tests.builders import judge_all

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def guideline(tmp_path):
    file = tmp_path / "guideline.txt"
    file.write_text("Judge what is on the page.")
    return file


def test_from_nothing_to_a_judgment(guideline, tmp_path):
    link = run("create_person", "Lead@Example.org", "Lena Lead").strip()
    run("create_person", "ada@example.org", "Ada", "--specialty", "cardiology")
    run(
        "create_study",
        "Ours",
        "--lead",
        "lead@example.org",
        "--rater",
        "ada@example.org",
        "--guideline",
        str(guideline),
        "--overlap",
        "1",
    )
    file = tmp_path / "rows.jsonl"
    file.write_text('{"prompt": "Why?", "completions": [{"content": "Because."}]}\n')
    run("import_prompts", str(file), "--study", "Ours")
    while due := due_job_ids(now=clock.now(), older_than=timedelta()):
        for job_id in due:
            run_job(job_id=job_id)

    study = Study.objects.get(name="Ours")
    rater = Rater.objects.get(user__email="ada@example.org")
    answer = Answer(ratings=scores(correctness=5, completeness=5, tone=4, safety=5))
    assert len(judge_all(study, rater, single=answer)) == 1
    path = link.removeprefix("http://127.0.0.1:8000")
    assert Client().post(path).status_code == 302
    assert AuditEvent.objects.filter(action="user.created").count() == 2


def test_same_address_twice_is_refused_by_name():
    run("create_person", "ada@example.org", "Ada")

    with pytest.raises(CommandError, match=r"ada@example\.org"):
        run("create_person", "ADA@example.org", "Ada")
    assert User.objects.count() == 1


def test_unknown_person_leaves_no_half_made_study(guideline):
    run("create_person", "lead@example.org", "Lena")

    with pytest.raises(CommandError, match=r"nobody@example\.org"):
        run(
            "create_study",
            "Ours",
            "--lead",
            "lead@example.org",
            "--rater",
            "nobody@example.org",
            "--guideline",
            str(guideline),
        )
    assert not Study.objects.exists()


def test_overlap_of_nothing_is_refused(guideline):
    run("create_person", "lead@example.org", "Lena")

    with pytest.raises(CommandError, match="overlap"):
        run(
            "create_study",
            "Ours",
            "--lead",
            "lead@example.org",
            "--guideline",
            str(guideline),
            "--overlap",
            "0",
        )


def test_guideline_that_is_no_text_is_refused(tmp_path):
    run("create_person", "lead@example.org", "Lena")
    file = tmp_path / "guideline.txt"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(CommandError, match=r"guideline\.txt"):
        run(
            "create_study",
            "Ours",
            "--lead",
            "lead@example.org",
            "--guideline",
            str(file),
        )


def test_link_for_nobody_says_how_to_make_somebody():
    with pytest.raises(CommandError, match="create_person"):
        run("sign_in_link", "nobody@example.org")
