"""Where an upload goes while the folders around it change."""

from protocol.values import MAX_PATH_NAMES

FolderPath = tuple[str, ...]
"""Names from the root down; `()` is the root."""


class Place:
    """The folder that was asked for, wherever it has gone since. It need not exist yet.

    A folder that is deleted goes nowhere: what is entered there makes it anew.
    """

    def __init__(self, path: FolderPath) -> None:
        self._path = path
        self._is_cut = False

    @property
    def path(self) -> FolderPath:
        """Where it is by now."""
        return self._path

    @property
    def is_cut(self) -> bool:
        """Whether it is only a folder around the one that was asked for, whose path cannot be said."""
        return self._is_cut

    def folder_moved(self, before: FolderPath, after: FolderPath) -> None:
        """A folder went from one path to another: this one, one around it, or any other."""
        depth = len(before)
        if self._path[:depth] == before:
            # Folders that do not exist yet may not all fit below the new place.
            path = after + self._path[depth:]
            self._path = path[:MAX_PATH_NAMES]
            self._is_cut |= len(path) > MAX_PATH_NAMES
