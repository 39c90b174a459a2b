"""Typed readers of the environment that fail loudly.

The only module besides `local_services` that reads `os.environ`. Each reader names
the variable, the value it found and what would be accepted.
"""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_environ = os.environ  # noqa: TID251 - this is the place

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_MIN_SECRET = 50


def text(name: str, default: str = "") -> str:
    """The variable as it is, or what the file that NAME_FILE points to holds."""
    if path := _environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={path!r}: {error}") from error
    return _environ.get(name, default)


def boolean(name: str, *, default: bool) -> bool:
    """True or false in the usual spellings; anything else stops the start."""
    value = text(name).strip().lower()
    if not value:
        return default
    if value in _TRUE | _FALSE:
        return value in _TRUE
    raise ImproperlyConfigured(
        f"{name}={value!r} is not a yes or no; use one of 1/true/yes/on, 0/false/no/off"
    )


def hand_down(name: str, value: str) -> None:
    """Set a variable for the programs that this process starts."""
    _environ[name] = value


def integer(name: str, *, default: int, minimum: int = 0) -> int:
    """A whole number of at least `minimum`."""
    value = text(name).strip()
    if not value:
        return default
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number") from error
    if number < minimum:
        raise ImproperlyConfigured(f"{name}={number} is below {minimum}")
    return number


def words(name: str, *, default: tuple[str, ...] = ()) -> list[str]:
    """A comma-separated list; blanks around items are dropped."""
    value = text(name)
    return [w.strip() for w in value.split(",") if w.strip()] or list(default)


def secret(name: str, *, file: Path) -> str:
    """A secret of at least 50 characters, from the environment or a private file.

    Without the variable, a fresh random secret is made once and kept in `file`
    (mode 0600), so that no two installations ever share one.
    """
    value = text(name)
    if value:
        if len(value) < _MIN_SECRET:
            raise ImproperlyConfigured(
                f"{name} has {len(value)} characters; use at least {_MIN_SECRET}, e.g. "
                'python -c "import secrets; print(secrets.token_urlsafe(50))"'
            )
        return value
    if not file.exists():
        _write_once(file, secrets.token_urlsafe(64))
    value = file.read_text().strip()
    if len(value) < _MIN_SECRET:
        raise ImproperlyConfigured(
            f"{file} holds no usable secret; delete it and start again"
        )
    return value


def _write_once(file: Path, content: str) -> None:
    """Create `file` whole and private; of two processes at once, one wins."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "w") as handle:
            handle.write(content)
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(draft)
    finally:
        Path(draft).unlink()


def database(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for a ``postgresql://`` URL.

    The host may be a socket directory: ``postgresql:///name?host=/run/x&user=y``.

    Raises:
        ImproperlyConfigured: for any other database; PostgreSQL is the only one.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL begins with {parts.scheme!r}; Consilium runs on PostgreSQL "
            "only: postgresql://user:password@host:5432/name"
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": query.pop("user", None) or unquote(parts.username or ""),
        "PASSWORD": query.pop("password", None) or unquote(parts.password or ""),
        "HOST": host,
        "PORT": query.pop("port", None) or str(parts.port or ""),
        "OPTIONS": query,
    }
