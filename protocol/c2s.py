"""Packets that a client sends to the manager.

A request that is not understood, or that the manager refuses, is answered by `generic:boolean`
with `success` false and a message, unless the packet's own answer can say so.
"""

# It is long because it is one list without logic: a class for each packet.

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from protocol.extensions import (
    ADMINISTER,
    BUNDLE,
    COPY,
    MODIFICATION_TIMES,
    ORGANISE,
    OVERVIEW,
    RESUME,
    SEARCH,
    STARS,
)
from protocol.packet import Packet, Record
from protocol.values import (
    Fingerprint,
    Integer,
    Name,
    NamePart,
    NonNegative,
    Password,
    Path,
    Positive,
    SearchCursor,
    SearchText,
    Timestamp,
    TypePattern,
    UsernameQuery,
    Uuid,
)

__all__ = [
    "BundleFile",
    "BundleRequest",
    "CopyFiles",
    "CopyFolder",
    "CreateFolder",
    "DeleteFile",
    "DeleteFolder",
    "EmptyFileUpload",
    "FileShare",
    "FolderSizeRequest",
    "FolderStatusRequest",
    "FolderSummariesRequest",
    "KeptUploadsRequest",
    "ListRequest",
    "ListType",
    "MoveFiles",
    "MoveFolder",
    "OverwriteAction",
    "PingServices",
    "PositionRequest",
    "RecentFilesRequest",
    "RenameFile",
    "RenameFolder",
    "SearchRequest",
    "SetPublic",
    "ShareListRequest",
    "SignedDownloadRequest",
    "SortKey",
    "StarFile",
    "StarFolder",
    "StarListRequest",
    "StarredRequest",
    "ThumbnailRequest",
    "TransferOwnership",
    "UploadAbortRequest",
    "UploadBookingClear",
    "UploadBookingRequest",
    "UploadDrop",
    "UploadKeep",
    "UploadOverwriteResponse",
    "UploadPark",
    "UploadRequest",
    "UploadResume",
    "UserListRequest",
    "UserPasswordSet",
    "UserRemove",
    "UserRoleSet",
    "UserSearchRequest",
]

OverwriteAction = Literal["skip", "overwrite", "rename"]
ListType = Literal["subfolders", "files"]
SortKey = Literal["name", "updated_at", "size", "modified_at"]

_TIME_OF_UPLOADS: Final = MappingProxyType({"modified_at": MODIFICATION_TIMES})
_ORDER_BY_TIME: Final = MappingProxyType({("sort_by", "modified_at"): MODIFICATION_TIMES})


class UploadBookingRequest(Packet, frozen=True, kw_only=True):
    """Asks for upload services that serve this client alone.

    Client → manager, before its first upload and whenever it wants more or fewer. Answered by
    `s2c:upload-booking` with the amount that the client now holds; the rest follows, as
    services become free, by `s2c:upload-booking-modify`.
    """

    id: ClassVar[str] = "c2s:upload-booking-request"

    desired_amount: Positive


class UploadBookingClear(Packet, frozen=True, kw_only=True):
    """Returns all booked services and ends the default overwrite action.

    Client → manager, once its queue is empty and every upload has left its service. Answered by
    `generic:boolean`: false while an upload of this client still runs on a service, or when
    nothing is booked; the client then tries again later.
    """

    id: ClassVar[str] = "c2s:upload-booking-clear"


class UploadRequest(Packet, frozen=True, kw_only=True):
    """Asks to upload one file on a booked service that is free.

    Client → manager. `path` is the folder (created if missing), `size` is in bytes and binding.
    With `do_overwrite` the manager replaces a file of that name without a question. Answered by
    `s2c:upload-response`, accepted or not; with the extension `rejections`, if it is not accepted,
    by `s2c:upload-rejection`. With the extension `modification-times`, `modified_at` is when the file was
    last modified where it comes from.
    """

    id: ClassVar[str] = "c2s:upload-request"
    extension_fields: ClassVar[Mapping[str, str]] = _TIME_OF_UPLOADS

    name: Name
    path: Path
    size: Positive
    is_public: bool
    do_overwrite: bool | None = None
    modified_at: Timestamp | None = None


class BundleFile(Record, frozen=True, kw_only=True):
    """A file that is to be uploaded in a bundle.

    The fields are those of `c2s:upload-request`; a name, path or time that is not valid is rejected for this
    file alone. With `do_skip` the manager rejects a file whose name is taken already.
    """

    name: str
    path: str
    size: Positive
    is_public: bool
    do_overwrite: bool | None = None
    do_skip: bool | None = None
    modified_at: str | None = None


class BundleRequest(Packet, frozen=True, kw_only=True):
    """Asks to upload many small files, together, on one booked service that is free.

    Client → manager, with 1000 files at most, each of at most one chunk. Answered by
    `s2c:bundle-response`, or by `s2c:upload-rejection` when none of them can be uploaded now.
    """

    id: ClassVar[str] = "c2s:bundle-request"
    extension: ClassVar[str | None] = BUNDLE

    files: Annotated[tuple[BundleFile, ...], Meta(min_length=1)]


class UploadAbortRequest(Packet, frozen=True, kw_only=True):
    """Aborts an upload of this client in whatever state it is.

    Client → manager. Answered by `generic:boolean`, followed by `s2c:upload-finish-info` with
    `success` false. False if this client has no such upload. With the id of a bundle it aborts all of
    that, as far as it can; then `s2c:bundle-finished` follows. With that of a file of a bundle it
    aborts that file, and the others go on.
    """

    id: ClassVar[str] = "c2s:upload-abort-request"

    upload_id: Uuid


class UploadOverwriteResponse(Packet, frozen=True, kw_only=True):
    """Decides what happens to a file whose name is taken.

    Client → manager, some time after `s2c:upload-overwrite-request`. With `use_on_all_uploads`
    the action applies to all open and future conflicts of uploads that began under the same
    booking; the manager asks again about open ones of another. Not answered; the upload continues
    to its `s2c:upload-finish-info`.
    """

    id: ClassVar[str] = "c2s:upload-overwrite-response"

    upload_id: Uuid
    action: OverwriteAction
    use_on_all_uploads: bool | None = None


class EmptyFileUpload(Packet, frozen=True, kw_only=True):
    """Creates a file of 0 bytes, which needs no upload service.

    Client → manager. `path` is the folder, `modified_at` as in `c2s:upload-request`. Answered by
    `generic:boolean`.
    """

    id: ClassVar[str] = "c2s:empty-file-upload"
    extension_fields: ClassVar[Mapping[str, str]] = _TIME_OF_UPLOADS

    path: Path
    name: Name
    modified_at: Timestamp | None = None


class FolderStatusRequest(Packet, frozen=True, kw_only=True):
    """Asks whether a folder exists and how many entries it has.

    Client → manager. Answered by `s2c:folder-status`.
    """

    id: ClassVar[str] = "c2s:folder-status-request"

    path: Path


class ListRequest(Packet, frozen=True, kw_only=True):
    """Asks for one page of a folder's subfolders or files.

    Client → manager. `page` counts from 0. Without `sort_by` the order is by name: a natural one, in which
    `IMG_2` comes before `IMG_10`, without regard to case and accents. Without `ascending_sort` it is
    descending. With the extension `modification-times` files are sorted by `modified_at` as well; those that
    have none by `updated_at` then. Answered by `s2c:list-folders` or `s2c:list-files`.
    """

    id: ClassVar[str] = "c2s:list-request"
    extension_values: ClassVar[Mapping[tuple[str, str], str]] = _ORDER_BY_TIME

    path: Path
    type: ListType
    page: NonNegative
    sort_by: SortKey | None = None
    ascending_sort: bool | None = None


class FolderSizeRequest(Packet, frozen=True, kw_only=True):
    """Asks for the size of a folder with everything below it.

    Client → manager. `folder_id` null is the root. Answered by `s2c:folder-size`.
    """

    id: ClassVar[str] = "c2s:folder-size-request"

    folder_id: Integer | None


class CreateFolder(Packet, frozen=True, kw_only=True):
    """Creates a folder, and its parents where they are missing.

    Client → manager. Answered by `generic:boolean`; all clients receive `s2c:folder-modify` for
    each new one.
    """

    id: ClassVar[str] = "c2s:create-folder"

    path: Path


class RenameFolder(Packet, frozen=True, kw_only=True):
    """Gives a folder another name in the same place.

    Client → manager. `path` is the folder itself. Answered by `generic:boolean`; all clients receive
    `s2c:folder-modify`.
    """

    id: ClassVar[str] = "c2s:rename-folder"

    path: Path
    target_name: Name


class DeleteFolder(Packet, frozen=True, kw_only=True):
    """Deletes a folder with everything in it.

    Client → manager. Answered by `generic:boolean`; all clients receive `s2c:folder-modify`.
    """

    id: ClassVar[str] = "c2s:delete-folder"

    folder_id: Integer


class RenameFile(Packet, frozen=True, kw_only=True):
    """Gives a file another name in the same folder.

    Client → manager. `path` is the folder. Answered by `generic:boolean`; all clients receive
    `s2c:file-modify`.
    """

    id: ClassVar[str] = "c2s:rename-file"

    path: Path
    name: Name
    target_name: Name


class MoveFiles(Packet, frozen=True, kw_only=True):
    """Moves files from one folder to another.

    Client → manager. A folder id that is left out means the root. Answered by
    `generic:boolean`: false when none was moved, with a message that says which files prevented it;
    true when all were, with a message that has the new names of those whose name was taken.
    All clients receive `s2c:file-modify` for each.
    """

    id: ClassVar[str] = "c2s:move-files"

    source_id: Integer | None = None
    target_id: Integer | None = None
    files: Annotated[tuple[Name, ...], Meta(min_length=1)]


class DeleteFile(Packet, frozen=True, kw_only=True):
    """Deletes a file.

    Client → manager. The base protocol requires `folder_id`; 0, or leaving it out, means the
    root. Answered by `generic:boolean`; all clients receive `s2c:file-modify`.
    """

    id: ClassVar[str] = "c2s:delete-file"

    folder_id: Integer | None = None
    name: Name


class FileShare(Packet, frozen=True, kw_only=True):
    """Shares a file with a user, changes the share, or ends it.

    Client → manager. `path` is the folder. Without `can_write` the share is for reading only.
    Answered by `generic:boolean`.
    """

    id: ClassVar[str] = "c2s:file-share"

    path: Path
    name: Name
    target_user: Integer
    can_write: bool | None = None
    is_deleting: bool | None = None


class TransferOwnership(Packet, frozen=True, kw_only=True):
    """Gives a file to another user.

    Client → manager, by its owner. Shares stay unless `delete_file_shares`; with
    `create_share_for_current_owner` the previous owner keeps access. Answered by `generic:boolean`.
    """

    id: ClassVar[str] = "c2s:transfer-ownership"

    file_id: Integer
    target_user_id: Integer
    delete_file_shares: bool | None = None
    create_share_for_current_owner: bool | None = None


class SignedDownloadRequest(Packet, frozen=True, kw_only=True):
    """Asks for a link that downloads a file without an account, with all options at their defaults.

    Client → manager. Answered by `s2c:signed-download`: as long as the link of an earlier request is in force
    with the same one, whose time begins anew. Only who may share the file gets one.
    """

    id: ClassVar[str] = "c2s:signed-download-request"

    file_id: Integer


class ThumbnailRequest(Packet, frozen=True, kw_only=True):
    """Asks for a small picture of a file.

    Client → manager. The id of the file is called `id` on the wire. Answered by
    `generic:boolean`; when true, `message` is a URL that serves `image/avif`.
    """

    id: ClassVar[str] = "c2s:thumbnail-request"

    file_id: Integer = msgspec.field(name="id")


class UserSearchRequest(Packet, frozen=True, kw_only=True):
    """Searches for users by a part of their names.

    Client → manager. Answered by `s2c:user-search`, with 100 users at most.
    """

    id: ClassVar[str] = "c2s:user-search-request"

    query: UsernameQuery


class PingServices(Packet, frozen=True, kw_only=True):
    """Asks the manager to probe which of its services still answer.

    Client → manager. Not answered; `s2c:service-registry` announces a lost service.
    """

    id: ClassVar[str] = "c2s:ping-services"


class MoveFolder(Packet, frozen=True, kw_only=True):
    """Moves a folder with everything in it into another folder.

    Client → manager, with the extension `organise`. `path` is the folder itself, `target_path` the
    folder to move it into. Answered by `generic:boolean`: false when the target lies within
    the folder, or a path would have too many names; true with a message when the name was taken
    there and the folder got another one. All clients receive `s2c:folder-modify`.
    """

    id: ClassVar[str] = "c2s:move-folder"
    extension: ClassVar[str | None] = ORGANISE

    path: Path
    target_path: Path


class CopyFiles(Packet, frozen=True, kw_only=True):
    """Copies files of a folder into a folder, which may be the same.

    Client → manager, with the extension `copy`. `target_name` is what the copy of a single file is
    called; left out, copies are called as the files are. Answered by `generic:boolean`: false when none
    was copied, with a message that says which files prevented it; true when all were, with a message that
    has the names of those whose name was taken. All clients receive `s2c:file-modify` for each.
    """

    id: ClassVar[str] = "c2s:copy-files"
    extension: ClassVar[str | None] = COPY

    path: Path
    target_path: Path
    files: Annotated[tuple[Name, ...], Meta(min_length=1)]
    target_name: Name | None = None


class CopyFolder(Packet, frozen=True, kw_only=True):
    """Copies a folder with everything in it into a folder, which may be the one that it lies in.

    Client → manager, with the extension `copy`. `path` is the folder itself, `target_path` the folder to
    copy it into, `target_name` what the copy is called; left out, as the folder. Answered by
    `generic:boolean`: false when a file in it may not be read, there is too much in it, the target lies
    within it, or a path would have too many names; true with a message when the name was taken there.
    All clients receive `s2c:folder-modify` for each folder, and `s2c:file-modify` for each file.
    """

    id: ClassVar[str] = "c2s:copy-folder"
    extension: ClassVar[str | None] = COPY

    path: Path
    target_path: Path
    target_name: Name | None = None


class ShareListRequest(Packet, frozen=True, kw_only=True):
    """Asks whom a file is shared with, and whether it is public.

    Client → manager, with the extension `organise`, by a user who may share the file. `path` is the
    folder. Answered by `s2c:share-list`.
    """

    id: ClassVar[str] = "c2s:share-list-request"
    extension: ClassVar[str | None] = ORGANISE

    path: Path
    name: Name


class SetPublic(Packet, frozen=True, kw_only=True):
    """Makes a file public, so that all users may read and write it, or private again.

    Client → manager, with the extension `organise`, by a user who may share the file. `path` is the
    folder. Shares stay as they are. Answered by `generic:boolean`; all clients receive
    `s2c:file-modify`.
    """

    id: ClassVar[str] = "c2s:set-public"
    extension: ClassVar[str | None] = ORGANISE

    path: Path
    name: Name
    is_public: bool


class PositionRequest(Packet, frozen=True, kw_only=True):
    """Asks for the position of an entry in a folder's listing, by its name.

    Client → manager, with the extension `organise`. The first entry from index `start` on (0 when
    left out) that is called `name`; with `is_prefix`, whose name starts with it, regardless of case
    and accents. `path`, `type`, `sort_by` and `ascending_sort` are those of
    `c2s:list-request`. Answered by `s2c:position`.
    """

    id: ClassVar[str] = "c2s:position-request"
    extension: ClassVar[str | None] = ORGANISE
    extension_values: ClassVar[Mapping[tuple[str, str], str]] = _ORDER_BY_TIME

    path: Path
    type: ListType
    name: NamePart
    is_prefix: bool | None = None
    start: NonNegative | None = None
    sort_by: SortKey | None = None
    ascending_sort: bool | None = None


class FolderSummariesRequest(Packet, frozen=True, kw_only=True):
    """Asks for the sizes and dates of one page of the folders in a folder.

    Client → manager, with the extension `overview`. `path`, `page` and `ascending_sort` are those of
    `c2s:list-request` for subfolders. Answered by `s2c:folder-summaries`.
    """

    id: ClassVar[str] = "c2s:folder-summaries-request"
    extension: ClassVar[str | None] = OVERVIEW

    path: Path
    page: NonNegative
    ascending_sort: bool | None = None


class RecentFilesRequest(Packet, frozen=True, kw_only=True):
    """Asks for the files that were added or changed last.

    Client → manager, with the extension `overview`. Answered by `s2c:recent-files`.
    """

    id: ClassVar[str] = "c2s:recent-files-request"
    extension: ClassVar[str | None] = OVERVIEW


class SearchRequest(Packet, frozen=True, kw_only=True):
    """Searches files and folders that the user may list.

    Client → manager, with the extension `search`. All conditions hold together, and those that are left
    out ask for nothing. `text` is a part of the name, several parts in any order, or words in the
    content; `path` is the folder in and below which entries lie; `entries` leaves files or folders
    out. `types` has 16 entries at most, of which one is enough. Sizes are in bytes, both included;
    `changed_from` is included, `changed_before` is not. Folders have no type, size and owner. `after`
    is that of the answer before, for the next page; `limit` is at most 100, which is used
    when it is left out. A search that a newer one of the connection overtakes is answered by
    `generic:boolean` false. Answered by `s2c:search-results`.
    """

    id: ClassVar[str] = "c2s:search-request"
    extension: ClassVar[str | None] = SEARCH

    text: SearchText | None = None
    path: Path | None = None
    entries: ListType | None = None
    types: tuple[TypePattern, ...] | None = None
    min_size: NonNegative | None = None
    max_size: NonNegative | None = None
    changed_from: Timestamp | None = None
    changed_before: Timestamp | None = None
    owner_id: Integer | None = None
    after: SearchCursor | None = None
    limit: Positive | None = None


class StarFile(Packet, frozen=True, kw_only=True):
    """Stars a file for the user, or takes the star back.

    Client → manager, with the extension `stars`. What is so already stays so. Answered by
    `generic:boolean`: false when the user cannot list the file, or has as many stars as a user may.
    """

    id: ClassVar[str] = "c2s:star-file"
    extension: ClassVar[str | None] = STARS

    file_id: Integer
    starred: bool


class StarFolder(Packet, frozen=True, kw_only=True):
    """Stars a folder for the user, or takes the star back.

    Client → manager, with the extension `stars`. As `c2s:star-file`; the root cannot be starred.
    Answered by `generic:boolean`.
    """

    id: ClassVar[str] = "c2s:star-folder"
    extension: ClassVar[str | None] = STARS

    folder_id: Integer
    starred: bool


class StarListRequest(Packet, frozen=True, kw_only=True):
    """Asks for the ids of all that the user has starred.

    Client → manager, with the extension `stars`. Answered by `s2c:star-list`.
    """

    id: ClassVar[str] = "c2s:star-list-request"
    extension: ClassVar[str | None] = STARS


class StarredRequest(Packet, frozen=True, kw_only=True):
    """Asks for files and folders that the user has starred.

    Client → manager, with the extension `stars`. `before` is `next` of the answer before, for the next
    page. Answered by `s2c:starred`.
    """

    id: ClassVar[str] = "c2s:starred-request"
    extension: ClassVar[str | None] = STARS

    before: Positive | None = None


class UploadKeep(Packet, frozen=True, kw_only=True):
    """Asks the manager to keep an upload that has been accepted beyond the client's connection.

    Client → manager, with the extension `resume`, while the upload runs; chunks may be sent
    meanwhile. `fingerprint` says which source it is; the manager compares it as it is. Answered by
    `generic:boolean`: false when the upload is over, when its service cannot go on with uploads, or
    when the user keeps too many. The same again is no change.
    """

    id: ClassVar[str] = "c2s:upload-keep"
    extension: ClassVar[str | None] = RESUME

    upload_id: Uuid
    fingerprint: Fingerprint


class KeptUploadsRequest(Packet, frozen=True, kw_only=True):
    """Asks for the user's kept uploads, the oldest first, those after one of them.

    Client → manager, with the extension `resume`. Answered by `s2c:kept-uploads`.
    """

    id: ClassVar[str] = "c2s:kept-uploads-request"
    extension: ClassVar[str | None] = RESUME

    after: Uuid | None = None


class UploadResume(Packet, frozen=True, kw_only=True):
    """Asks to go on with a kept upload, on a booked service that is free.

    Client → manager, with the extension `resume`. Another connection that runs the upload loses it.
    With `fingerprint` the manager resumes only the upload of that source. Answered by
    `s2c:upload-resumed`, or by `s2c:upload-rejection`.
    """

    id: ClassVar[str] = "c2s:upload-resume"
    extension: ClassVar[str | None] = RESUME

    upload_id: Uuid
    fingerprint: Fingerprint | None = None


class UploadPark(Packet, frozen=True, kw_only=True):
    """Leaves a kept upload that this connection runs, so that its service is free for another one.

    Client → manager, with the extension `resume`. Chunks that are on their way are stored; a file that
    is being entered is entered. Answered by `generic:boolean`: false when the connection runs no such
    upload, or when it is not kept. After a yes, `s2c:upload-parked` ends this run.
    """

    id: ClassVar[str] = "c2s:upload-park"
    extension: ClassVar[str | None] = RESUME

    upload_id: Uuid


class UploadDrop(Packet, frozen=True, kw_only=True):
    """Gives up a kept upload, whether a client runs it or not; its content becomes garbage.

    Client → manager, with the extension `resume`. Answered by `generic:boolean`: false when the user
    keeps no such upload, or when its file is being entered.
    """

    id: ClassVar[str] = "c2s:upload-drop"
    extension: ClassVar[str | None] = RESUME

    upload_id: Uuid


class UserListRequest(Packet, frozen=True, kw_only=True):
    """Asks for users, a page at a time, from 0.

    Client → manager, with the extension `administer`, by an administrator. `query` is a part of
    their names; without it all are listed. Answered by `s2c:user-list`.
    """

    id: ClassVar[str] = "c2s:user-list-request"
    extension: ClassVar[str | None] = ADMINISTER

    page: NonNegative
    query: UsernameQuery | None = None


class UserPasswordSet(Packet, frozen=True, kw_only=True):
    """Gives another user a new password, which ends the user's logins.

    Client → manager, with the extension `administer`, by an administrator. Answered by
    `generic:boolean`: false for one's own password, which `/update-password` changes.
    """

    id: ClassVar[str] = "c2s:user-password-set"
    extension: ClassVar[str | None] = ADMINISTER
    secrets: ClassVar[frozenset[str]] = frozenset({"password"})

    user_id: Integer
    password: Password


class UserRoleSet(Packet, frozen=True, kw_only=True):
    """Makes a user an administrator, or takes that role away.

    Client → manager, with the extension `administer`, by an administrator. Answered by
    `generic:boolean`: false when there would be no administrator any more.
    """

    id: ClassVar[str] = "c2s:user-role-set"
    extension: ClassVar[str | None] = ADMINISTER

    user_id: Integer
    is_admin: bool


class UserRemove(Packet, frozen=True, kw_only=True):
    """Removes another user; the files go to the heir, or are deleted when there is none.

    Client → manager, with the extension `administer`, by an administrator. Answered by
    `s2c:user-removal`, or by `generic:boolean` false. A request does some of the work: it is sent
    again until no file remains, and changes nothing else meanwhile.
    """

    id: ClassVar[str] = "c2s:user-remove"
    extension: ClassVar[str | None] = ADMINISTER

    user_id: Integer
    heir_id: Integer | None = None
