"""Consent taken back by a lead: out of what comes, named in what is out."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from exports.consent_selectors import prompts_named
from exports.consents import withdraw_consent
from exports.models import ConsentWithdrawal, Tombstone
from exports.rules import Rule
from feedback.accounts.permissions import Role
from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Invalid
from feedback.corpus.models import Prompt
from feedback.jobs.models import Job
from feedback.jobs.services import run_job
from feedback.studies.services import enroll, use_source
from tests import builders
from tests.exports.released import make_release

WATCH = "exports.watch_release"
LETTER = "The patient asked by letter."


@pytest.fixture
def withdraw(judged):
    def withdraw(*names, reason=LETTER, study=None, **what):
        study = study or judged.study
        if names:
            what["prompts"] = prompts_named(study=study, names=names)
        return withdraw_consent(
            study=study,
            reason=reason,
            actor=study.created_by,
            now=clock.now(),
            **what,
        )

    return withdraw


@pytest.fixture
def send(judged, lead):
    url = reverse("consent_withdrawal_list", args=[judged.study.uid])

    def send(**fields):
        return lead.post(url, {"covers": "prompts", "reason": LETTER} | fields)

    return send


def external_ids():
    return {
        one.prompt.external_id
        for one in ConsentWithdrawal.objects.select_related("prompt")
    }


def run_watches():
    for job in Job.objects.filter(kind=WATCH, state="waiting"):
        assert run_job(job_id=job.pk)


def test_it_is_in_no_later_snapshot_and_counted(judged, withdraw):
    prompt = Prompt.objects.get(external_id="p6", source__studies=judged.study)
    before = judged.seal()
    n = before.members.filter(judgment__task__prompt=prompt).count()
    assert n > 0
    withdraw("p6")
    after = judged.seal()
    assert not after.members.filter(judgment__task__prompt=prompt).exists()
    assert after.n_judgments == before.n_judgments - n
    (counted,) = [
        line["n_out"]
        for line in after.contract
        if (line["configuration"], line["rule"])
        == ("judgments", Rule.CONSENT_WITHDRAWN)
    ]
    assert counted == n


def test_released_rows_on_it_are_named_once(judged, withdraw, send):
    release = make_release(judged, judged.seal())
    prompt = Prompt.objects.get(external_id="p6", source__studies=judged.study)
    assert send(names=f"{prompt.uid}\n").status_code == 302
    assert Job.objects.get(kind=WATCH).subject_id == release.pk
    run_watches()
    named = list(release.tombstones.values_list("configuration", "example_id"))
    assert "preference" in {configuration for configuration, _ in named}
    assert len(named) == len(set(named))
    assert set(release.tombstones.values_list("reason", flat=True)) == {
        Tombstone.Reason.CONSENT_WITHDRAWN
    }
    again = withdraw("p6")
    assert (again.withdrawals, again.n_already) == ((), 1)
    run_watches()
    assert Job.objects.filter(kind=WATCH).count() == 1
    assert release.tombstones.count() == len(named)


def test_a_release_of_another_study_of_the_source_is_looked_after(judged, withdraw):
    release = make_release(judged, judged.seal())
    other = builders.make_study(n_prompts=1)
    use_source(study=other, source=judged.study.sources.get())
    assert withdraw("p6", study=other).n_releases == 1
    assert Job.objects.get(kind=WATCH).subject_id == release.pk


def test_twice_is_once_with_one_record(judged, withdraw):
    first = withdraw("p0", "p1")
    second = withdraw("p1", "p2", source=judged.study.sources.get())
    assert (len(first.withdrawals), first.n_already) == (2, 0)
    assert (len(second.withdrawals), second.n_already) == (2, 1)
    third = withdraw("p2", source=judged.study.sources.get())
    assert (third.withdrawals, third.n_already) == ((), 2)
    events = AuditEvent.objects.filter(action="consent.withdrawn").order_by("pk")
    assert [event.details["n_prompts"] for event in events] == [2, 1]
    assert [len(event.details["sources"]) for event in events] == [0, 1]
    assert LETTER not in str([event.details for event in events])


def test_a_group_key_means_the_whole_family(judged):
    found = prompts_named(study=judged.study, names=[" case-3 ", "", "p6"])
    assert [prompt.external_id for prompt in found] == ["p6", "p7"]


def test_a_name_of_two_sources_has_to_be_made_clear(judged):
    study = judged.study
    other = builders.make_study(n_prompts=1).sources.get()
    use_source(study=study, source=other)
    with pytest.raises(Invalid, match=r"more than one source.*: p0\."):
        prompts_named(study=study, names=["p0", "p3"])
    (prompt,) = prompts_named(study=study, names=["p0"], source=other)
    assert prompt.source == other


def test_what_is_not_of_the_study_is_refused_whole(judged, withdraw):
    other = builders.make_study(n_prompts=1)
    stranger = builders.make_rater(other)
    mine = Prompt.objects.get(external_id="p0", source__studies=judged.study)
    theirs = Prompt.objects.get(source__studies=other)
    for what in (
        {"prompts": [mine, theirs]},
        {"prompts": [mine], "source": theirs.source},
        {"prompts": [mine], "rater": stranger},
    ):
        with pytest.raises(Invalid, match="Not of study"):
            withdraw(**what)
    with pytest.raises(Invalid, match="Nothing is named"):
        withdraw()
    assert not ConsentWithdrawal.objects.exists()


@pytest.mark.parametrize(
    ("reason", "message"),
    [(" ", "needs a reason"), ("x" * 301, "301 characters"), ("a\0b", r"U\+0000")],
)
def test_a_reason_is_kept_or_refused(withdraw, reason, message):
    with pytest.raises(Invalid, match=message):
        withdraw("p0", reason=reason)


def test_unknown_lines_are_named_and_nothing_is_half_done(send):
    response = send(names="p0\nnobody\np1\n<b>\n")
    assert response.status_code == 422
    said = response.content.decode()
    assert "group key: nobody, &lt;b&gt;. Nothing was withdrawn." in said
    assert not ConsentWithdrawal.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"names": " \n"}, "No prompt is named."),
        ({"names": "p0", "reason": ""}, "This field is required."),
        ({"names": "\n".join(map(str, range(5001)))}, "5001 names are more than 5000"),
        ({"names": "p0\x01"}, "U+0001"),
        ({"covers": "source"}, "Choose the source that is withdrawn."),
        ({"covers": "source", "names": "p0"}, "Remove these lines"),
        ({"names": "p0", "source": "nonsense"}, "not a valid"),
    ],
)
def test_a_form_that_is_not_clear_is_refused(send, fields, said):
    response = send(**fields)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not ConsentWithdrawal.objects.exists()


def test_the_page_lists_what_was_noted(judged, lead, send):
    source = judged.study.sources.get()
    assert send(names="p0\r\ncase-3\r\n").status_code == 302
    assert external_ids() == {"p0", "p6", "p7"}
    assert send(covers="source", source=str(source.uid)).status_code == 302
    said = lead.get(
        reverse("consent_withdrawal_list", args=[judged.study.uid])
    ).content.decode()
    assert "Consent is withdrawn: 1 new entry." in said
    assert "Prompt p7" in said
    assert "Everything of the source" in said
    assert said.count(LETTER) == 4


def test_the_page_is_for_leads_and_linked_for_them(judged, lead, engineer):
    url = reverse("consent_withdrawal_list", args=[judged.study.uid])
    datasets = reverse("snapshot_list", args=[judged.study.uid])
    assert url in lead.get(datasets).content.decode()
    assert url not in engineer.get(datasets).content.decode()
    assert engineer.get(url).status_code == 404
    assert engineer.post(url, {"names": "p0"}).status_code == 404


def run(*arguments):
    out = io.StringIO()
    call_command("withdraw_consent", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_takes_prompts_a_file_a_source_and_a_rater(judged, tmp_path):
    study, source = judged.study, judged.study.sources.get()
    lead = builders.make_user("Second Lead")
    enroll(study=study, user=lead, role=Role.LEAD)
    listed = tmp_path / "listed.txt"
    listed.write_text("p1\n\np2\n")
    said = run(study.name, "p0", f"--file={listed}", f"--reason={LETTER}")
    assert "3 new entries" in said
    run(
        str(study.uid),
        f"--whole-source={source.name}",
        f"--rater={judged.raters[0].user.email}",
        f"--reason={LETTER}",
        f"--as={lead.email}",
    )
    newest = ConsentWithdrawal.objects.order_by("-pk")[:2]
    assert {one.recorded_by for one in newest} == {lead}
    assert {(one.source, one.rater) for one in newest} == {
        (source, None),
        (None, judged.raters[0]),
    }
    assert "before" in run(
        study.name, "p0", f"--in-source={source.name}", f"--reason={LETTER}"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody",), "group key: nobody"),
        ((), "Nothing is named"),
        (("p0", "--in-source=None such"), "no source called 'None such'"),
        (("--rater=nobody@example.org",), "No rater"),
        (("--file=absent.txt",), "absent.txt cannot be read"),
    ],
)
def test_the_command_says_what_is_wrong(judged, arguments, message):
    with pytest.raises(CommandError, match=message):
        run(judged.study.name, *arguments, f"--reason={LETTER}")
    assert not ConsentWithdrawal.objects.exists()
