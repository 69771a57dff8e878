"""The part of the port for links to folders. The promises of `catalog.port` hold here as well.

A link to a folder opens it for reading, or takes files for it without showing it. What is uploaded by such
a link is entered before it is received (`open_link_upload`), and counted once it is there
(`count_link_upload`), so that a link never takes more than its limits, however many add to it at once.
"""

from dataclasses import dataclass, field
from typing import Protocol, TypedDict
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderLink:
    """A link that opens a folder, or adds to it, without an account.

    Attributes:
        id: names it; no secret.
        token_hash: SHA-256 of what the address holds, which alone opens the folder.
        sealed_token: that token, encrypted with a master key, so that its owner can see the address again.
        folder_id: the folder; None once it has been deleted for good.
        owner_id: who made it; a deleted user takes it along.
        label: the owner's note; may be empty.
        is_for_uploads: whether it adds files to the folder, which it then does not show.
        password_hash: argon2; None without a password.
        max_files: how many files may be added by it; None for any number.
        max_file_size: bytes that each may have; None for any number.
        max_total_size: bytes that they may have together; None for any number.
        received_files: how many were added.
        received_size: bytes that these had.
        expires_at: None for never.
        revoked_at: None unless it was.
        last_used_at: when it was last used, to `NOTED_EVERY_S` seconds; None before the first time.
    """

    id: UUID
    token_hash: bytes = field(repr=False)
    sealed_token: bytes = field(repr=False)
    folder_id: int | None
    owner_id: int
    label: str = ""
    is_for_uploads: bool = False
    password_hash: str | None = field(default=None, repr=False)
    max_files: int | None = None
    max_file_size: int | None = None
    max_total_size: int | None = None
    received_files: int = 0
    received_size: int = 0
    created_at: float
    expires_at: float | None
    revoked_at: float | None = None
    last_used_at: float | None = None


NOTED_EVERY_S = 600.0
"""Seconds within which a use of a link is noted once."""


class FolderLinkChanges(TypedDict, total=False):
    """What is changed about a link: the fields that are there."""

    label: str
    password_hash: str | None
    max_files: int | None
    max_file_size: int | None
    max_total_size: int | None
    expires_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFolderLink:
    """A link, and the path of its folder: None once that is deleted, also in the trash."""

    link: FolderLink
    folder: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUpload:
    """A file that is being added by a link.

    Attributes:
        id: of its content.
        name: under which it is to be there.
        size: in bytes.
        expires_at: until when it takes room of the link, unless it has been counted.
        counted_at: when it was counted; None before.
    """

    id: UUID
    link_id: UUID
    name: str
    size: int
    expires_at: float
    counted_at: float | None = None


class FolderLinkStore(Protocol):
    """Links to folders. One that has ended is kept for a while, so that users can be told why."""

    async def create_folder_link(self, link: FolderLink, *, most: int | None) -> None:
        """Adds a link, unless there is one with its id.

        Args:
            link: The link.
            most: How many links to folders its owner may have; None for any number. Those that have
                expired or were revoked make room for it.

        Raises `FolderMissing` (also for one in the trash), `UserMissing`, `TooManyLinks`.
        """

    async def folder_link_by_hash(self, token_hash: bytes) -> FolderLink | None:
        """The link whose token has that hash, also one that opens nothing any more."""

    async def folder_link_by_id(self, link_id: UUID) -> FolderLink | None:
        """The link with that id."""

    async def folder_links_of(
        self, owner_id: int, *, after: UUID | None, limit: int
    ) -> list[PlacedFolderLink]:
        """A user's links, the newest first, those after another one.

        None at all after one that is not there.
        """

    async def change_folder_link(self, link_id: UUID, changes: FolderLinkChanges) -> FolderLink:
        """Changes some of its fields. Raises `LinkMissing`."""

    async def revoke_folder_link(
        self, link_id: UUID, *, owner_id: int | None, at: float
    ) -> FolderLink | None:
        """Ends a link, which stays revoked since the first time. None sets no owner.

        Answers None when the user has no such link.
        """

    async def note_folder_link(self, link_id: UUID, *, at: float) -> None:
        """Notes that a link is used, unless a use within `NOTED_EVERY_S` is noted."""

    async def open_link_upload(self, upload: LinkUpload) -> None:
        """Enters an upload, unless it is there.

        What else is under way by the link and has not expired at the clock's time takes room of its limits.
        Raises `LinkMissing` (also for one that was revoked, or is not for uploads), `LinkFull`.
        """

    async def link_upload(self, upload_id: UUID) -> LinkUpload | None:
        """The upload, for as long as it is kept."""

    async def count_link_upload(self, upload_id: UUID, *, at: float) -> FolderLink:
        """Counts an upload of which all is there, once, if the limits of its link leave room for it.

        Raises `LinkMissing` (also for one that was revoked, and for an upload that is not there), `LinkFull`.
        """

    async def drop_link_upload(self, upload_id: UUID) -> None:
        """Takes an upload back, also one that was counted. A missing one is no error."""

    async def drop_ended_folder_links(self, before: float, *, limit: int) -> int:
        """Deletes links that expired or were revoked before, or were made before and whose folder is gone.

        Uploads that expired before are deleted as well; what was counted stays counted.
        Answers how many links; `limit` at most.
        """
