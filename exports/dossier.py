"""The release dossier: each requirement, how it is met, and the evidence for it.

The evidence is data of this release; where a promise is kept by code, the tests that
would fail if it were broken are named.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from exports.models import N_SIGNATURES, ExportFile, Release
from exports.release_selectors import withdrawn_rows
from exports.selectors import contract_parts

_T = "tests/exports"
# Requirement -> the tests that guard it, as pytest names them.
GUARDS: dict[str, tuple[str, ...]] = {
    "frozen": (
        f"{_T}/test_sealed_rows.py",
        "tests/foundation/test_guards.py::test_no_way_to_change_or_delete",
    ),
    "reproducible": (f"{_T}/test_killed_writer.py",),
    "contract": (f"{_T}/test_export_rows.py",),
    "signed_by_two": (
        f"{_T}/test_releases.py::test_nobody_signs_twice",
        f"{_T}/test_releases.py::test_the_database_wants_two_names_for_the_same_bytes",
        f"{_T}/test_release_pages.py::test_two_persons_sign_on_the_page",
    ),
    "signature": (
        f"{_T}/test_minisign.py::test_a_published_signature_holds",
        f"{_T}/test_verify_export.py::test_rewriting_files_and_manifest_does_not_get_past_the_signature",
    ),
    "withdrawal": (
        f"{_T}/test_tombstones.py::test_the_sweep_finds_what_no_event_told_within_a_minute",
        f"{_T}/test_tombstones.py::test_never_twice",
    ),
    "traceable": (
        f"{_T}/test_provenance.py::test_fifty_rows_walk_back_by_page_and_api",
    ),
    "versions": (
        f"{_T}/test_releases.py::test_the_next_version_comes_from_the_difference",
    ),
    "pseudonyms": (f"{_T}/test_provenance.py::test_an_engineer_meets_no_name",),
    "audit": ("tests/foundation/test_guards.py::test_history_is_append_only",),
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the dossier."""

    title: str
    how: str
    evidence: tuple[str, ...]
    tests: tuple[str, ...] = ()


def dossier_of(release: Release) -> list[Requirement]:
    """The dossier of a release, from what is stored about it."""
    return [
        *_content(release),
        *_people(release),
        *_accountability(release),
    ]


def _content(release: Release) -> Iterator[Requirement]:
    snapshot, facts = release.snapshot, release.snapshot.facts
    prompts = facts.get("prompts", {})
    yield Requirement(
        "Intended use is stated",
        "The card names purpose and limits; the data is not for clinical use.",
        (
            facts["study"]["description"] or "The study has no description.",
            "Not for clinical use.",
        ),
    )
    yield Requirement(
        "Sources and licenses are known",
        "Every prompt belongs to a source with a license; the import names its file.",
        (
            *(
                f"{one['name']}: {one['license'] or 'no license given'}"
                for one in facts.get("sources", [])
            ),
            f"{prompts.get('n', 0)} prompts, {prompts.get('n_synthetic', 0)} synthetic",
        ),
    )
    yield Requirement(
        "Raters followed a known guideline",
        "Versions are immutable and hashed; each judgment stores the one it followed.",
        tuple(
            f"v{one['number']} {one['title']}, SHA-256 {one['sha256']}"
            for one in facts.get("guidelines", [])
        ),
    )
    yield Requirement(
        "Every exclusion is counted",
        "Named rules decide; each row is in the files or counted under a rule.",
        tuple(
            f"{part.configuration}: {part.n_all} {part.counted} looked at, "
            f"{part.n_in} in, {part.n_out} kept out"
            for part in contract_parts(snapshot)
        ),
        GUARDS["contract"],
    )
    yield Requirement(
        "Agreement is measured",
        "Krippendorff's alpha per criterion and on pairs, over shared units.",
        tuple(_agreement(one) for one in facts.get("agreement", [])),
    )
    yield Requirement(
        "No family is in two splits",
        "Splits are drawn by a hash of the family, stable as data grows.",
        tuple(
            f"{file.configuration}/{file.split}: {file.n_rows} rows"
            for file in ExportFile.objects.filter(snapshot=snapshot).exclude(split="")
        ),
        GUARDS["contract"],
    )


def _agreement(line: dict[str, object]) -> str:
    alpha = line["alpha"]
    value = "not defined" if alpha is None else f"alpha {alpha}"
    return f"{line['key']}: {value}, {line['n_units']} units shared"


def _people(release: Release) -> Iterator[Requirement]:
    raters = release.snapshot.facts.get("raters", [])
    yield Requirement(
        "Raters are qualified, and pseudonymous outside",
        "Credentials and tier are kept with history; files hold pseudonyms drawn anew "
        "for each snapshot.",
        tuple(
            f"{one['specialty'] or 'no specialty given'}: {one['n']} raters"
            + (f", {one['n_simulated']} simulated" if one.get("n_simulated") else "")
            for one in raters
        ),
        GUARDS["pseudonyms"],
    )
    signoffs = [
        f"{one.name}, {one.get_role_display().lower()}, "
        f"{one.created_at:%Y-%m-%d %H:%M:%S} UTC, proved by "
        f"{one.get_proof_display().lower()}: {one.meaning}"
        for one in release.signoffs.all()
    ]
    missing = N_SIGNATURES - len(signoffs)
    yield Requirement(
        "Two persons signed",
        "Each proves again who they are; nobody can sign twice; a trigger refuses a "
        "release without two names to the same bytes.",
        (*signoffs, *([f"{missing} signature(s) missing"] if missing else [])),
        GUARDS["signed_by_two"],
    )


def _accountability(release: Release) -> Iterator[Requirement]:
    snapshot = release.snapshot
    yield Requirement(
        "Nothing changes after sealing",
        "Members, files and hashes are closed by triggers.",
        (
            f"{snapshot.n_judgments} judgments, hash {snapshot.members_sha256}",
            f"Sealed {snapshot.sealed_at:%Y-%m-%d %H:%M:%S} UTC",
        ),
        GUARDS["frozen"],
    )
    yield Requirement(
        "The same snapshot gives the same bytes",
        "Fixed order, schema and codec; the software is recorded.",
        (
            f"Manifest {snapshot.manifest_sha256}",
            f"Consilium {snapshot.app_version}, pyarrow {snapshot.facts['pyarrow']}",
        ),
        GUARDS["reproducible"],
    )
    yield Requirement(
        "The origin can be checked offline",
        "An Ed25519 signature over SHA256SUMS, in minisign's format.",
        (
            (f"Key {release.key.key_id}, public half {release.key.public_key}",)
            if release.key
            else ("Not signed yet",)
        ),
        GUARDS["signature"],
    )
    before = release.previous.version if release.previous else "none"
    yield Requirement(
        "The version says what changed",
        "The lowest version is computed from the rows and columns that differ.",
        (f"Version {release.version}", f"Release before: {before}"),
        GUARDS["versions"],
    )
    yield Requirement(
        "Every row can be walked back",
        "To prompt, model, guideline version, raters' qualifications, judgments, "
        "verdicts and audit events.",
        ("On the snapshot's page, and by /api/v1/snapshots/UID/rows/",),
        GUARDS["traceable"],
    )
    gone = withdrawn_rows(release)
    yield Requirement(
        "What must not be used is said within a minute",
        "Flags, revisions, withdrawn tasks and consent, stale evidence and erasure "
        "withdraw rows; the feed of changes names each once.",
        tuple(f"{one.n_rows} rows: {one.reason}" for one in gone)
        or ("No row withdrawn",),
        GUARDS["withdrawal"],
    )
    yield Requirement(
        "Who did what is on record",
        "An append-only log, and history of every row that can change.",
        (f"Prepared by {release.requested_by.name}",),
        GUARDS["audit"],
    )


def as_markdown(release: Release, lines: list[Requirement]) -> str:
    """The dossier as a document."""
    parts = [
        f"# Release dossier: {_cell(release.study.name)} {release.version}",
        f"State: {release.get_state_display()}. Manifest: `{release.manifest_sha256}`.",
        "Not for clinical use.",
    ]
    if release.notes:
        parts.append(release.notes)
    for line in lines:
        evidence = [f"- {_cell(one)}" for one in line.evidence]
        tests = [f"- test `{one}`" for one in line.tests]
        parts += [f"## {line.title}", line.how, "\n".join(evidence + tests)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cell(text: str) -> str:
    """One line, whatever a name holds."""
    return " ".join(text.split())
