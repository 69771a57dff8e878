"""What the client returns, as plain values: files, folders, users, shares, and the manager's status.

Times are aware `datetime`s in UTC, sizes are bytes, and paths are full remote paths, `/folder/name`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from client_sdk.errors import UnexpectedAnswer
from client_sdk.paths import Located

Answered = TypeVar("Answered")


class Ownership(StrEnum):
    """How a file stands to the user of the client."""

    OWNED = "owned"
    """It is the user's, or belongs to nobody. The user may do everything with it."""
    SHARED = "shared"
    """Another user has shared it with this one, for reading or also for writing."""
    PUBLIC = "public"
    """Another user lets everybody read and write it."""
    RESTRICTED = "restricted"
    """Another user keeps it to themselves; only its name and size can be seen."""


@dataclass(frozen=True, kw_only=True)
class FileInfo(Located):
    """A file.

    Attributes:
        id: Its number, the same for as long as it exists.
        path: Its full path.
        size: Its size in bytes.
        content_type: Its MIME type, as the upload service found out.
        created_at: When it was made; None when the manager does not know.
        updated_at: When its content was last replaced; None when the manager does not know.
        modified_at: When its content was last modified where it came from; None when that is not known.
        has_thumbnail: Whether the manager has a small picture of it.
        ownership: How it stands to the user.
        can_read: Whether the user may read its content.
        can_write: Whether the user may replace, rename, move and delete it.
        shared_at: When it was shared with the user; None unless it is `Ownership.SHARED`.
    """

    id: int
    size: int
    content_type: str
    created_at: datetime | None
    updated_at: datetime | None
    has_thumbnail: bool
    ownership: Ownership
    can_read: bool
    can_write: bool
    shared_at: datetime | None
    modified_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FolderInfo(Located):
    """A folder.

    Attributes:
        id: Its number, the same for as long as it exists.
        path: Its full path.
    """

    id: int


@dataclass(frozen=True, kw_only=True)
class ContentHash:
    """What a file's content is checked by.

    Attributes:
        hash: SHA-256, in hex, of the concatenated SHA-256 hashes, in hex, of its chunks.
        chunk_size: Length of each chunk but the last, in bytes.
    """

    hash: str
    chunk_size: int


Entry = FolderInfo | FileInfo
"""What lies in a folder."""


class SearchMatch(StrEnum):
    """What of a file or folder a search has found."""

    NAME = "name"
    """The whole name is the text; or the search has no text."""
    PREFIX = "prefix"
    """The name begins with the text."""
    PART = "part"
    """The name contains all words of the text."""
    TEXT = "text"
    """The content contains all words, by what processing found in it."""


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What a search has found.

    Attributes:
        match: Why.
        entry: The file or folder.
    """

    match: SearchMatch
    entry: Entry


@dataclass(frozen=True, kw_only=True)
class FolderStatus(Located):
    """Whether there is a folder, and how much lies directly in it.

    Attributes:
        path: Its full path.
        id: Its number; None for the root, and when there is no such folder.
        exists: Whether there is such a folder.
        file_count: Files directly in it.
        folder_count: Folders directly in it.
    """

    id: int | None
    exists: bool
    file_count: int
    folder_count: int


@dataclass(frozen=True, kw_only=True)
class FolderSize(Located):
    """How much a folder holds with everything below it.

    Attributes:
        path: Its full path.
        total_size: Bytes in all.
        size_by_type: The bytes of each MIME type.
    """

    total_size: int
    size_by_type: Mapping[str, int]


class KeptUploadState(StrEnum):
    """Where a kept upload stands."""

    RUNNING = "running"
    """A client sends it."""
    PARKED = "parked"
    """Chunks are missing, and no client sends them."""
    STORED = "stored"
    """All chunks are stored; only the file has to be entered, which the next client brings about."""
    AWAITING_DECISION = "awaiting-decision"
    """All chunks are stored, and the name is taken: the next client is asked."""


@dataclass(frozen=True, kw_only=True)
class KeptUploadInfo(Located):
    """An unfinished upload that the manager keeps.

    Attributes:
        id: Its uuid.
        path: The full path that it is to have.
        size: Size of the whole, in bytes.
        stored_size: Bytes of it that are stored.
        state: Where it stands.
        is_public: Whether everybody may read and write the file.
        fingerprint: What says whether a source is still the same.
        created_at: When it began.
        expires_at: When the manager drops it, unless a client goes on with it.
    """

    id: str
    size: int
    stored_size: int
    state: KeptUploadState
    is_public: bool
    fingerprint: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class User:
    """A user, as every other one may see them."""

    id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Account(User):
    """A user, as administrators see them.

    Attributes:
        id: The user's number.
        name: The user's name.
        is_admin: Whether the user is an administrator.
        created_at: When the user was made.
        file_count: Files that the user owns.
        total_size: Bytes of these files.
    """

    is_admin: bool
    created_at: datetime
    file_count: int
    total_size: int


@dataclass(frozen=True, kw_only=True)
class StorageQuota:
    """How much a user may store.

    Attributes:
        bytes: Bytes of all files together; None for any number.
        files: Number of files; None for any number.
    """

    bytes: int | None
    files: int | None


@dataclass(frozen=True, kw_only=True)
class StorageAmount:
    """How much there is.

    Attributes:
        bytes: Bytes of all files together.
        files: Number of files.
    """

    bytes: int
    files: int


@dataclass(frozen=True, kw_only=True)
class StorageUse:
    """What a user stores, and may store.

    Attributes:
        quota: How much it may be.
        stored: The files that the user owns.
        temporary: Uploads that run or are kept, open tickets, and what was uploaded with tickets.
    """

    quota: StorageQuota
    stored: StorageAmount
    temporary: StorageAmount


@dataclass(frozen=True, kw_only=True)
class UserUsage:
    """What a user stores, for administrators.

    Attributes:
        id: The user's.
        name: The user's.
        is_admin: Whether the user is an administrator.
        quota: How much it may be.
        stored: What counts, of which the rest is part.
        trash: What lies in the trash.
        version_bytes: Bytes of earlier contents of files.
        last_seen_at: When a session or an app password of the user was last used; None without one.
    """

    id: int
    name: str
    is_admin: bool
    quota: StorageQuota
    stored: StorageAmount
    trash: StorageAmount
    version_bytes: int
    last_seen_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """What somebody did, or tried to do.

    Attributes:
        id: Its id.
        first_at: When it happened; of equal events within a minute the first time.
        last_at: The last time.
        count: How many equal events there were.
        action: What was done, as docs/audit.md lists it.
        outcome: `success` or `failure`.
        actor_id: Id of the user who did it; None for others.
        actor: Name of who did it, or is said to have done it; None when nobody is named.
        address: Where the client was; None for a command on the machine of the manager.
        subject: What it was done to; None when the action says it all, or when it is hidden.
        details: More about it.
        is_hidden: Whether the subject is a path that the administrator may not see.
    """

    id: str
    first_at: datetime
    last_at: datetime
    count: int
    action: str
    outcome: str
    actor_id: int | None
    actor: str | None
    address: str | None
    subject: str | None
    details: Mapping[str, Any]
    is_hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class Share:
    """One user's right to a file of another one.

    Attributes:
        user: Who may use the file.
        can_write: Whether the user may also write it.
        shared_at: Since when.
    """

    user: User
    can_write: bool
    shared_at: datetime


@dataclass(frozen=True, kw_only=True)
class FileAccess:
    """Who may use a file.

    Attributes:
        is_public: Whether everybody may read and write it.
        has_owner: Whether it belongs to a user; what belongs to nobody is everybody's.
        shares: Whom it is shared with, in the order of the users' numbers.
    """

    is_public: bool
    has_owner: bool
    shares: tuple[Share, ...]


@dataclass(frozen=True, kw_only=True)
class UploadSlot:
    """One upload at a time: a connection of an upload service.

    Attributes:
        id: Its uuid, for as long as it is connected.
        address: Where clients send chunks to.
        state: `free`; `idle` or `running` when a client has booked it; `draining` while it ends
            the work for a client that has left.
        user: Name of the user whose client has booked it; None when none has.
    """

    id: str
    address: str
    state: str
    user: str | None = None


@dataclass(frozen=True, kw_only=True)
class Booking:
    """What a client has booked.

    Attributes:
        user: Name of the client's user; None when the client has just left.
        desired: Upload slots that it wants.
        amount: Upload slots that it holds.
    """

    user: str | None = None
    desired: int
    amount: int


@dataclass(frozen=True, kw_only=True)
class QuarantinedWebhook:
    """A webhook that is not used any more.

    Attributes:
        id: Its number at Discord.
        reason: Why it is not used.
        is_gone: Whether it was deleted, so that nothing can be read or deleted with it either.
    """

    id: str
    reason: str
    is_gone: bool = False


@dataclass(frozen=True, kw_only=True)
class WebhookStatus:
    """The manager's webhooks.

    Attributes:
        usable: How many can be used.
        unknown: How many have not been looked at yet.
        quarantined: Those that are not used any more.
    """

    usable: int = 0
    unknown: int = 0
    quarantined: tuple[QuarantinedWebhook, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChannelStatus:
    """What a message of a channel takes, as far as the manager has learned it.

    Attributes:
        id: The channel's number at Discord.
        attachment_bytes: Size of the largest attachment.
        request_bytes: Size of the largest message with everything around it.
        attachments: The most attachments.
        learned_at: When all larger sizes had been tried; None: not yet.
        refused_at: When Discord last refused a message as too large; None: never.
    """

    id: str
    attachment_bytes: int
    request_bytes: int
    attachments: int
    learned_at: datetime | None = None
    refused_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class MessageStatus:
    """What lies on Discord in vain.

    Attributes:
        stuck: Messages that nobody can delete, as their webhook is gone or not configured.
        uncertain_posts: Posts whose answer was lost since the upload services started; each may
            have left a message that nobody knows.
        has_bot: Whether the manager has a bot, which looks for such messages.
        unknown_found: How many it has found since the manager started; they are deleted.
        swept_at: When it has looked last; None before the first time.
    """

    stuck: int = 0
    uncertain_posts: int = 0
    has_bot: bool = False
    unknown_found: int = 0
    swept_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FailedProcessing:
    """A file whose processing was given up.

    Attributes:
        id: The uuid of its content.
        attempts: How often it was tried.
        error: What went wrong at last; None when that is not known.
    """

    id: str
    attempts: int
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProcessingStatus:
    """How thumbnails and metadata are coming along, in files.

    Attributes:
        services: Processing services that are connected.
        queued: Files that wait.
        running: Files that are being processed.
        done: Files that are processed.
        failed: Files that were given up.
        failed_files: Some of these, for administrators; empty for others.
    """

    services: int = 0
    queued: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    failed_files: tuple[FailedProcessing, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CurrentUser:
    """The user whose token the client has.

    Attributes:
        id: The user's number.
        name: The user's name.
        is_admin: Whether the user is an administrator.
    """

    id: int
    name: str
    is_admin: bool


@dataclass(frozen=True, kw_only=True)
class ManagerStatus:
    """How a manager is.

    Attributes:
        clients: Clients that are connected.
        services: All upload slots.
        bookings: What clients have booked.
        webhooks: The manager's webhooks.
        channels: What a message takes in each channel in use.
        chunk_size: Bytes of a chunk of new uploads, for services and clients that take any size; None from
            a manager that does not say it.
        messages: What lies on Discord in vain.
        processing: How thumbnails and metadata are coming along.
        you: The user whose token the client has; None when the manager does not tell.
    """

    clients: int = 0
    services: tuple[UploadSlot, ...] = ()
    bookings: tuple[Booking, ...] = ()
    webhooks: WebhookStatus = field(default_factory=WebhookStatus)
    channels: tuple[ChannelStatus, ...] = ()
    chunk_size: int | None = None
    messages: MessageStatus = field(default_factory=MessageStatus)
    processing: ProcessingStatus = field(default_factory=ProcessingStatus)
    you: CurrentUser | None = None


def read_answer(answer: object, kind: type[Answered]) -> Answered:
    """What a manager's answer in JSON tells. Raises `UnexpectedAnswer`."""
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"the manager's answer cannot be read: {error}") from error


def manager_status(answer: dict[str, Any]) -> ManagerStatus:
    """What the manager answered; what the SDK does not know of it is left out.

    Raises:
        UnexpectedAnswer: It does not tell how the manager is.
    """
    try:
        return msgspec.convert(answer, ManagerStatus)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"the manager's status cannot be read: {error}") from error
