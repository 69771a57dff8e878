"""Which files of the disk go where. Walks folders; follows links, but never in circles."""

import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from client_sdk.errors import CloudError, InvalidInput, SourceUnreadable
from client_sdk.paths import clean_folder, join_remote, split_remote

Identity = tuple[int, int]


@dataclass(frozen=True)
class PlannedFile:
    """One file to upload.

    Attributes:
        source: Where it is.
        remote: Full path that it shall have.
        size: Its size in bytes, as of now.
    """

    source: Path
    remote: str
    size: int


@dataclass
class UploadPlan:
    """What is to be done.

    Attributes:
        files: Files to upload.
        empty_folders: Full paths of folders that hold no file.
        problems: What cannot be uploaded, and why.
    """

    files: list[PlannedFile] = field(default_factory=list)
    empty_folders: list[str] = field(default_factory=list)
    problems: list[tuple[Path, CloudError]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def plan_uploads(sources: Iterable[Path], destination: str) -> UploadPlan:
    """Plan the upload of files and folders into a remote folder.

    `holiday` becomes `destination/holiday/…`, with or without a slash at its end.

    Raises:
        InvalidInput: The destination is no path.
    """
    folder = clean_folder(destination)
    plan = UploadPlan()
    for source in sources:
        name = source.name if source.name not in {"", ".."} else source.resolve().name
        if name:
            _add(plan, source, join_remote(folder, name), frozenset())
        else:
            error = InvalidInput("this folder has no name: name the folders inside it")
            plan.problems.append((source, error))
    return plan


def _add(plan: UploadPlan, source: Path, remote: str, above: frozenset[Identity]) -> None:
    try:
        facts = source.stat()
        if stat.S_ISDIR(facts.st_mode):
            _add_folder(plan, source, remote, above, (facts.st_dev, facts.st_ino))
        elif stat.S_ISREG(facts.st_mode):
            split_remote(remote)
            plan.files.append(PlannedFile(source, remote, facts.st_size))
        else:
            raise SourceUnreadable("this is neither a file nor a folder")
    except OSError as error:
        reason = SourceUnreadable(f"this cannot be read: {error.strerror}")
        plan.problems.append((source, reason))
    except CloudError as error:
        plan.problems.append((source, error))


def _add_folder(
    plan: UploadPlan, source: Path, remote: str, above: frozenset[Identity], identity: Identity
) -> None:
    if identity in above:
        raise SourceUnreadable("this link leads back to a folder above it")
    clean_folder(remote)
    names = sorted(inside.name for inside in source.iterdir())
    if not names:
        plan.empty_folders.append(remote)
    for name in names:
        _add(plan, source / name, join_remote(remote, name), above | {identity})
