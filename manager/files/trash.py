"""How long deleted files are kept, and how many versions of files."""

from dataclasses import dataclass
from typing import Final

from catalog.port import Trashing
from catalog.records import User

DAY_S: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashPolicy:
    """What the operator has decided.

    Attributes:
        keep_s: seconds for which deleted files and folders stay in the trash; 0: there is none.
        versions: earlier contents that are kept of each file; 0: none.
    """

    keep_s: float
    versions: int

    def trashing(self, user: User) -> Trashing | None:
        """What a deletion by the user is; None: it is for good."""
        return Trashing(user_id=user.id, keep_s=self.keep_s) if self.keep_s else None
