"""Which files and folders a user may change: what a write must find true in its own transaction.

Who may do what is decided above the catalog. The decision comes down as the set of standings that a
file may have to the acting user, so that any database can check it within the transaction that writes,
and a right that is taken away at the same moment counts or does not count, but never by halves. Where
rights on folders count, the decision names the right that is enough as well.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from catalog.folder_rights import FolderRight
from catalog.records import File


class Holder(StrEnum):
    """Whose a file is, seen by one user."""

    USER = "user"
    """That user's."""
    NOBODY = "nobody"
    OTHER = "other"
    """Another user's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything that rights depend on; `can_write` is that of the user's share, None without."""

    holder: Holder
    is_public: bool
    can_write: bool | None


STANDINGS = frozenset(
    Standing(holder=holder, is_public=is_public, can_write=can_write)
    for holder, is_public, can_write in product(Holder, (False, True), (None, False, True))
)
"""Every standing that there is."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The user who acts, and what must be true for that user. Checked again by every call.

    Attributes:
        user_id: who acts.
        standings: how a file may stand to the user.
        folder_right: the right on its folder that covers a file as well, and that the user must have on
            every folder of which entries are added, renamed, moved or deleted. None: rights on folders
            do not count, and folders need none.
    """

    user_id: int
    standings: frozenset[Standing] = frozenset()
    folder_right: FolderRight | None = None

    def allows(self, file: File) -> bool:
        """Whether it covers a file, which carries the user's share."""
        return standing_of(file, self.user_id) in self.standings


def standing_of(file: File, user_id: int) -> Standing:
    """How a file, which carries the user's share, stands to that user."""
    if file.owner_id is None:
        holder = Holder.NOBODY
    else:
        holder = Holder.USER if file.owner_id == user_id else Holder.OTHER
    can_write = None if file.share is None else file.share.can_write
    return Standing(holder=holder, is_public=file.is_public, can_write=can_write)
