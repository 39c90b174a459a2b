"""The settings of the project on servers of the tests' own, kept in var/test.

Named in pyproject.toml. The variables are set before the real settings read them, so
that processes which tests start run on the same servers.
"""

import os
from pathlib import Path

_environ = os.environ  # noqa: TID251 - decides before anything else reads it
_environ.setdefault("CONSILIUM_ENV", "test")
_environ.setdefault(
    "CONSILIUM_DATA_DIR", str(Path(__file__).resolve().parent.parent / "var" / "test")
)

from rlhf_site.settings import *  # noqa: E402, F403

# Hashing a password on purpose slowly has no place in a thousand sign-ins.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
