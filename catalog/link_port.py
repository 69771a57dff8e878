"""The part of the port for links to files. The promises of `catalog.port` hold here as well."""

from dataclasses import dataclass, field
from typing import Protocol, TypedDict
from uuid import UUID

from catalog.records import File


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLink:
    """A link that opens a file without an account.

    Attributes:
        id: names it; no secret.
        token_hash: SHA-256 of what the address holds, which alone opens the file.
        sealed_token: that token, encrypted with a master key, so that its owner can see the address again.
        file_id: the file; None once it has been deleted.
        object_id: the content for which it was made, and with which it ends; None: it follows the file.
        owner_id: who made it; a deleted user takes it along.
        label: the owner's note; may be empty.
        is_requested: whether it was made for a packet, with all options left at their defaults. The same
            request again is answered with the same link.
        password_hash: argon2; None without a password.
        max_downloads: how often it may be used; None for any number.
        downloads: how often it was.
        expires_at: None for never.
        revoked_at: None unless it was.
        last_used_at: when the last download began; None before the first one.
    """

    id: UUID
    token_hash: bytes = field(repr=False)
    sealed_token: bytes = field(repr=False)
    file_id: int | None
    object_id: UUID | None
    owner_id: int
    label: str = ""
    is_requested: bool = False
    password_hash: str | None = field(default=None, repr=False)
    max_downloads: int | None = None
    downloads: int = 0
    created_at: float
    expires_at: float | None
    revoked_at: float | None = None
    last_used_at: float | None = None


class LinkChanges(TypedDict, total=False):
    """What is changed about a link: the fields that are there."""

    label: str
    password_hash: str | None
    max_downloads: int | None
    expires_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLink:
    """A link, and the file that it leads to with the path of its folder: None once it has been deleted."""

    link: FileLink
    folder: tuple[str, ...] | None
    file: File | None


class LinkStore(Protocol):
    """Links to files. One that has ended is kept for a while, so that users can be told why."""

    async def create_link(self, link: FileLink, *, most: int | None) -> None:
        """Adds a link, unless there is one with its id.

        Args:
            link: The link.
            most: How many its owner may have; None for any number. Those that have expired or were
                revoked make room for it.

        Raises `FileMissing`, `UserMissing`, `TooManyLinks`.
        """

    async def link_by_hash(self, token_hash: bytes) -> FileLink | None:
        """The link whose token has that hash, also one that opens nothing any more."""

    async def link_by_id(self, link_id: UUID) -> FileLink | None:
        """The link with that id."""

    async def requested_link(
        self, owner_id: int, file_id: int, object_id: UUID, *, now: float
    ) -> FileLink | None:
        """The newest link in force that was made for a packet, of this user, file and content."""

    async def links_of(
        self, owner_id: int, *, file_id: int | None, after: UUID | None, limit: int
    ) -> list[PlacedLink]:
        """A user's links, the newest first, of one file or (None) of all, those after another one.

        None at all after one that is not there.
        """

    async def change_link(self, link_id: UUID, changes: LinkChanges) -> FileLink:
        """Changes some of its fields; it is no requested link any more. Raises `LinkMissing`."""

    async def extend_link(self, link_id: UUID, expires_at: float) -> FileLink | None:
        """Moves its expiry to a later time; one that never expires stays so.

        None when it is missing or revoked.
        """

    async def revoke_link(
        self, link_id: UUID, *, owner_id: int | None, at: float
    ) -> FileLink | None:
        """Ends a link, which stays revoked since the first time. None sets no owner.

        Answers None when the user has no such link.
        """

    async def count_download(self, link_id: UUID, *, at: float) -> bool:
        """Counts a download, if the link has one left, has not expired at that time, and was not revoked.

        However many are counted at once, `downloads` never exceeds `max_downloads`.
        """

    async def drop_ended_links(self, before: float, *, limit: int) -> int:
        """Deletes links that expired or were revoked before, or were made before and whose file is gone.

        Answers how many; `limit` at most.
        """
