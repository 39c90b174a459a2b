"""What chance decides, from stored seeds: task order, sides, arms."""

import hashlib

_BIGINT = 2**63
_PAIR = 2


def shuffle_key(*, seed: int, fingerprint: str) -> int:
    """Position of a task in the study's shuffled order.

    Args:
        seed: the study's.
        fingerprint: the task's; hexadecimal SHA-256.

    Returns:
        A number in [0, 2**63), uniform over tasks, the same on every machine.
    """
    digest = hashlib.sha256(f"order:{seed}:{fingerprint}".encode()).digest()
    return int.from_bytes(digest[:8]) % _BIGINT


def shown_order(
    *, seed: int, fingerprint: str, pseudonym: str, n_items: int
) -> list[int]:
    """The order in which one rater sees a task's items: a fair shuffle.

    Drawn per rater and task, so that neither a rater's habit nor the order of a file
    can look like a preference. Of two items the first stands left.

    Returns:
        A permutation of ``range(n_items)``, the same on every machine.
    """
    drawn = f"side:{seed}:{fingerprint}:{pseudonym}"
    if n_items == _PAIR:
        first = hashlib.sha256(drawn.encode()).digest()[0] & 1
        return [first, 1 - first]
    return sorted(
        range(n_items),
        key=lambda item: hashlib.sha256(f"{drawn}:{item}".encode()).digest(),
    )


def is_revealed(
    *, seed: int, fingerprint: str, pseudonym: str, reveal_percent: int
) -> bool:
    """Whether an assignment falls into the arm that sees others' answers afterwards."""
    drawn = f"reveal:{seed}:{fingerprint}:{pseudonym}"
    digest = hashlib.sha256(drawn.encode()).digest()
    return int.from_bytes(digest[:8]) * 100 < reveal_percent * 2**64
