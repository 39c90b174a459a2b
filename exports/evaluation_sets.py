"""Naming an evaluation set: its file is read once, and only hashes of it are kept."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from django.db import transaction

from exports.models import EvaluationGrams, EvaluationSet
from exports.overlaps import LEAST_WORDS, Hashes, Vocabulary, runs_of_item
from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common.exceptions import Conflict
from feedback.corpus.reading import MAX_LINE_BYTES, Row, open_rows
from feedback.corpus.reading.lines import read_lines
from feedback.corpus.refusals import FileRefused, Reject, quoted
from feedback.studies.models import Study

# 32 MB of hashes for a set: about 30 million words, far above any benchmark.
MOST_GRAMS = 4_000_000
GRAMS_A_BLOCK = 131_072
# Hashes gathered before doubles are taken out.
_WAITING = 1_000_000
_TEXT_ENDINGS = {".txt", ".md", ".text"}
_DEPTH = 16


@dataclass(slots=True)
class _Gathered:
    """Hashes by their number of words, doubles taken out now and then."""

    n_items: int = 0
    n_too_short: int = 0
    waiting: dict[int, list[Hashes]] = field(default_factory=dict)
    n_waiting: int = 0

    def add(self, runs: dict[int, Hashes]) -> None:
        """One item's runs."""
        self.n_items += 1
        self.n_too_short += not runs
        for size, hashes in runs.items():
            self.waiting.setdefault(size, []).append(hashes)
            self.n_waiting += len(hashes)
        if self.n_waiting > _WAITING + MOST_GRAMS:
            self._unite()

    def _unite(self) -> None:
        self.waiting = {
            size: [np.unique(np.concatenate(hashes))]
            for size, hashes in self.waiting.items()
        }
        self.n_waiting = sum(len(one) for (one,) in self.waiting.values())
        if self.n_waiting > MOST_GRAMS:
            raise FileRefused(
                f"The file has more than {MOST_GRAMS:,} different runs of words.",
                next_step="Split it into several sets, or look for longer runs.",
            )

    def by_size(self) -> dict[int, Hashes]:
        """Words in a row -> sorted hashes, each once."""
        self._unite()
        return {size: one for size, (one,) in sorted(self.waiting.items())}


def name_evaluation_set(
    *,
    study: Study,
    name: str,
    source: str,
    n_words: int,
    path: Path,
    file_name: str,
    actor: User,
) -> EvaluationSet:
    """Read a benchmark's file and keep what is needed to find its texts again.

    Args:
        study: whose snapshots are to be checked from now on.
        name: as the card will call it; once per study among those in use.
        source: where it comes from, for the card.
        n_words: words in a row that count as an overlap.
        path: the file; may be removed afterwards.
        file_name: as the person called it; `.txt` is read line by line, anything else
            as JSON lines, CSV or Parquet.
        actor: who brings it.

    Raises:
        FileRefused: if a row cannot be read (named by its number), nothing is long
            enough to be looked for, or there is too much.
        Conflict: if the study has a set of this name in use.
    """
    gathered = _gather(path, file_name=file_name, n_words=n_words)
    by_size = gathered.by_size()
    if not by_size:
        raise FileRefused(
            f"No text of {file_name} has {LEAST_WORDS} words or more, so none can be "
            "looked for.",
            next_step="Choose a file whose rows hold whole questions or answers.",
        )
    with transaction.atomic():
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        if study.evaluation_sets.filter(name=name, retired_at=None).exists():
            raise Conflict(
                f"Study {study.name!r} has an evaluation set {name!r} in use.",
                next_step="Stop using that one first, or choose another name.",
            )
        named = EvaluationSet(
            study=study,
            name=name,
            source=source,
            file_name=file_name,
            sha256=_file_sha256(path),
            n_words=n_words,
            n_items=gathered.n_items,
            n_too_short=gathered.n_too_short,
            n_grams=sum(len(hashes) for hashes in by_size.values()),
            uploaded_by=actor,
        )
        named.full_clean()
        named.save()
        EvaluationGrams.objects.bulk_create(_blocks(named, by_size), batch_size=8)
        record(
            action="evaluation_set.named",
            subject=named,
            actor=actor,
            details={"name": name, "sha256": named.sha256, "n_items": named.n_items},
        )
    return named


@transaction.atomic
def retire_evaluation_set(
    *, evaluation_set: EvaluationSet, actor: User, now: datetime
) -> EvaluationSet:
    """Check no later snapshot against a set; what is sealed stays as it is.

    Raises:
        Conflict: if it is out of use already.
    """
    row = EvaluationSet.objects.select_for_update().get(pk=evaluation_set.pk)
    if row.retired_at is not None:
        raise Conflict(
            f"The evaluation set {row.name!r} is out of use already.",
            next_step="Bring its file again if snapshots should be checked with it.",
        )
    row.retired_at = now
    row.save(update_fields=["retired_at"])
    record(action="evaluation_set.retired", subject=row, actor=actor)
    return row


def _gather(path: Path, *, file_name: str, n_words: int) -> _Gathered:
    gathered, vocabulary = _Gathered(), Vocabulary()
    for texts in _items(path, file_name=file_name):
        gathered.add(runs_of_item(texts, n_words=n_words, vocabulary=vocabulary))
    return gathered


def _items(path: Path, *, file_name: str) -> Iterator[list[str]]:
    """The texts of each item. One bad row spoils the set: a hole in it would not show."""
    if PurePath(file_name).suffix.lower() in _TEXT_ENDINGS:
        yield from _text_items(path)
        return
    with open_rows(path, file_name=file_name) as rows:
        for row in rows:
            if isinstance(row, Reject):
                raise _refused(row.row_no, row.reason, row.next_step)
            assert isinstance(row, Row)  # noqa: S101 - for the type checker
            yield list(_texts_in(row.cells, depth=0))


def _text_items(path: Path) -> Iterator[list[str]]:
    with path.open("rb") as file:
        for line in read_lines(file):
            if line.content is None:
                limit = MAX_LINE_BYTES // 1024 // 1024
                raise _refused(
                    line.number,
                    f"The line is longer than {limit} MiB.",
                    "Put each item on a line of its own.",
                )
            try:
                text = line.content.decode()
            except UnicodeDecodeError as error:
                raise _refused(
                    line.number,
                    f"It is not UTF-8: {quoted(line.content[error.start :][:4])}.",
                    "Save the file as UTF-8.",
                ) from error
            if text.strip():
                yield [text]


def _refused(number: int, reason: str, next_step: str) -> FileRefused:
    return FileRefused(f"Row {number}: {reason}", next_step=next_step)


def _texts_in(value: Any, *, depth: int) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Every text in a row, however deep, in a fixed order."""
    if isinstance(value, str):
        yield value
    elif depth < _DEPTH:
        inner: Iterable[Any] = ()
        if isinstance(value, dict):
            inner = value.values()
        elif isinstance(value, (list, tuple)):
            inner = value
        for one in inner:
            yield from _texts_in(one, depth=depth + 1)


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _blocks(
    named: EvaluationSet, by_size: dict[int, Hashes]
) -> Iterator[EvaluationGrams]:
    for size, hashes in by_size.items():
        for block_no, start in enumerate(range(0, len(hashes), GRAMS_A_BLOCK)):
            block = hashes[start : start + GRAMS_A_BLOCK]
            yield EvaluationGrams(
                evaluation_set=named,
                n_words=size,
                block_no=block_no,
                hashes=block.astype("<u8").tobytes(),
            )
