"""Runs of words as 64-bit hashes, and looking for them: pure functions.

A run that stands in an evaluation set and in a text is an overlap. Published practice
looks for runs of 13 words, and for whole items where they are shorter, down to 8; what
has fewer words is too common to tell anything.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

DEFAULT_WORDS = 13
LEAST_WORDS = 8
MOST_WORDS = 50

_WORD = re.compile(r"[^\W_]+")
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
# A vocabulary larger than this is forgotten and begun anew: memory stays bounded.
_MOST_KNOWN = 200_000


def words_of(text: str) -> list[str]:
    """The words of a text: letters and digits, in one spelling and lower case."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


class Vocabulary:
    """Words as numbers, the same on every machine; remembers those it has met."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def numbers(self, words: Sequence[str]) -> Hashes:
        """Shape (n_words,)."""
        known = self._known
        if len(known) > _MOST_KNOWN:
            known.clear()
        found = []
        for word in words:
            number = known.get(word)
            if number is None:
                digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
                number = known[word] = int.from_bytes(digest, "little")
            found.append(number)
        return np.array(found, dtype=np.uint64)


def runs_of(numbers: Hashes, *, n_words: int) -> Hashes:
    """A hash of each run of `n_words` words.

    Args:
        numbers: of one text, or of several joined; shape (n,).
        n_words: 1 or more.

    Returns:
        Shape (n - n_words + 1,), or empty: one hash for each place where a run begins.
    """
    n_runs = len(numbers) - n_words + 1
    if n_runs <= 0:
        return np.empty(0, dtype=np.uint64)
    found = np.zeros(n_runs, dtype=np.uint64)
    for offset in range(n_words):
        found *= _BASE
        found += numbers[offset : offset + n_runs]
    found ^= found >> np.uint64(31)
    found *= _MIX
    found ^= found >> np.uint64(29)
    return found


def runs_of_item(
    texts: Iterable[str], *, n_words: int, vocabulary: Vocabulary
) -> dict[int, Hashes]:
    """What is to be looked for of one item of an evaluation set.

    Args:
        texts: the item's texts, e.g. question and answer, each for itself.
        n_words: words in a row that count as an overlap.
        vocabulary: of the whole reading.

    Returns:
        Words in a row -> hashes. A text shorter than `n_words` gives itself as a whole,
        one shorter than LEAST_WORDS nothing.

    Source:
        Brown et al., "Language Models are Few-Shot Learners" (2020), appendix C.
    """
    found: dict[int, list[Hashes]] = {}
    for text in texts:
        words = words_of(text)
        if len(words) < LEAST_WORDS:
            continue
        size = min(n_words, len(words))
        runs = runs_of(vocabulary.numbers(words), n_words=size)
        found.setdefault(size, []).append(runs)
    return {size: np.concatenate(runs) for size, runs in found.items()}


def overlapping(
    texts: Sequence[str],
    sets: Mapping[int, Mapping[int, Hashes]],
    *,
    vocabulary: Vocabulary,
) -> Iterator[tuple[int, int]]:
    """Which of the texts share a run of words with which of the sets.

    Args:
        texts: a batch; they are hashed together.
        sets: key of a set -> words in a row -> its hashes, sorted.
        vocabulary: of the whole look.

    Yields:
        (position of the text, key of the set), each once.
    """
    numbers = [vocabulary.numbers(words_of(text)) for text in texts]
    sizes = np.array([len(one) for one in numbers], dtype=np.int64)
    joined = np.concatenate([*numbers, np.empty(0, dtype=np.uint64)])
    owners = np.repeat(np.arange(len(texts)), sizes)
    ends = np.repeat(np.cumsum(sizes), sizes)
    runs: dict[int, Hashes] = {}
    for key, by_size in sets.items():
        found: set[int] = set()
        for n_words, wanted in by_size.items():
            if n_words not in runs:
                runs[n_words] = runs_of(joined, n_words=n_words)
            own = runs[n_words]
            # A run that reaches into the next text is none.
            begins = np.arange(len(own))
            is_whole = begins + n_words <= ends[: len(own)]
            places = np.searchsorted(wanted, own)
            is_known = places < len(wanted)
            is_known[is_known] = wanted[places[is_known]] == own[is_known]
            found.update(np.unique(owners[: len(own)][is_whole & is_known]).tolist())
        for position in sorted(found):
            yield position, key
