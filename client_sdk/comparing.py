"""Compares a local folder with a remote one: what is missing on one side, or other there.

Paths of files and folders are relative to the compared folder and have slashes on every system.
"""

import asyncio
import stat
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from client_sdk.errors import CloudError, NotFound, SourceUnreadable
from client_sdk.file_operations import Browsing
from client_sdk.models import FolderInfo
from client_sdk.paths import join_remote
from protocol.chunks import content_hash

SAME_TIME_S = 1.0
"""Times that differ by less are the same: clocks differ, and some disks keep whole seconds only."""
HASHED_AT_ONCE = 4
"""Files that are hashed, and asked about, at the same time."""


class Likeness(StrEnum):
    """By what two files of the same path are taken for the same."""

    TIMES = "times"
    """The size, and the target is not older than the source."""
    SIZES = "sizes"
    """Size alone."""
    CHECKSUMS = "checksums"
    """Size and hash of the content, which needs all of the local file to be read."""


class PathFilter:
    """Selects files by patterns as in `.gitignore`.

    Args:
        include: Patterns of which one has to match; none of them lets every file pass.
        exclude: Patterns of which none may match.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        # Slow to import, and only needed by those who give patterns.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415

        self._include = GitIgnoreSpec.from_lines(include or ["*"])
        self._exclude = GitIgnoreSpec.from_lines(exclude)

    def takes(self, path: str) -> bool:
        """Whether a file is selected."""
        return self._include.match_file(path) and not self._exclude.match_file(path)


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What one side knows of a file.

    Attributes:
        size: Its size in bytes.
        changed_at: When the file was last changed on this side, in seconds since the epoch.
    """

    size: int
    changed_at: float


@dataclass(frozen=True)
class FolderTree:
    """What lies below a folder.

    Attributes:
        files: The selected files by path.
        folders: Paths of all folders, outer ones first.
        failures: Paths of what cannot be read, with the reasons.
    """

    files: dict[str, FileFacts] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    failures: list[tuple[str, CloudError]] = field(default_factory=list)


@dataclass(frozen=True)
class Difference:
    """How a target differs from its source. All paths are in order.

    Attributes:
        new: Files that the target does not have.
        changed: Files that are other in the target.
        same: Files that are the same.
        extra: Files that only the target has.
        new_folders: Folders that the target does not have.
        extra_folders: Folders that only the target has, inner ones first.
    """

    new: list[str]
    changed: list[str]
    same: list[str]
    extra: list[str]
    new_folders: list[str]
    extra_folders: list[str]


async def compare(
    source: FolderTree,
    target: FolderTree,
    likeness: Likeness,
    has_same_content: Callable[[str], Awaitable[bool]],
) -> Difference:
    """How the target differs.

    Args:
        source: What the target is to have.
        target: What it has.
        likeness: By what files are taken for the same.
        has_same_content: Compares the hashes of a file on both sides, for `Likeness.CHECKSUMS`.

    Raises:
        CloudError: A file could not be compared.
    """
    both = [path for path in source.files if path in target.files]
    permits = asyncio.Semaphore(HASHED_AT_ONCE)

    async def is_same(path: str) -> bool:
        ours, theirs = source.files[path], target.files[path]
        if ours.size != theirs.size or likeness is Likeness.SIZES:
            return ours.size == theirs.size
        if likeness is Likeness.TIMES:
            return theirs.changed_at > ours.changed_at - SAME_TIME_S
        async with permits:
            return await has_same_content(path)

    alike = dict(zip(both, await asyncio.gather(*map(is_same, both)), strict=True))
    return Difference(
        new=sorted(path for path in source.files if path not in target.files),
        changed=sorted(path for path in both if not alike[path]),
        same=sorted(path for path in both if alike[path]),
        extra=sorted(path for path in target.files if path not in source.files),
        new_folders=sorted(set(source.folders) - set(target.folders)),
        extra_folders=sorted(set(target.folders) - set(source.folders), reverse=True),
    )


def local_tree(root: Path, selected: PathFilter) -> FolderTree:
    """What lies in a local folder; nothing if it does not exist. Links are followed, never in circles."""
    tree = FolderTree()
    if root.is_dir():
        _walk(tree, root, "", selected, frozenset())
    return tree


def _walk(
    tree: FolderTree, folder: Path, path: str, selected: PathFilter, above: frozenset[object]
) -> None:
    try:
        facts = folder.stat()
        names = sorted(inside.name for inside in folder.iterdir())
    except OSError as error:
        tree.failures.append((path, SourceUnreadable(f"cannot be read: {error.strerror}")))
        return
    identity = facts.st_dev, facts.st_ino
    if identity in above:
        reason = "this link leads back to a folder above it"
        tree.failures.append((path, SourceUnreadable(reason)))
        return
    for name in names:
        inner = f"{path}/{name}" if path else name
        _add(tree, folder / name, inner, selected, above | {identity})


def _add(
    tree: FolderTree, local: Path, path: str, selected: PathFilter, above: frozenset[object]
) -> None:
    try:
        facts = local.stat()
    except OSError as error:
        tree.failures.append((path, SourceUnreadable(f"cannot be read: {error.strerror}")))
        return
    if stat.S_ISDIR(facts.st_mode):
        tree.folders.append(path)
        _walk(tree, local, path, selected, above)
    elif stat.S_ISREG(facts.st_mode) and selected.takes(path):
        tree.files[path] = FileFacts(size=facts.st_size, changed_at=facts.st_mtime)


async def remote_tree(cloud: Browsing, root: str, selected: PathFilter) -> FolderTree:
    """What lies in a remote folder; nothing if it does not exist. Raises `CloudError`."""
    tree = FolderTree()
    waiting = [""]
    while waiting:
        path = waiting.pop()
        try:
            async for entry in cloud.list(join_remote(root, path) if path else root):
                inner = f"{path}/{entry.name}" if path else entry.name
                if isinstance(entry, FolderInfo):
                    tree.folders.append(inner)
                    waiting.append(inner)
                elif selected.takes(inner):
                    changed = entry.updated_at
                    changed_at = 0.0 if changed is None else changed.timestamp()
                    tree.files[inner] = FileFacts(size=entry.size, changed_at=changed_at)
        except NotFound:
            # It was deleted meanwhile, or is yet to be made.
            continue
    return tree


def local_hash(path: Path, chunk_size: int) -> str:
    """The hash that the manager has of content in chunks of that size. Raises `SourceUnreadable`."""
    digests: list[bytes] = []
    try:
        with path.open("rb") as file:
            while chunk := file.read(chunk_size):
                digests.append(sha256(chunk).digest())
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror}") from error
    return content_hash(digests)
