"""What the catalog stores, as immutable records.

Times are seconds since the Unix epoch (UTC). Sizes are bytes. The root folder is a folder like any
other, with the id `ROOT_FOLDER_ID` and without a parent, so that uniqueness holds in it too.

It is long because it is one list without logic: a class for each kind of record.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from catalog.folder_rights import FolderRight

ROOT_FOLDER_ID = 0


class ObjectState(StrEnum):
    """How far the content of an object has come."""

    UPLOADING = "uploading"
    """Chunks are being written; no file points here yet."""
    STORED = "stored"
    """Every chunk is journalled and the whole has a hash."""


class EnvelopeKind(StrEnum):
    """How the chunks of an object are wrapped on Discord."""

    PLAIN = "plain"
    """Not encrypted (a base-protocol service with encryption switched off)."""
    BASE = "base"
    """The base protocol's: IV(16), tag(16), ciphertext. Read, never written."""
    V1 = "v1"
    """Ours: version, key id, nonce, ciphertext, tag; bound to object, index and count."""


class JobState(StrEnum):
    """How far the processing of an object has come."""

    QUEUED = "queued"
    """To be done, not before it is due."""
    RUNNING = "running"
    """Leased to a worker; to be done again once the lease is over."""
    DONE = "done"
    """Its metadata is there."""
    FAILED = "failed"
    """Given up, until it is queued again."""


class FileOrder(StrEnum):
    """What a page of files is sorted by."""

    NAME = "name"
    UPDATED_AT = "updated_at"
    MODIFIED_AT = "modified_at"
    SIZE = "size"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account.

    Tokens carry `token_epoch` and die when the password, and so the epoch, changes.
    """

    id: int
    name: str
    is_admin: bool
    password_hash: str = field(repr=False)
    token_epoch: int
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSession:
    """A login of a user on a device.

    Attributes:
        epoch: the user's token epoch when it began; the session ends when that is another.
        device: what the client calls itself, for people.
        address: where it was seen last.
        generation: how often its token was renewed.
        renewed_at: when that was last; of a new session `created_at`.
    """

    id: UUID
    user_id: int
    epoch: int
    device: str
    address: str
    created_at: float
    last_seen_at: float
    expires_at: float
    generation: int = 0
    renewed_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPassword:
    """A password for a program, which may do less than its user.

    Attributes:
        name: the user's name for it; no two of a user are alike.
        secret_hash: SHA-256 of its text.
        is_read_only: whether it changes nothing.
        folder_id: the folder to which it is confined; None: to none.
        folder: where that folder is now, from the root on; None without one.
        last_used_at: None before the first use.
        expires_at: None: never.
    """

    id: UUID
    user_id: int
    name: str
    secret_hash: bytes = field(repr=False)
    is_read_only: bool
    folder_id: int | None
    folder: tuple[str, ...] | None = None
    created_at: float
    last_used_at: float | None = None
    expires_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder; `parent_id` is None for the root alone."""

    id: int
    name: str
    parent_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What `user_id` may do with a file of another owner."""

    file_id: int
    user_id: int
    can_write: bool
    shared_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A name in a folder, and the content behind it.

    `owner_id` is None for a file that belongs to all users. `updated_at` is when the content was
    last replaced, `modified_at` when it was last modified where it came from, as its client has said;
    None: it has not said, and `updated_at` counts for it (`last_modified`). `share` is the viewer's share
    of the file where the query named a viewer, else None. `folder_right` is the viewer's right on its folder
    where such rights count, which the catalog leaves to its callers (`manager.spaces.catalog`).
    """

    id: int
    folder_id: int
    name: str
    object_id: UUID
    owner_id: int | None
    is_public: bool
    size: int
    mime_type: str
    has_thumbnail: bool
    created_at: float
    updated_at: float
    modified_at: float | None = None
    share: Share | None = None
    folder_right: FolderRight | None = None

    @property
    def last_modified(self) -> float:
        """The modification time, or without one the time of upload."""
        return self.updated_at if self.modified_at is None else self.modified_at


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """Content: `chunk_count` chunks of `chunk_size` bytes, the last one with the rest.

    `hash` is SHA-256 over the concatenated lowercase hex SHA-256 digests of the plain chunks in
    chunk order; it and `mime_type` are empty until the object is stored. `modified_at` is when the
    content was last modified where it came from; None: its client has not said.
    """

    id: UUID
    size: int
    chunk_size: int
    chunk_count: int
    envelope: EnvelopeKind
    state: ObjectState
    mime_type: str
    hash: str
    created_at: float
    modified_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A Discord message that was posted for us. Ids are snowflakes.

    `webhook_id` is None for a message that a bot posted (a base-protocol service).
    """

    id: int
    channel_id: int
    webhook_id: int | None
    stored_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAuthor:
    """Who posted messages, and where: that decides who can delete them. Ids are snowflakes.

    `webhook_id` is None for a bot.
    """

    webhook_id: int | None
    channel_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """A webhook that is not used any more since then, and why.

    `is_gone`: Discord has said that the webhook does not exist, so nothing can be read or deleted
    with it either.
    """

    webhook_id: int
    reason: str
    is_gone: bool
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLimits:
    """What a message of a channel takes, as far as it was learned.

    Attributes:
        channel_id: Snowflake of the channel.
        attachment_bytes: Size of the largest attachment.
        request_bytes: Size of the largest body of a post.
        attachments: The most attachments.
        learned_at: When all larger sizes had been tried, in seconds since the epoch; None: not yet.
        refused_at: When a message was last refused as too large; None: never.
    """

    channel_id: int
    attachment_bytes: int
    request_bytes: int
    attachments: int
    learned_at: float | None = None
    refused_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A time at which a manager has kept this very catalog, which so knew all that was posted."""

    began_at: float
    seen_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Where one chunk of an object lies.

    The `stored_size` bytes from `offset` of the attachment are the wrapped chunk; `size` is its
    plain length. `digest` is the SHA-256 of the plain bytes, or None where the service did not tell
    it. `attachment_id` is None where only the message is known: all of its attachments are meant, one after
    the other, of which there is often one alone.
    """

    object_id: UUID
    index: int
    message_id: int
    attachment_id: int | None
    offset: int
    stored_size: int
    size: int
    digest: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkMove:
    """A chunk where it lies, and its place in the message into which it moves."""

    chunk: Chunk
    attachment_id: int | None
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageUse:
    """A message that holds chunks, and how many of its bytes these take up."""

    message: Message
    used_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkLocation:
    """A chunk together with the message that holds it: all that a reader needs to fetch it."""

    chunk: Chunk
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What keeps an object alive; `expires_at` None means permanently.

    Unique by (object, service, key).
    """

    object_id: UUID
    service: str
    key: str
    expires_at: float | None


class KeptUploadState(StrEnum):
    """How far a kept upload has come."""

    UPLOADING = "uploading"
    """Chunks are missing, as far as is known."""
    STORED = "stored"
    """All chunks are journalled; the file is not entered yet."""
    AWAITING_DECISION = "awaiting_decision"
    """As `stored`, and the file's name is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptUpload:
    """An upload that goes on after its client, its service or its manager was lost.

    Attributes:
        object_id: the object that it brings, which is the upload's id.
        folder: names from the root down, where the file goes.
        do_overwrite: whether a file of the same name is replaced without asking.
        fingerprint: what the client calls its source by.
        mime_type: None as long as no service has found it out.
        epoch: how often it was claimed; 0 for who keeps it first.
        expires_at: when it is dropped, unless it is claimed or parked before.
        size, chunk_size, chunk_count: of the object.
        stored_chunks: how many chunks are journalled; only the catalog sets it.
    """

    object_id: UUID
    owner_id: int
    folder: tuple[str, ...]
    name: str
    is_public: bool
    do_overwrite: bool
    fingerprint: str
    created_at: float
    expires_at: float
    size: int
    chunk_size: int
    chunk_count: int
    state: KeptUploadState = KeptUploadState.UPLOADING
    mime_type: str | None = None
    epoch: int = 0
    stored_chunks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptUploadLimits:
    """What one user may keep: how many uploads, and how many bytes they may have together."""

    uploads: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderCounts:
    """How many entries lie directly in a folder."""

    files: int
    subfolders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What was made from an object, stored as an object of its own."""

    object_id: UUID
    name: str
    content: StoredObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewTarget:
    """The view that a ticket's upload is to become."""

    object_id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Permission to upload one file of that type and size, before `expires_at`.

    `id` is that of the object to be. `holder` is who asked: `user:<id>` or `service:<name>`.
    Once the upload is complete, the holder's temporary reference keeps it for `reference_ttl_s`
    seconds; a ticket with a `view` makes that view instead. The two `success_action` fields are
    what the upload is answered with, as S3 does. `used_at` is None until an upload has begun,
    `completed_at` until it has ended well.
    """

    id: UUID
    holder: str
    mime_type: str
    size: int
    created_at: float
    expires_at: float
    reference_ttl_s: float
    success_action_status: int | None = None
    success_action_redirect: str | None = None
    view: ViewTarget | None = None
    used_at: float | None = None
    completed_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLimits:
    """How much one holder may have under way at once."""

    open_tickets: int
    """Tickets that may still be used, or are being used."""
    temporary_bytes: int
    """Sizes of those, and of the objects that the holder's temporary references keep alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """The key of another service, which is named `name`; `key_hash` is SHA-256 of the key."""

    id: int
    name: str
    key_hash: bytes = field(repr=False)
    created_by: int | None
    created_at: float
    revoked_at: float | None


DERIVED_KEY_ID = bytes(4)
"""Id of the signing key that no catalog has: its secret is the oldest master key, as in earlier releases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSigningKey:
    """A key that signs from a time on, until the next one does.

    Attributes:
        key_id: four random bytes that what is signed names; `DERIVED_KEY_ID` for what earlier releases
            have signed.
        signs_from: when it begins to sign.
        sealed: its secret, encrypted with a master key; None exactly for `DERIVED_KEY_ID`.
    """

    key_id: bytes
    signs_from: float
    sealed: bytes | None = field(repr=False)


class ServiceKind(StrEnum):
    """What the holder of a service credential may do. The values are stored."""

    UPLOAD = "upload"
    PROCESSING = "processing"
    THUMBNAIL = "thumbnail"
    GATEWAY = "gateway"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCredential:
    """With what services of one kind log in.

    Attributes:
        name: by which an operator knows it.
        secret_hash: SHA-256 of its text.
        last_used_at: roughly; None: never.
        revoked_at: None: in force.
    """

    id: UUID
    name: str
    kind: ServiceKind
    secret_hash: bytes = field(repr=False)
    created_at: float
    last_used_at: float | None = None
    revoked_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The processing of one object.

    `due_at` is the time from which a worker may take it: of a running one, the end of its lease.
    `attempts` counts how often it was taken. `error` is what the last attempt ended with.
    `recipe_version` is that of the recipes by which it was done, None unless it was.
    """

    object_id: UUID
    state: JobState
    due_at: float
    attempts: int
    worker: str | None
    error: str | None
    recipe_version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """How many objects of a stretch were queued; `last` is None when it was the last stretch."""

    queued: int
    last: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """An object that nothing needs.

    Attributes:
        size: its bytes.
        since: when the collector noticed it (epoch seconds); 0: it goes without grace; None: not yet.
        name: the name under which it was committed; None if it never was.
        folder: where the folder of that name is now; None without a name, or when it is gone.
        owner: the name of the user whose it was, or who holds its ticket (`service:…` for a service);
            None when it had no owner, or that user was removed.
    """

    object_id: UUID
    size: int
    since: float | None
    name: str | None = None
    folder: tuple[str, ...] | None = None
    owner: str | None = None


class AuditOutcome(StrEnum):
    """How what an audit event is about ended."""

    SUCCESS = "success"
    """It was done."""
    FAILURE = "failure"
    """It was refused, or failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What somebody did, or tried to do; equal events within a minute are one with a count.

    Attributes:
        id: made for the event, so that it may be written again.
        first_at: when it happened, of several the first time.
        last_at: of several the last time.
        count: how often it happened.
        action: what was done, by its name in the documentation.
        outcome: whether it was done.
        actor_id: id of the user who did it; None for others, and for users that are only claimed.
        actor: name of who did it; None when nobody is named.
        address: the client that it came from; None for a command on the machine of the manager.
        subject: what it was done to: a path, a name or an id; None when the action says it all.
        details: more about it, as the text of a JSON object.
    """

    id: UUID
    first_at: float
    last_at: float
    count: int = 1
    action: str
    outcome: AuditOutcome
    actor_id: int | None = None
    actor: str | None = None
    address: str | None = None
    subject: str | None = None
    details: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """What audit events have to match; None matches all.

    Attributes:
        user: the name of the actor, or of the user that it was done to, regardless of (ASCII) case.
        action: name of the action.
        since: the earliest `first_at`.
        until: `first_at` is earlier.
    """

    user: str | None = None
    action: str | None = None
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPosition:
    """Where an event stands in the order of the audit log."""

    first_at: float
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageQuota:
    """How much a user may store: bytes, and files. None: any number; else 1 or more."""

    bytes: int | None = None
    files: int | None = None


NO_QUOTA = StorageQuota()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserStorage:
    """What a user may store, and does.

    Attributes:
        quota: how much it may be.
        used_bytes: size of the files that the user owns.
        used_files: how many these are.
        temporary_bytes: size of kept uploads, open tickets and temporary references of the user.
        temporary_files: how many these are.
    """

    quota: StorageQuota
    used_bytes: int
    used_files: int
    temporary_bytes: int
    temporary_files: int
