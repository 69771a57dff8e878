"""What the manager reads and writes, independent of the database that stores it.

Promises that every adapter keeps, and that the contract suite holds them to:

* A call that returned is durable; a call that raised changed nothing, unless the error is
  `CatalogUnavailable`, after which the write may or may not have happened.
* A call that is cancelled happened as a whole or not at all.
* Every write is idempotent by its key, so it may be repeated after `CatalogUnavailable`.
* Each call is one transaction. Uniqueness is the database's, never a check before a write.
* Paths are tuples of names, `()` being the root; callers have validated them.
* A path is that of one file or of one folder. Where a name is numbered, it is one that neither a file
  nor a folder beside it has.
* A write with a `permit` raises `NotPermitted`, and changes nothing, when a file that it concerns
  does not stand to the user as the permit asks; None asks for nothing. With a `folder_right` the permit
  asks for that right on each folder of which entries are added, renamed, moved or deleted, too.
* Every change of folders and files has a number, one more than the change committed before it: the
  answer carries it as `sequence`. A call that changed nothing has none (None), a repeated one whose
  first answer was lost has that of the first. `sequence` does not count in comparing answers.
* Listings by name are in natural order, without regard to case and accents (`catalog.sort_keys`); names
  of equal keys go by id.
* Nothing but errors of `catalog.errors` is raised. Values that no record may hold raise
  `InvalidRecord`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from catalog.account_port import AccountStore
from catalog.audit_port import AuditStore
from catalog.content_port import MasterKeyStore, MessageStore, ObjectStore, WebhookStore
from catalog.copy_port import CopyStore
from catalog.errors import CatalogError
from catalog.factor_port import FactorStore
from catalog.folder_link_port import FolderLinkStore
from catalog.identity_port import IdentityStore
from catalog.invitation_port import InvitationStore
from catalog.kept_upload_port import KeptUploadStore
from catalog.link_port import LinkStore
from catalog.login_port import AppPasswordStore, SessionStore
from catalog.permits import Permit
from catalog.placed import PlacedFile, PlacedFolder
from catalog.quota_port import QuotaStore
from catalog.records import (
    File,
    FileOrder,
    Folder,
    FolderCounts,
    Share,
    StoredObject,
)
from catalog.search_port import SearchStore
from catalog.service_credential_port import ServiceCredentialStore
from catalog.service_port import JobStore, KeyStore, ReferenceStore, TicketStore, ViewStore
from catalog.signing_key_port import SigningKeyStore
from catalog.space_port import GroupStore, SpaceStore
from catalog.star_port import StarStore
from catalog.transfer_records import CatalogTransfer
from catalog.trash_port import TrashStore, VersionStore

FolderPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailOnConflict:
    """A taken name is reported as `NameTaken` and nothing is written."""


@dataclass(frozen=True, slots=True)
class OverwriteOnConflict:
    """A taken name gets the new content, if the file there is still `file_id`; else `NameTaken`.

    That file is what `permit` has to cover; a name that is free by now needs none.
    """

    file_id: int
    permit: Permit | None = None


@dataclass(frozen=True, slots=True)
class RenameOnConflict:
    """A taken name is numbered: `name (1).ext`, `name (2).ext`, …: the first that is free."""


OnConflict = FailOnConflict | OverwriteOnConflict | RenameOnConflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Trashing:
    """Puts what is deleted into the trash.

    Attributes:
        user_id: who deletes it, and so may restore it.
        keep_s: seconds for which it is kept there.
    """

    user_id: int
    keep_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFolder:
    """A folder that was renamed or moved, as it stood before and stands now."""

    before: PlacedFolder
    after: PlacedFolder
    sequence: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedFiles:
    """Files that a user does not own any more, and how many the user owns still.

    Each stands as it was when it was deleted, or as it is with its new owner.
    """

    files: tuple[PlacedFile, ...]
    remaining: int
    sequence: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file, with the share of who looks for it, and the folder in which it stands."""

    folder: FolderPath
    file: File


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSummary:
    """What a folder amounts to.

    Attributes:
        size: bytes of all files in its subtree.
        changed_at: when the content of a file directly in it last changed, or it was made or imported
            if that was later. None: it has no file, and is older than folders' dates.
    """

    folder_id: int
    size: int
    changed_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedFile:
    """A file as it stood before a move and stands now; the same if it stood there already.

    `sequence` is that of the whole call.
    """

    before: PlacedFile
    after: PlacedFile
    sequence: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFolders:
    """The folder asked for, and those that had to be made for it, outermost first."""

    folder: Folder
    created: tuple[PlacedFolder, ...]
    sequence: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedFile:
    """A file that now exists; `replaced` is whether it took the place of other content.

    `folder` is the path that was asked for. `shares` are all its shares by user id; the file itself
    carries none. `sequence` is None also for a repeated commit that an import brought.
    """

    folder: FolderPath
    file: File
    shares: tuple[Share, ...]
    created_folders: tuple[PlacedFolder, ...]
    replaced: bool
    sequence: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadCommit:
    """An upload all of whose chunks are stored, and the file that it is to be.

    Attributes:
        object_id: its content.
        mime_type: of the content; one that is stored already keeps its own.
        hash_hex: of the content, likewise.
        folder: the path of the folder, which is made where it is missing.
        name: of the file.
        owner_id: whose the file is to be; None: everybody's.
        is_public: whether everybody may see it.
        on_conflict: what a taken name means.
        hold: service and key of the reference that has kept the content alive until now, and is
            released with the commit; None: there is none.
        draft: the object that the commit begins, for content without chunks; None: it has begun.
        permit: what a new file, and new folders, need on the folder in which they are made; None: nothing.
        keep_versions: how many versions an overwritten file has at most, the replaced content
            included; 0: that is released.
    """

    object_id: UUID
    mime_type: str
    hash_hex: str
    folder: FolderPath
    name: str
    owner_id: int | None
    is_public: bool
    on_conflict: OnConflict
    hold: tuple[str, str] | None = None
    draft: StoredObject | None = None
    permit: Permit | None = None
    keep_versions: int = 0


class FolderStore(Protocol):
    """Folders and what lies in them."""

    async def folder_at(self, path: FolderPath) -> Folder | None:
        """The folder that stands at that path."""

    async def folder_by_id(self, folder_id: int) -> Folder | None:
        """The folder with that id."""

    async def folder_path(self, folder_id: int) -> FolderPath:
        """Where the folder stands. Raises `FolderMissing`."""

    async def make_folders(self, path: FolderPath, *, permit: Permit | None = None) -> MadeFolders:
        """Makes the folder and its parents where they are missing. An existing one is no error.

        Raises `NotAFolder`, `NotPermitted`.
        """

    async def counts(self, folder_id: int) -> FolderCounts:
        """How many entries lie directly in the folder. Raises `FolderMissing`."""

    async def list_folders(
        self, folder_id: int, *, offset: int, limit: int, ascending: bool = True
    ) -> list[PlacedFolder]:
        """Subfolders by name, with the paths at which they stand.

        None for a missing folder.
        """

    async def list_files(
        self,
        folder_id: int,
        *,
        viewer_id: int | None,
        order: FileOrder,
        ascending: bool,
        offset: int,
        limit: int,
    ) -> list[File]:
        """Files of the folder, each with the viewer's share; none for a missing folder.

        Ties are broken by name, then by id, ascending.
        """

    async def usage_by_type(self, folder_id: int) -> dict[str, int]:
        """Bytes by MIME type in the whole subtree, read from totals that every write maintains.

        Raises `FolderMissing`.
        """

    async def rename_folder(
        self, folder_id: int, name: str, *, permit: Permit | None = None
    ) -> ChangedFolder:
        """Takes the first free `name (n)` when taken.

        Raises `FolderMissing`, `RootIsFixed`, `NotPermitted`.
        """

    async def move_folder(
        self,
        folder_id: int,
        parent_id: int,
        *,
        max_depth: int | None = None,
        permit: Permit | None = None,
    ) -> ChangedFolder:
        """Moves the folder with all in it, numbering a taken name.

        `max_depth` is how many names the path of a folder may have; it does not bind one that comes
        to lie no deeper than before.
        Raises `FolderMissing`, `RootIsFixed`, `FolderCircle`, `TooDeep`, `NotPermitted`.
        """

    async def delete_folder(
        self, folder_id: int, *, permit: Permit | None = None, trashing: Trashing | None = None
    ) -> PlacedFolder | None:
        """Deletes the folder and everything in it; the permit must cover all its files.

        A permit with a right on folders asks for that right on the folder in which it lies, and for nothing
        else: who has it has it on all below.

        With `trashing` it goes into the trash as a whole. App passwords that are confined to it, or to
        a folder in it, are deleted in either case.
        Answers what was deleted, None for a missing folder. Raises `RootIsFixed`, `NotPermitted`,
        `UserMissing` for who trashes it.
        """


class Overview(Protocol):
    """Sums over folders, and files by when they were changed."""

    async def folder_summaries(
        self, folder_id: int, *, offset: int, limit: int, ascending: bool = True
    ) -> list[FolderSummary]:
        """Sizes and dates of the subfolders that `FolderStore.list_folders` lists, in its order.

        The effort is that of the page: sizes are read from totals that every write maintains.
        """

    async def recent_files(self, *, viewer_id: int, limit: int) -> list[FoundFile]:
        """Files that the viewer may read, those first whose content changed last.

        Each has the viewer's share. Ties are broken by id, descending. The effort is that of `limit`
        and of the files that are shared with the viewer.
        """


class FileStore(Protocol):
    """Names for content, and who may see it."""

    async def file_at(
        self, folder: FolderPath, name: str, *, viewer_id: int | None = None
    ) -> File | None:
        """The file of that name in the folder at that path, with the viewer's share."""

    async def file_by_id(self, file_id: int, *, viewer_id: int | None = None) -> File | None:
        """The file with that id, with the viewer's share."""

    async def files_in(
        self, folder_id: int, names: Sequence[str], *, viewer_id: int | None = None
    ) -> list[File]:
        """Those files of the folder that have one of the names, with the viewer's shares."""

    async def files_of(self, object_id: UUID) -> list[PlacedFile]:
        """The files that have this content, by id."""

    async def commit_upload(self, upload: UploadCommit) -> CommittedFile:
        """Completes content as `ObjectStore.finish_object` does, and gives it a name.

        Makes the folders, takes the name, releases replaced content and the upload's own
        reference: all of it or nothing. An overwritten file keeps its id, owner, rights and
        creation time. The file is a permanent reference to the object; other references are left
        as they are. The object is queued for processing.
        Called again with the same `object_id` it returns what it did the first time, even if
        the file or the right to overwrite it has changed since; the shares are the current ones.
        Raises `NameTaken` (with the file that has it), `IsAFolder` (when a folder has it, unless it is
        numbered), `NotAFolder`, `NotPermitted`, `ObjectMissing`, `ObjectIncomplete`, `UserMissing`,
        `QuotaExceeded`.
        """

    async def commit_uploads(
        self, uploads: Sequence[UploadCommit]
    ) -> list[CommittedFile | CatalogError]:
        """Does what `commit_upload` does for many uploads, in their order, in one transaction.

        For each the answer, or the error by which it alone has failed. The changes are numbered
        without another one in between. Raises `CatalogUnavailable`: then any of it may have happened.
        """

    async def check_place(self, folder: FolderPath, name: str) -> None:
        """Looks whether `commit_upload` would find a file or folder where none can be, for now.

        Raises `NotAFolder` for the folder or one above it, `IsAFolder` for the name.
        """

    async def rename_file(
        self, file_id: int, name: str, *, permit: Permit | None = None
    ) -> PlacedFile:
        """Takes the first free `name (n)` when taken. Raises `FileMissing`, `NotPermitted`."""

    async def move_files(
        self, file_ids: Sequence[int], folder_id: int, *, permit: Permit | None = None
    ) -> list[MovedFile]:
        """Moves all or none, numbering taken names. The answer is in the order of the ids.

        Raises `FileMissing`, `FolderMissing`, `NotPermitted`.
        """

    async def delete_file(
        self, file_id: int, *, permit: Permit | None = None, trashing: Trashing | None = None
    ) -> PlacedFile | None:
        """Deletes the name, or with `trashing` puts the file into the trash.

        Answers what was deleted, None for a missing file. Content goes once nothing else refers to it.
        Raises `NotPermitted`, `UserMissing` for who trashes it.
        """

    async def set_owner(
        self,
        file_id: int,
        owner_id: int | None,
        *,
        delete_shares: bool = False,
        share_with: int | None = None,
        permit: Permit | None = None,
    ) -> PlacedFile:
        """Gives the file to a user; None takes its owner away. An owner's own share is deleted.

        `delete_shares` deletes the others too; then `share_with` gets a share for reading and
        writing, unless that is the owner.
        Raises `FileMissing`, `UserMissing`, `NotPermitted`, `QuotaExceeded`.
        """

    async def release_files(
        self, user_id: int, *, heir_id: int | None, limit: int
    ) -> ReleasedFiles:
        """Gives some of a user's files to the heir as `set_owner` does, or deletes them without one.

        `limit` at most, in the order of their ids. Files in the trash are among them, but not in the
        answer's `files`. Raises `UserMissing` for an heir who is not there or locked: files given to a
        user who is being removed may be deleted. Raises `QuotaExceeded`.
        """

    async def set_public(
        self, file_id: int, *, is_public: bool, permit: Permit | None = None
    ) -> PlacedFile:
        """Makes a file public, or not any more. Its shares stay.

        Raises `FileMissing`, `NotPermitted`.
        """

    async def shares_of(self, file_id: int) -> list[Share]:
        """The shares of a file by user id; none for a file that does not exist."""

    async def put_share(
        self, file_id: int, user_id: int, *, can_write: bool, permit: Permit | None = None
    ) -> PlacedFile:
        """Adds a share, or changes what it allows.

        Raises `FileMissing`, `UserMissing`, `NotPermitted`.
        """

    async def remove_share(
        self, file_id: int, user_id: int, *, permit: Permit | None = None
    ) -> PlacedFile | None:
        """Answers None when there was no such share, or no such file. Raises `NotPermitted`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where an entry stands, and what it is called."""

    index: int
    name: str


class FolderPositions(Protocol):
    """Finding entries by name, without going through the pages.

    An entry matches when its name is `name`, or with `is_prefix` when its name starts with it, regardless of
    case and accents. `name` has no wildcards.
    """

    async def subfolder_position(
        self, folder_id: int, name: str, *, is_prefix: bool, ascending: bool, start: int = 0
    ) -> Position | None:
        """The first subfolder that matches, from index `start` on; None when none does."""

    async def subfolder_place(self, folder_id: int, name: str, *, ascending: bool) -> int:
        """The index at which a subfolder of that name would be listed; 0 in a missing folder."""

    async def file_position(
        self,
        folder_id: int,
        name: str,
        *,
        is_prefix: bool,
        order: FileOrder,
        ascending: bool,
        start: int = 0,
    ) -> Position | None:
        """The first file that matches, from index `start` on; None when none does."""

    async def file_place(self, folder_id: int, name: str, *, ascending: bool) -> int:
        """The index at which a file of that name would be listed by name; 0 in a missing folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedFolder:
    """A folder and how many entries lie directly in it."""

    folder: Folder
    counts: FolderCounts


class FolderWalk(Protocol):
    """What lies in a folder, page by page."""

    async def subfolders_after(
        self, folder_id: int, *, after: str, limit: int
    ) -> list[CountedFolder]:
        """Subfolders whose name comes after `after`, by code points."""

    async def subfolders_in(self, folder_id: int, names: Sequence[str]) -> list[Folder]:
        """Those subfolders that have one of the names."""

    async def files_after(
        self, folder_id: int, *, viewer_id: int | None, after: str, limit: int
    ) -> list[File]:
        """Files whose name comes after `after`, by code points, each with the viewer's share."""


class Catalog(
    AccountStore,
    SessionStore,
    AppPasswordStore,
    FolderStore,
    FolderPositions,
    FolderWalk,
    Overview,
    SearchStore,
    FileStore,
    CopyStore,
    TrashStore,
    VersionStore,
    ObjectStore,
    MessageStore,
    WebhookStore,
    KeptUploadStore,
    LinkStore,
    FolderLinkStore,
    TicketStore,
    ReferenceStore,
    KeyStore,
    MasterKeyStore,
    SigningKeyStore,
    ServiceCredentialStore,
    FactorStore,
    IdentityStore,
    AuditStore,
    QuotaStore,
    GroupStore,
    SpaceStore,
    InvitationStore,
    StarStore,
    ViewStore,
    JobStore,
    CatalogTransfer,
    Protocol,
):
    """The whole catalog, as one adapter offers it."""

    async def check_reads(self) -> None:
        """Raises `CatalogUnavailable` unless reads work now. Cheap: it holds up no writer."""

    async def check_writes(self) -> None:
        """Raises `CatalogUnavailable` unless a write would be durable now. Changes nothing."""
