"""What can go wrong, in one sentence that says what to do."""

import errno


class ServiceError(RuntimeError):
    """A service could not be started, found or stopped; the text is for people."""


_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or set CONSILIUM_DATA_DIR",
    errno.EDQUOT: "your disk quota is used up; free some space or set "
    "CONSILIUM_DATA_DIR",
    errno.EACCES: "permission is denied; use a folder that you own "
    "(CONSILIUM_DATA_DIR) or run as its owner",
    errno.EPERM: "the system does not permit it; use a folder that you own "
    "(CONSILIUM_DATA_DIR) or run as its owner",
    errno.EROFS: "the file system is read-only; set CONSILIUM_DATA_DIR to a folder "
    "that can be written",
    errno.ENOTDIR: "a part of the path is a file; set CONSILIUM_DATA_DIR to a folder",
    errno.EEXIST: "a file of that name is in the way; move it or set "
    "CONSILIUM_DATA_DIR",
    errno.ENAMETOOLONG: "the path is too long; set CONSILIUM_DATA_DIR to a shorter one",
}


def from_os_error(error: OSError, *, doing: str) -> ServiceError:
    """The sentence for `error`, met while `doing` something."""
    where = f" ({error.filename})" if error.filename else ""
    reason = _REASONS.get(error.errno or 0, f"{error.strerror or error}")
    return ServiceError(f"Could not {doing}{where}: {reason}.")
