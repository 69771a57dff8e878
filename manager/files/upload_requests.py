"""Requests of clients for uploads, and their destinations while folders are renamed and moved. No I/O."""

from dataclasses import dataclass

from protocol.values import MAX_PATH_NAMES

FolderPath = tuple[str, ...]
"""Names from the root down; `()` is the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedUpload:
    """A client's request for an upload. Ids are UUID strings, sizes are bytes.

    Attributes:
        user_id: the future owner of the file; None for none.
        folder: names from the root down; `()` is the root. It may be renamed and moved later.
        do_overwrite: whether a file of the same name is replaced without asking.
        modified_at: when the file was last modified where it comes from; None: that is not known, or its
            content is begun already.
    """

    upload_id: str
    client: str
    user_id: int | None
    folder: tuple[str, ...]
    name: str
    size: int
    is_public: bool
    do_overwrite: bool
    chunk_size: int
    chunk_count: int
    modified_at: float | None = None


class DestinationFolder:
    """The folder that a client requested, wherever it was moved since. It need not exist yet.

    A deleted folder keeps its path: a commit creates it again.
    """

    def __init__(self, path: FolderPath) -> None:
        self._whole = path

    @property
    def whole_path(self) -> FolderPath:
        """Its present path, which may have more names than a path can have."""
        return self._whole

    @property
    def path(self) -> FolderPath:
        """Its present path, or that of a parent."""
        return self._whole[:MAX_PATH_NAMES]

    @property
    def is_truncated(self) -> bool:
        """Whether the path is that of a parent, because the whole path has too many names."""
        return len(self._whole) > MAX_PATH_NAMES

    def folder_moved(self, before: FolderPath, after: FolderPath) -> None:
        """A folder was moved: this one, a parent of it, or any other."""
        depth = len(before)
        if self._whole[:depth] == before:
            # Folders that do not exist yet may not all fit below the new path.
            self._whole = after + self._whole[depth:]
