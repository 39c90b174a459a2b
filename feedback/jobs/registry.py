"""Which function does which kind of job; filled once by `rlhf_site.wiring`."""

from collections.abc import Callable, Mapping

# Takes the primary key of the row the work is about. Must be idempotent: after a
# crash it is called again with the same key.
Work = Callable[[int], None]

_work: dict[str, Work] = {}


def install(work: Mapping[str, Work]) -> None:
    """Replace the registry."""
    _work.clear()
    _work.update(work)


def work_of(kind: str) -> Work:
    """The function for `kind`.

    Raises:
        LookupError: for a kind nobody does, naming those that exist.
    """
    try:
        return _work[kind]
    except KeyError:
        raise LookupError(
            f"No work is wired for {kind!r}; rlhf_site/wiring.py has {sorted(_work)}"
        ) from None
