"""Files and folders with the paths at which they stand."""

from dataclasses import dataclass, field

from catalog.records import File, Folder, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFolder:
    """A folder and the path at which it stands.

    `sequence` is the number of the change that this is the answer to; None if it is part of another.
    """

    path: tuple[str, ...]
    folder: Folder
    sequence: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFile:
    """A file, the folder in which it stands, and all its shares by user id.

    The file itself carries no share. `sequence` is the number of the change that this is the
    answer to, or of the last change before it was read by `files_of`; None if it is part of another
    answer.
    """

    folder: tuple[str, ...]
    file: File
    shares: tuple[Share, ...]
    sequence: int | None = field(default=None, compare=False)
