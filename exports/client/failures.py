"""What can stop a pull, each with an exit code of its own for scripts."""

from enum import IntEnum


class Code(IntEnum):
    """Exit codes of ``consilium``; 2 is argparse's own for a wrong command line."""

    GOOD = 0
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    UNREACHABLE = 5
    DAMAGED = 6
    WITHDRAWN = 7
    NOT_WRITABLE = 8


class Failure(Exception):  # noqa: N818 - the word people use
    """Why a pull stopped, and what to do now."""

    def __init__(self, code: Code, message: str, next_step: str = "") -> None:
        super().__init__(f"{message} {next_step}".strip())
        self.code = code
