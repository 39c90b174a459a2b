"""A configuration as a ``datasets.DatasetDict``, straight from the server."""

from pathlib import Path

from datasets import DatasetDict, load_dataset

from exports.client.pulling import pull
from exports.client.service import Service

CACHE = Path("~/.cache/consilium")


def load(
    wanted: str,
    configuration: str,
    *,
    url: str,
    token: str,
    directory: Path = CACHE,
    public_key: str = "",
) -> DatasetDict:
    """Pull a dataset, check it, and load one configuration of it.

    What is in `directory` already and has the right hashes is not pulled again.

    Args:
        wanted: ``STUDY``, ``STUDY@3`` or ``STUDY@1.2.0``; name a version to pin it.
        configuration: as the card lists them, e.g. ``preference``.
        url: the server's address.
        token: one with the scope ``exports:read``.
        directory: where the folders are kept.
        public_key: the key that must have signed the release.

    Raises:
        Failure: if the dataset cannot be had, saying why.

    Example:
        >>> load("chat-safety@3", "preference", url=url, token=token)  # doctest: +SKIP
        DatasetDict({train: …, test: …})
    """
    pulled = pull(
        Service(url, token),
        wanted,
        configuration=configuration,
        parent=directory.expanduser(),
        public_key=public_key,
    )
    loaded = load_dataset(str(pulled.folder), configuration)
    if not isinstance(loaded, DatasetDict):
        raise TypeError(f"{configuration} loaded as {type(loaded).__name__}")
    return loaded
