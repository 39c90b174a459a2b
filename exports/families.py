"""Which prompts are one family, and its split: pure functions, the same answer in any order.

Two prompts belong together if the import says so (same case), if they are about one
patient, if their words are the same, or if so much of their wording is shared that a
model trained on one has seen the other. A family is in one split only.

Near-duplicates are found with MinHash: each text becomes the smallest of many hashes of
its shingles, and texts that agree on a band of those are compared in full.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Split = Literal["train", "test", "benchmark"]

# Runs of so many characters are compared. Shorter than two words nothing is telling.
SHINGLE_CHARACTERS = 12
# Below it one word is a large share of the text, and other words another question:
# only the same words make such prompts a family.
MIN_CHARACTERS = 80
ROWS_A_BAND = 4
N_BANDS = 8

_BATCH = 2_000
_BASE = 1_099_511_628_211
_MASK = 2**64 - 1
_NO_WORD = re.compile(r"[\W_]+")


def _mixed(state: int) -> int:
    """One step of splitmix64: the same constants on every machine and version."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
    return state ^ (state >> 31)


_FACTORS = [
    _mixed(n * 0x9E3779B97F4A7C15 & _MASK) | 1
    for n in range(1, ROWS_A_BAND * N_BANDS + 1)
]


def words_of(messages: Iterable[Mapping[str, str]]) -> str:
    """What is compared of a prompt: its words in lower case, one blank between them.

    Args:
        messages: the conversation. System turns are left out: many prompts share one,
            and it says nothing about the case.
    """
    turns = (turn["content"] for turn in messages if turn["role"] != "system")
    return _NO_WORD.sub(" ", " ".join(turns).casefold()).strip()


def _hashes(joined: bytes) -> Hashes:
    """A hash of each run of SHINGLE_CHARACTERS bytes."""
    codes = np.frombuffer(joined, dtype=np.uint8).astype(np.uint64)
    n_runs = len(codes) - SHINGLE_CHARACTERS + 1
    found = np.zeros(n_runs, dtype=np.uint64)
    for offset in range(SHINGLE_CHARACTERS):
        found *= np.uint64(_BASE)
        found += codes[offset : offset + n_runs]
    found ^= found >> np.uint64(30)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(27)
    return found


def signatures_of(texts: Sequence[str]) -> Hashes:
    """The MinHash signature of each text.

    Args:
        texts: as `words_of` returns them, each of MIN_CHARACTERS or more.

    Returns:
        Shape (n_texts, N_BANDS * ROWS_A_BAND). The share of equal columns of two rows
        estimates the Jaccard similarity of their shingles.

    Raises:
        ValueError: if a text is too short to have shingles.

    Source:
        Broder, "On the resemblance and containment of documents" (1997).
    """
    signatures = np.empty((len(texts), len(_FACTORS)), dtype=np.uint64)
    for start in range(0, len(texts), _BATCH):
        batch = [text.encode() for text in texts[start : start + _BATCH]]
        sizes = np.array([len(text) for text in batch], dtype=np.int64)
        if (sizes < SHINGLE_CHARACTERS).any():
            raise ValueError(f"a text has fewer than {SHINGLE_CHARACTERS} bytes")
        first = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        # Runs that reach into the next text are skipped: every other range.
        edges = np.column_stack((first, first + sizes - SHINGLE_CHARACTERS + 1)).ravel()
        hashes = _hashes(b"".join(batch))
        # The last edge is the end of the array, which reduceat takes as implied.
        edges = edges[:-1] if edges[-1] == len(hashes) else edges
        for column, factor in enumerate(_FACTORS):
            smallest = np.minimum.reduceat(hashes * np.uint64(factor), edges)
            signatures[start : start + len(batch), column] = smallest[::2]
    return signatures


def candidate_pairs(signatures: Hashes) -> set[tuple[int, int]]:
    """Pairs of rows worth comparing in full: they agree on a whole band.

    Args:
        signatures: of `signatures_of`.

    Returns:
        Within each group that agrees, every row with the first and with the one before
        it, so that a large group costs no square of its size. At a similarity of 0.8
        a pair agrees on a band with probability 0.98.

    Source:
        Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3.
    """
    pairs: set[tuple[int, int]] = set()
    for band in range(N_BANDS):
        own = signatures[:, band * ROWS_A_BAND : (band + 1) * ROWS_A_BAND]
        order = np.lexsort(own.T[::-1])
        is_same = (own[order[1:]] == own[order[:-1]]).all(axis=1)
        head = 0
        for position, same in enumerate(is_same, start=1):
            if not same:
                head = position
                continue
            row = int(order[position])
            for other in {int(order[head]), int(order[position - 1])}:
                pairs.add((min(row, other), max(row, other)))
    return pairs


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of two texts' shingles, 0 to 1.

    Args:
        one: as `words_of` returns it, of SHINGLE_CHARACTERS bytes or more.
        other: likewise.
    """
    a, b = (np.unique(_hashes(text.encode())) for text in (one, other))
    n_shared = len(np.intersect1d(a, b, assume_unique=True))
    return n_shared / (len(a) + len(b) - n_shared)


class Families:
    """Families in the making: a forest of rows that were found to belong together."""

    def __init__(self, group_ids: Sequence[str]) -> None:
        self._group_ids = group_ids
        self._parents = list(range(len(group_ids)))
        self._seen: dict[Hashable, int] = {}

    def _root(self, row: int) -> int:
        while self._parents[row] != row:
            self._parents[row] = self._parents[self._parents[row]]
            row = self._parents[row]
        return row

    def join(self, one: int, other: int) -> None:
        """Put two rows, and so their families, into one."""
        a, b = self._root(one), self._root(other)
        self._parents[max(a, b)] = min(a, b)

    def join_by(self, key: Hashable, row: int) -> None:
        """Put a row into the family of whoever had this key."""
        self.join(self._seen.setdefault(key, row), row)

    def ids(self) -> list[str]:
        """The family of each row, named by the smallest `group_id` in it.

        The splits are ranges of that name, the held-out ones lowest. So when a new
        prompt joins two families, both go where the more held-out of them was: from
        train to test, or to the benchmark, and never back.
        """
        smallest: dict[int, str] = {}
        roots = [self._root(row) for row in range(len(self._parents))]
        for row, root in enumerate(roots):
            own = self._group_ids[row]
            smallest[root] = min(smallest.get(root, own), own)
        return [smallest[root] for root in roots]


def text_key(words: str) -> bytes:
    """Names a text by its words, in little room."""
    return hashlib.blake2b(words.encode(), digest_size=16).digest()


def in_batches(rows: Iterable[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Pairs in order, a few thousand at a time."""
    ordered = sorted(rows)
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]


def sizes_of(group_ids: Iterable[str]) -> dict[str, int]:
    """How many prompts each family has."""
    sizes: dict[str, int] = defaultdict(int)
    for group_id in group_ids:
        sizes[group_id] += 1
    return dict(sizes)


def split_of(group_id: str, *, test_percent: int, benchmark_percent: int = 0) -> Split:
    """The split of a family, from the first eight hex digits of its `group_id`.

    The same family is in the same split in every snapshot with the same shares, and
    larger shares only ever move families towards the benchmark, never into training.

    Args:
        group_id: hexadecimal.
        test_percent: share of the families for the test split.
        benchmark_percent: share that never enters training; the lowest names.
    """
    place = int(group_id[:8], 16) * 100 / 2**32
    if place < benchmark_percent:
        return "benchmark"
    return "test" if place < benchmark_percent + test_percent else "train"
