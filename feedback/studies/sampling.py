"""What chance decides, from stored seeds: task order and which side stands left."""

import hashlib

_BIGINT = 2**63


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


def left_position(*, seed: int, fingerprint: str, pseudonym: str) -> int:
    """Which item of a pair stands left for one rater: 0 or 1, a fair coin.

    Drawn per rater and pair, so that neither a rater's habit nor a pair's order can
    look like a preference.
    """
    text = f"side:{seed}:{fingerprint}:{pseudonym}"
    return hashlib.sha256(text.encode()).digest()[0] & 1
