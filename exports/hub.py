"""A dataset repository of the Hugging Face Hub, with our bytes and no others.

One commit holds the whole folder, so nobody sees half of it. `push_to_hub` of the
library `datasets` would write the rows anew; this uploads the sealed files.
"""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile

from exports.models import Snapshot
from feedback.common.exceptions import Conflict, Invalid

# What the Hub puts into a repository by itself.
_THEIRS = {".gitattributes"}


def push(
    folder: Path,
    snapshot: Snapshot,
    target: str,
    *,
    token: str,
) -> str:
    """Upload the folder as it is, to a private repository, and check what arrived.

    Args:
        folder: the sealed one.
        snapshot: whose it is.
        target: ``hub://owner/name``.
        token: of the Hub, from the deployment's settings; kept nowhere.

    Returns:
        The commit's id: what to pin.

    Raises:
        Invalid: without a token, or for a target that is no repository.
        Conflict: if the Hub refuses, or gives back other bytes.
    """
    repository = _repository(target)
    if not token:
        raise Invalid(
            "There is no token for the Hugging Face Hub.",
            next_step="An administrator sets CONSILIUM_HUB_TOKEN_FILE.",
        )
    api = HfApi(token=token)
    try:
        api.create_repo(repository, repo_type="dataset", private=True, exist_ok=True)
        _refuse_public(api, repository)
        commit = api.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=folder,
            commit_message=f"Snapshot {snapshot.number}: {snapshot.manifest_sha256}",
            # Files of an earlier snapshot that this one no longer has.
            delete_patterns="*",
        )
        _compare(api, repository, commit.oid, folder, snapshot)
    except HfHubHTTPError as error:
        raise Conflict(
            f"The Hub refused {repository}: {error.server_message or error}.",
            next_step="Check the repository's name and what the token may write.",
        ) from error
    return str(commit.oid)


def _repository(target: str) -> str:
    parts = urlsplit(target)
    name = f"{parts.netloc}{parts.path}".strip("/")
    if name.count("/") != 1:
        raise Invalid(
            f"{target!r} is not a repository of the Hub.",
            next_step="Write hub://owner/name.",
        )
    return name


def _refuse_public(api: HfApi, repository: str) -> None:
    """A repository that is there already may be open to everybody.

    Raises:
        Conflict: then.
    """
    if not api.repo_info(repository, repo_type="dataset").private:
        raise Conflict(
            f"{repository} is public.",
            next_step=(
                "Name another one; it will be private. You can open it on the Hub "
                "afterwards."
            ),
        )


def _compare(
    api: HfApi, repository: str, revision: str, folder: Path, snapshot: Snapshot
) -> None:
    """The Hub's own list of hashes is that of our files, and has no other file.

    Raises:
        Conflict: naming the first that differs.
    """
    entries = api.list_repo_tree(
        repository, repo_type="dataset", revision=revision, recursive=True
    )
    held = {
        entry.path: _is_ours(entry, folder, snapshot)
        for entry in entries
        if isinstance(entry, RepoFile) and entry.path not in _THEIRS
    }
    sealed = set(snapshot.files.values_list("path", flat=True))
    wrong = sorted(
        {path for path, is_ours in held.items() if not is_ours} | (sealed ^ set(held))
    )
    if wrong:
        raise Conflict(
            f"{repository} does not hold what was sent: {wrong[0]}.",
            next_step="Push again.",
        )


def _is_ours(entry: RepoFile, folder: Path, snapshot: Snapshot) -> bool:
    """By SHA-256 where the Hub keeps large files, by git's own hash elsewhere."""
    file = snapshot.files.filter(path=entry.path).first()
    if file is None:
        return False
    if entry.lfs is not None:
        return bool(entry.lfs.sha256 == file.sha256)
    content = (folder / file.path).read_bytes()
    header = f"blob {len(content)}\0".encode()
    git = hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
    return bool(entry.blob_id == git)
