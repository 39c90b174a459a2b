"""Where the key that signs releases is, and which keys have signed before.

The secret half never enters the database. Whoever has it can sign in our name.
"""

import contextlib
import os
import tempfile
from pathlib import Path

from django.db import transaction

from exports.minisign import PublicKey, SecretKey
from exports.models import SigningKey
from feedback.audit.services import record
from feedback.common.exceptions import Conflict


def signing_key(*, text: str, file: Path) -> SecretKey:
    """The key that signs now.

    Args:
        text: the key itself, as the environment gives it; empty if it does not.
        file: otherwise the key is here; made once, readable by its owner only.

    Raises:
        Invalid: if it is no usable key.
        Conflict: if others can read the file.
    """
    if text:
        return SecretKey.from_text(text)
    if not file.exists():
        _write_once(file, SecretKey.generate().text)
    if file.stat().st_mode & 0o077:
        raise Conflict(
            f"Others can read the signing key {file.name}, so it proves nothing.",
            next_step=f"Ask your administrator to run: chmod 600 {file}",
        )
    return SecretKey.from_text(file.read_text(encoding="utf-8"))


@transaction.atomic
def remember_key(public: PublicKey) -> SigningKey:
    """Keep the public half for good, so that old signatures stay checkable.

    Raises:
        Conflict: if another key has the same id, which is drawn at random.
    """
    row, is_new = SigningKey.objects.get_or_create(
        key_id=public.name, defaults={"public_key": public.base64}
    )
    if row.public_key != public.base64:
        raise Conflict(
            f"Another key with the id {public.name} has signed before.",
            next_step="Make a new signing key.",
        )
    if is_new:
        record(action="signing_key.first_used", details={"key_id": row.key_id})
    return row


def _write_once(file: Path, content: str) -> None:
    """Create `file` whole and private; of two processes at once, one wins."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes it 0600.
    descriptor, draft = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(content)
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(draft)
    finally:
        Path(draft).unlink()
