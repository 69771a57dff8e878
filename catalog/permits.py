"""Which files a user may change: what a write must find true in its own transaction.

Who may do what is decided above the catalog. The decision comes down as the set of standings that a
file may have to the acting user, so that any database can check it within the transaction that writes,
and a right that is taken away at the same moment counts or does not count, but never by halves.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product

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
    """The user who acts, and how a file must stand to that user. Checked again by every call."""

    user_id: int
    standings: frozenset[Standing]

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
