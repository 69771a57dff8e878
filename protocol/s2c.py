"""Packets that the manager sends to clients."""

# It is long because it is one list without logic: a class for each packet.

from typing import ClassVar, Literal

from protocol.extensions import (
    ADMINISTER,
    BUNDLE,
    ORGANISE,
    OVERVIEW,
    REJECTIONS,
    RESUME,
    SEARCH,
    STARS,
)
from protocol.generic import ChunkRange
from protocol.packet import Packet, Record
from protocol.values import (
    Base64Url,
    Fingerprint,
    Integer,
    MimeType,
    Name,
    NonNegative,
    Path,
    Positive,
    Retry,
    SearchCursor,
    Timestamp,
    Username,
    Uuid,
)

__all__ = [
    "Access",
    "Account",
    "BundleFinished",
    "BundleResponse",
    "BundledFileEnd",
    "BundledRejection",
    "BundledUpload",
    "FileAction",
    "FileHandle",
    "FileModify",
    "FileProcessed",
    "FilesModify",
    "FolderAction",
    "FolderHandle",
    "FolderModify",
    "FolderSize",
    "FolderStatus",
    "FolderSummaries",
    "FolderSummary",
    "KeptUpload",
    "KeptUploadState",
    "KeptUploads",
    "ListFiles",
    "ListFolders",
    "ListedFileHandle",
    "ListedOwnership",
    "Ownership",
    "OwnershipStatus",
    "PlacedEntry",
    "PlacedFile",
    "Position",
    "RecentFiles",
    "Retry",
    "SearchMatch",
    "SearchResult",
    "SearchResults",
    "ServiceAction",
    "ServiceRegistry",
    "ServiceType",
    "Share",
    "ShareList",
    "SharedWith",
    "SignedDownload",
    "StarChanged",
    "StarList",
    "Starred",
    "UploadBooking",
    "UploadBookingModify",
    "UploadFinishInfo",
    "UploadOverwriteCancel",
    "UploadOverwriteRequest",
    "UploadParked",
    "UploadRejection",
    "UploadResponse",
    "UploadResumed",
    "UploadStageFinish",
    "UserHandle",
    "UserList",
    "UserRemoval",
    "UserSearch",
]

ServiceType = Literal["upload", "thumbnail"]
ServiceAction = Literal["added", "removed", "list"]
FileAction = Literal["add", "delete", "modify"]
FolderAction = Literal["add", "delete", "rename", "move"]
OwnershipStatus = Literal["owned", "public", "restricted", "shared"]
Access = Literal["r", "rw", "none"]
KeptUploadState = Literal["running", "parked", "stored", "awaiting-decision"]


class Share(Record, frozen=True, kw_only=True):
    """The receiver's share of a file of another user; `file` and `user` are ids."""

    can_write: bool
    file: Integer
    shared_at: Timestamp
    user: Integer


class Ownership(Record, frozen=True, kw_only=True):
    """What the file is to the user who receives it; `share` is there exactly when `shared`."""

    status: OwnershipStatus
    share: Share | None = None

    def __post_init__(self) -> None:
        if (self.status == "shared") != (self.share is not None):
            raise ValueError("must hold a share exactly when its status is shared")


class ListedOwnership(Ownership, frozen=True, kw_only=True):
    """An ownership that also says what the receiver may do: read, read and write, or nothing."""

    can: Access


class FileHandle(Record, frozen=True, kw_only=True):
    """A file as a change announces it. `size` is in bytes.

    `modified_at` is sent with the extension `modification-times` alone: when the file was last modified where
    it came from. It is left out if that is not known; then `updated_at`, the time of its upload, counts.
    """

    id: Integer
    name: Name
    type: MimeType
    has_thumbnail: bool
    ownership: Ownership
    created_at: Timestamp | None
    updated_at: Timestamp | None
    size: NonNegative
    thumbnail_url: str | None = None
    modified_at: Timestamp | None = None


class ListedFileHandle(Record, frozen=True, kw_only=True):
    """A file in a listing. `size` is in bytes, `modified_at` as in a change."""

    id: Integer
    name: Name
    type: MimeType
    has_thumbnail: bool
    ownership: ListedOwnership
    created_at: Timestamp | None
    updated_at: Timestamp | None
    size: NonNegative
    modified_at: Timestamp | None = None


class FolderHandle(Record, frozen=True, kw_only=True):
    """A folder; `parent_folder` null means that it lies in the root."""

    id: Integer
    name: Name
    parent_folder: Integer | None


class UserHandle(Record, frozen=True, kw_only=True):
    """A user as others may see it."""

    id: Integer
    name: Username


class SharedWith(Record, frozen=True, kw_only=True):
    """One share of a file, as a user who may share the file sees it."""

    user: UserHandle
    can_write: bool
    shared_at: Timestamp


class Account(Record, frozen=True, kw_only=True):
    """A user as administrators see one, with what the user owns: how many files, of how many bytes."""

    id: Integer
    name: Username
    is_admin: bool
    created_at: Timestamp
    file_count: NonNegative
    total_size: NonNegative


class ServiceRegistry(Packet, frozen=True, kw_only=True):
    """Says that a service is connected, has connected, or has disconnected.

    Manager → client: one per service with `list` on connecting, later `added` and `removed`.
    `address` is where clients reach an upload service, and there when it is added or listed.
    Not answered.
    """

    id: ClassVar[str] = "s2c:service-registry"

    service_type: ServiceType
    action: ServiceAction
    service_uuid: Uuid
    address: str | None = None


class UploadBooking(Packet, frozen=True, kw_only=True):
    """Says exactly how many upload services the client holds now.

    Manager → client, as the reply to `c2s:upload-booking-request`. Not answered.
    """

    id: ClassVar[str] = "s2c:upload-booking"

    amount: NonNegative


class UploadBookingModify(Packet, frozen=True, kw_only=True):
    """Says that the client holds one upload service more, or one fewer.

    Manager → client, at any time while it has a booking. Not answered.
    """

    id: ClassVar[str] = "s2c:upload-booking-modify"

    effective_change: Literal[1, -1]


class UploadResponse(Packet, frozen=True, kw_only=True):
    """Says whether and where the client may upload the file that it asked for.

    Manager → client, as the reply to `c2s:upload-request`. When accepted, chunks of
    `chunk_size` bytes (the last one: the rest) are sent to `upload_address`, unchanged, under
    `upload_id`. When not, only `rejection_reason` means something: chunk size and id are
    placeholders. Not answered.
    """

    id: ClassVar[str] = "s2c:upload-response"

    name: Name
    path: Path
    accepted: bool
    chunk_size: Positive
    upload_id: Uuid
    upload_address: str | None = None
    rejection_reason: str | None = None


class UploadStageFinish(Packet, frozen=True, kw_only=True):
    """Says that an upload has left its service, which can take the next one.

    Manager → client. The upload may still fail, or wait for an overwrite decision.
    `service_disconnect` is true only when the service went away. Of a bundle it has the id of that.
    Not answered.
    """

    id: ClassVar[str] = "s2c:upload-stage-finish"

    upload_id: Uuid
    service_disconnect: bool | None = None


class UploadOverwriteRequest(Packet, frozen=True, kw_only=True):
    """Asks what to do with an uploaded file whose name is taken.

    Manager → client. `file_path` is the folder. Answered, whenever the client likes, by
    `c2s:upload-overwrite-response`; the file is lost if the client goes away before.
    """

    id: ClassVar[str] = "s2c:upload-overwrite-request"

    upload_id: Uuid
    file_name: Name
    file_path: Path


class UploadOverwriteCancel(Packet, frozen=True, kw_only=True):
    """Says that all open overwrite requests are settled.

    Manager → client, once `use_on_all_uploads` has decided them. Not answered.
    """

    id: ClassVar[str] = "s2c:upload-overwrite-cancel"


class UploadFinishInfo(Packet, frozen=True, kw_only=True):
    """Says how an upload ended.

    Manager → client, once per accepted upload, at any time after the acceptance.
    `rename_target` is the name that the file got instead of its own, `reason` says why it
    failed. Not answered.
    """

    id: ClassVar[str] = "s2c:upload-finish-info"

    success: bool
    upload_id: Uuid
    rename_target: str | None = None
    reason: str | None = None


class FileModify(Packet, frozen=True, kw_only=True):
    """Says that a file was added, deleted or changed.

    Manager → every client, with the ownership that its user sees. `path` is the file's folder.
    Not answered.
    """

    id: ClassVar[str] = "s2c:file-modify"

    path: Path
    action: FileAction
    handle: FileHandle


class FilesModify(Packet, frozen=True, kw_only=True):
    """Says that several files of one folder were added or changed at once.

    Manager → clients with the extension `bundle`, in place of one `s2c:file-modify` for each of
    them, in their order. Not answered.
    """

    id: ClassVar[str] = "s2c:files-modify"
    extension: ClassVar[str | None] = BUNDLE

    path: Path
    action: FileAction
    handles: tuple[FileHandle, ...]


class FolderModify(Packet, frozen=True, kw_only=True):
    """Says that a folder was added, deleted, renamed or moved.

    Manager → every client. `path` is the folder itself. `rename_origin` is its old name,
    `parent_folder_origin` the id of its old parent; null or left out when moved from the root
    or not moved. Not answered.
    """

    id: ClassVar[str] = "s2c:folder-modify"

    path: Path
    handle: FolderHandle
    action: FolderAction
    rename_origin: str | None = None
    parent_folder_origin: Integer | None = None


class FolderStatus(Packet, frozen=True, kw_only=True):
    """Says whether a folder exists, and how many entries lie directly in it.

    Manager → client, as the reply to `c2s:folder-status-request`. `folder_id` is null for the
    root and for a folder that does not exist. `page_size` is the number of entries on a page.
    Not answered.
    """

    id: ClassVar[str] = "s2c:folder-status"

    path: Path
    folder_id: Integer | None
    exists: bool
    file_count: NonNegative
    subfolder_count: NonNegative
    page_size: Positive


class ListFiles(Packet, frozen=True, kw_only=True):
    """One page of the files in a folder.

    Manager → client, as the reply to `c2s:list-request`. `page` counts from 0; `success` is
    false when the folder does not exist. Not answered.
    """

    id: ClassVar[str] = "s2c:list-files"

    path: Path
    page: NonNegative
    files: tuple[ListedFileHandle, ...]
    success: bool


class ListFolders(Packet, frozen=True, kw_only=True):
    """One page of the folders in a folder.

    Manager → client, as the reply to `c2s:list-request`. `page` counts from 0; `success` is
    false when the folder does not exist. Not answered.
    """

    id: ClassVar[str] = "s2c:list-folders"

    path: Path
    page: NonNegative
    folders: tuple[FolderHandle, ...]
    success: bool


class FolderSize(Packet, frozen=True, kw_only=True):
    """Says how many bytes a folder with everything below it has.

    Manager → client, as the reply to `c2s:folder-size-request`. `types` maps each MIME type to
    its bytes; `folder_id` null is the root. Not answered.
    """

    id: ClassVar[str] = "s2c:folder-size"

    total_size: NonNegative
    folder_id: Integer | None
    types: dict[str, NonNegative]


class SignedDownload(Packet, frozen=True, kw_only=True):
    """The `q` of a link that downloads a file without an account.

    Manager → client, as the reply to `c2s:signed-download-request`. Without `payload` it is
    refused. Not answered.
    """

    id: ClassVar[str] = "s2c:signed-download"
    secrets: ClassVar[frozenset[str]] = frozenset({"payload"})

    payload: Base64Url | None = None


class UserSearch(Packet, frozen=True, kw_only=True):
    """The users that a search found.

    Manager → client, as the reply to `c2s:user-search-request`. At most 100. Not answered.
    """

    id: ClassVar[str] = "s2c:user-search"

    success: bool
    results: tuple[UserHandle, ...] | None = None


class ShareList(Packet, frozen=True, kw_only=True):
    """Says whom a file is shared with, whether it is public, and whether it has an owner.

    Manager → client, with the extension `organise`, as the reply to `c2s:share-list-request`. In
    the order of the users' ids. Every user may treat a file without an owner as their own.
    Not answered.
    """

    id: ClassVar[str] = "s2c:share-list"
    extension: ClassVar[str | None] = ORGANISE

    file_id: Integer
    is_public: bool
    has_owner: bool
    shares: tuple[SharedWith, ...]


class Position(Packet, frozen=True, kw_only=True):
    """Says the position of an entry in a folder's listing, and its name.

    Manager → client, with the extension `organise`, as the reply to `c2s:position-request`.
    `index` counts from 0 over all pages; both are null when there is no such entry, or no such
    folder. Then `place` is the index at which an entry of that name would stand: only when a prefix
    was asked for and names are sorted. Not answered.
    """

    id: ClassVar[str] = "s2c:position"
    extension: ClassVar[str | None] = ORGANISE

    index: NonNegative | None
    name: Name | None
    place: NonNegative | None = None


class FolderSummary(Record, frozen=True, kw_only=True):
    """The bytes in a folder with everything below it, and its date.

    `changed_at` is when the content of a file directly in the folder last changed, or the folder was
    made if that was later; null when neither is known.
    """

    id: Integer
    total_size: NonNegative
    changed_at: Timestamp | None


class FolderSummaries(Packet, frozen=True, kw_only=True):
    """The sizes and dates of one page of the folders in a folder.

    Manager → client, with the extension `overview`, as the reply to `c2s:folder-summaries-request`, in
    the order of `s2c:list-folders`. None for a folder that does not exist. Not answered.
    """

    id: ClassVar[str] = "s2c:folder-summaries"
    extension: ClassVar[str | None] = OVERVIEW

    folders: tuple[FolderSummary, ...]


class PlacedFile(Record, frozen=True, kw_only=True):
    """A file, and the path of the folder in which it lies."""

    path: Path
    file: ListedFileHandle


class RecentFiles(Packet, frozen=True, kw_only=True):
    """The files that were added or changed last, of those that the user may read.

    Manager → client, with the extension `overview`, as the reply to `c2s:recent-files-request`. As many as a
    page has at most, the last one first. Not answered.
    """

    id: ClassVar[str] = "s2c:recent-files"
    extension: ClassVar[str | None] = OVERVIEW

    files: tuple[PlacedFile, ...]


class FileProcessed(Packet, frozen=True, kw_only=True):
    """Says that processing has ended for the content of a file: its metadata can be had.

    Manager → clients with the extension `overview` whose user may read the file. Not answered.
    """

    id: ClassVar[str] = "s2c:file-processed"
    extension: ClassVar[str | None] = OVERVIEW

    file_id: Integer


SearchMatch = Literal["name", "prefix", "part", "text"]


class SearchResult(Record, frozen=True, kw_only=True):
    """A file or a folder that a search has found; either is null.

    `path` is that of the folder in which it lies. `match` says what of it matches: the whole
    `name` (also of a search without text), its beginning (`prefix`), a `part` of it, or the `text` in its
    content.
    """

    path: Path
    match: SearchMatch
    file: ListedFileHandle | None
    folder: FolderHandle | None


class SearchResults(Packet, frozen=True, kw_only=True):
    """What a search has found, the best matches first, and of those alike what was changed last.

    Manager → client, with the extension `search`, as the reply to `c2s:search-request`. `next` asks for
    the next page as `after`; null when there is none. Not answered.
    """

    id: ClassVar[str] = "s2c:search-results"
    extension: ClassVar[str | None] = SEARCH

    results: tuple[SearchResult, ...]
    next: SearchCursor | None


class PlacedEntry(Record, frozen=True, kw_only=True):
    """A file or a folder, either of which is null, and the path of the folder in which it lies."""

    path: Path
    file: ListedFileHandle | None
    folder: FolderHandle | None


class StarList(Packet, frozen=True, kw_only=True):
    """The ids of all files and folders that the user has starred, the last first.

    Manager → client, with the extension `stars`, as the reply to `c2s:star-list-request`. Some may lie in
    the trash, or be where the user does not see them. At most 1000. Not answered.
    """

    id: ClassVar[str] = "s2c:star-list"
    extension: ClassVar[str | None] = STARS

    files: tuple[Integer, ...]
    folders: tuple[Integer, ...]


class Starred(Packet, frozen=True, kw_only=True):
    """Files and folders that the user has starred and sees, the last first.

    Manager → client, with the extension `stars`, as the reply to `c2s:starred-request`. At most 100.
    `next` asks for the next page as `before`; null when there is none. Not answered.
    """

    id: ClassVar[str] = "s2c:starred"
    extension: ClassVar[str | None] = STARS

    entries: tuple[PlacedEntry, ...]
    next: Positive | None


class StarChanged(Packet, frozen=True, kw_only=True):
    """Says that the user has starred a file or folder, or has taken the star back.

    Manager → all clients with the extension `stars` of the user, also to the one that has asked for it.
    One of the ids is null. Not answered.
    """

    id: ClassVar[str] = "s2c:star-changed"
    extension: ClassVar[str | None] = STARS

    file_id: Integer | None
    folder_id: Integer | None
    starred: bool


class UploadRejection(Packet, frozen=True, kw_only=True):
    """Says by a code why there will be no upload, and when the same request may succeed.

    Manager → client, with the extension `rejections`, as the reply to `c2s:upload-request`, in place
    of `s2c:upload-response` with `accepted: false`. `reason` is the `rejection_reason` of that.
    `retry` is `soon` when nothing is wrong except that no booked service is free, `later` when
    something is wrong that may pass, and `never` when the request itself has to be different. Not answered.
    """

    id: ClassVar[str] = "s2c:upload-rejection"
    extension: ClassVar[str | None] = REJECTIONS

    code: str
    reason: str
    retry: Retry


class BundledRejection(Record, frozen=True, kw_only=True):
    """Why a file of a bundle is not to be sent; the fields are those of `s2c:upload-rejection`."""

    code: str
    reason: str
    retry: Retry


class BundledUpload(Record, frozen=True, kw_only=True):
    """A file of a bundle: its `upload_id` if it is to be sent, else the `rejection`."""

    upload_id: Uuid | None = None
    rejection: BundledRejection | None = None

    def __post_init__(self) -> None:
        if (self.upload_id is None) == (self.rejection is None):
            raise ValueError("must hold either an upload id or a rejection")


class BundleResponse(Packet, frozen=True, kw_only=True):
    """Says which files of a bundle are to be sent, and where to.

    Manager → client, as the reply to `c2s:bundle-request`; `uploads` has one entry for each file, in
    their order. The contents of those with an id go to `<upload_address>/bundle/<bundle_id>` in one
    request; without an address there is none, and the bundle is over. Not answered.
    """

    id: ClassVar[str] = "s2c:bundle-response"
    extension: ClassVar[str | None] = BUNDLE

    bundle_id: Uuid
    upload_address: str | None = None
    uploads: tuple[BundledUpload, ...]


class BundledFileEnd(Record, frozen=True, kw_only=True):
    """How a file of a bundle ended; without `success` its end is told by itself.

    `rename_target` is the name that the file got instead of the requested one; `reason` says why it
    did not succeed.
    """

    upload_id: Uuid
    success: bool | None = None
    rename_target: str | None = None
    reason: str | None = None


class BundleFinished(Packet, frozen=True, kw_only=True):
    """Says how the files of a bundle ended.

    Manager → client, once for each bundle that was accepted, after its `s2c:upload-stage-finish`. A file
    whose name is taken, of which the client was asked by `s2c:upload-overwrite-request`, has no
    `success` here, and neither has one that the client has aborted by itself:
    `s2c:upload-finish-info` says how it ended. Not answered.
    """

    id: ClassVar[str] = "s2c:bundle-finished"
    extension: ClassVar[str | None] = BUNDLE

    bundle_id: Uuid
    files: tuple[BundledFileEnd, ...]


class KeptUpload(Record, frozen=True, kw_only=True):
    """One upload that its user has asked to keep.

    `path` is the folder; `size` and `chunk_size` are in bytes. `state` is `running` while a client
    sends it, `parked` when chunks are missing and no client sends them, `stored` when only the file has
    to be entered, and `awaiting-decision` when its name is taken. It is dropped at `expires_at`
    unless a client has gone on with it by then.
    """

    upload_id: Uuid
    name: Name
    path: Path
    size: Positive
    chunk_size: Positive
    is_public: bool
    fingerprint: Fingerprint
    state: KeptUploadState
    stored_chunks: NonNegative
    created_at: Timestamp
    expires_at: Timestamp


class KeptUploads(Packet, frozen=True, kw_only=True):
    """Some of the user's kept uploads, the oldest first.

    Manager → client, with the extension `resume`, as the reply to `c2s:kept-uploads-request`. There
    are further ones after the last if `has_more`. Not answered.
    """

    id: ClassVar[str] = "s2c:kept-uploads"
    extension: ClassVar[str | None] = RESUME

    uploads: tuple[KeptUpload, ...]
    has_more: bool


class UploadResumed(Packet, frozen=True, kw_only=True):
    """Says where the rest of a kept upload goes.

    Manager → client, with the extension `resume`, as the reply to `c2s:upload-resume`. The chunks
    `missing` (in order) are sent to `upload_address`. When none is missing there is no address, and the
    file is entered at once. What follows is as after `s2c:upload-response`. Not answered.
    """

    id: ClassVar[str] = "s2c:upload-resumed"
    extension: ClassVar[str | None] = RESUME

    upload_id: Uuid
    name: Name
    path: Path
    size: Positive
    chunk_size: Positive
    missing: tuple[ChunkRange, ...]
    upload_address: str | None = None


class UploadParked(Packet, frozen=True, kw_only=True):
    """Says that a kept upload does not run any more, and can be resumed.

    Manager → client, with the extension `resume`, in place of `s2c:upload-finish-info`: its service
    was lost or gave up (`service-lost`, `service-failed`), another connection went on with it
    (`resumed-elsewhere`), the client asked for it by `c2s:upload-park` (`parked`), or the file could
    not be entered now (`catalog-unavailable`). Not answered.
    """

    id: ClassVar[str] = "s2c:upload-parked"
    extension: ClassVar[str | None] = RESUME

    upload_id: Uuid
    code: str
    reason: str


class UserList(Packet, frozen=True, kw_only=True):
    """Some of the users, by name.

    Manager → client, with the extension `administer`, as the reply to `c2s:user-list-request`.
    `total` is how many there are on all pages. Not answered.
    """

    id: ClassVar[str] = "s2c:user-list"
    extension: ClassVar[str | None] = ADMINISTER

    page: NonNegative
    page_size: Positive
    total: NonNegative
    users: tuple[Account, ...]


class UserRemoval(Packet, frozen=True, kw_only=True):
    """Says how far a user's removal is.

    Manager → client, with the extension `administer`, as the reply to `c2s:user-remove`. The user
    is removed when no file remains; otherwise the client sends the request again. Not answered.
    """

    id: ClassVar[str] = "s2c:user-removal"
    extension: ClassVar[str | None] = ADMINISTER

    user_id: Integer
    remaining_files: NonNegative
