"""For whom an archive is made, and what must be allowed on each file in it."""

from dataclasses import dataclass

from catalog.records import File
from manager.files.rights import FileOperation, access_to


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom an archive is made, and what must be allowed on each file in it."""

    id: int
    operation: FileOperation

    def may(self, file: File) -> bool:
        """Whether the file may be in the archive."""
        return access_to(file, self.id).allows(self.operation)
