"""Compares a local folder with a remote one: what is missing on one side, or other there.

Paths of files and folders are relative to the compared folder and have slashes on every system.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from client_sdk.errors import CloudError, NotFound, SourceUnreadable
from client_sdk.file_operations import Browsing
from client_sdk.local_files import modification_time, walk
from client_sdk.models import FileInfo, FolderInfo
from client_sdk.paths import join_remote
from protocol.chunks import content_hash

SAME_TIME_S = 0.001
"""Modification times that differ by no more are the same: the manager keeps whole milliseconds."""
CLOCKS_DIFFER_S = 1.0
"""By how much a time of upload may be off, which is by the manager's clock."""
_ROUNDING_S = 0.0001
HASHED_AT_ONCE = 4
"""Files that are hashed, and asked about, at the same time."""


class Likeness(StrEnum):
    """By what two files of the same path are taken for the same."""

    TIMES = "times"
    """Size and modification time; where one side does not know that, the target must not be older."""
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
        changed_at: When its content was last modified, in seconds since the epoch.
        is_exact: Whether that is the modification time which both sides keep; otherwise it is when the file
            came to this side.
    """

    size: int
    changed_at: float
    is_exact: bool = True


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
    *,
    window_s: float = SAME_TIME_S,
) -> Difference:
    """How the target differs.

    Args:
        source: What the target is to have.
        target: What it has.
        likeness: By what files are taken for the same.
        has_same_content: Compares the hashes of a file on both sides, for `Likeness.CHECKSUMS`.
        window_s: By how much modification times of the same file may differ.

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
            return _has_same_time(ours, theirs, window_s)
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


def _has_same_time(ours: FileFacts, theirs: FileFacts, window_s: float) -> bool:
    if ours.is_exact and theirs.is_exact:
        # A hair's breadth more, as seconds are no exact multiple of milliseconds.
        return abs(theirs.changed_at - ours.changed_at) < window_s + _ROUNDING_S
    return theirs.changed_at > ours.changed_at - max(window_s, CLOCKS_DIFFER_S)


def local_tree(root: Path, selected: PathFilter) -> FolderTree:
    """What lies in a local folder; nothing if it does not exist. Links are followed, never in circles."""
    tree = FolderTree()
    if root.is_dir():
        walk(root, _TreeVisitor(tree, selected))
    return tree


@dataclass(frozen=True)
class _TreeVisitor:
    """Adds what a walk finds to a tree."""

    tree: FolderTree
    selected: PathFilter

    def folder(self, path: str, local: Path, *, is_empty: bool) -> bool:
        if path:
            self.tree.folders.append(path)
        return True

    def file(self, path: str, local: Path, facts: os.stat_result) -> None:
        if self.selected.takes(path):
            modified_at = modification_time(facts)
            self.tree.files[path] = FileFacts(
                size=facts.st_size,
                changed_at=facts.st_mtime if modified_at is None else modified_at,
                is_exact=modified_at is not None,
            )

    def other(self, path: str, local: Path) -> None:
        """There is nothing in it that could be transferred."""

    def failure(self, path: str, local: Path, error: CloudError) -> None:
        self.tree.failures.append((path, error))


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
                    tree.files[inner] = _facts_of(entry)
        except NotFound:
            # It was deleted meanwhile, or is yet to be made.
            continue
    return tree


def _facts_of(file: FileInfo) -> FileFacts:
    changed = file.modified_at or file.updated_at
    return FileFacts(
        size=file.size,
        changed_at=0.0 if changed is None else changed.timestamp(),
        is_exact=file.modified_at is not None,
    )


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
