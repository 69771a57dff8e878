"""The facts that the catalog keeps, as immutable records.

Times are seconds since the Unix epoch (UTC). Sizes are bytes. The root folder is a folder like any
other, with the id `ROOT_FOLDER_ID` and without a parent, so that uniqueness holds in it too.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

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
    """The base protocol's: IV(16), tag(16), ciphertext. Read, never written by us."""
    V1 = "v1"
    """Ours: version, key id, nonce, ciphertext, tag; bound to object, index and count."""


class FileOrder(StrEnum):
    """What a page of files is sorted by."""

    NAME = "name"
    UPDATED_AT = "updated_at"
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
class Folder:
    """A folder; `parent_id` is None for the root alone."""

    id: int
    name: str
    parent_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What `user_id` may do with a file that belongs to somebody else."""

    file_id: int
    user_id: int
    can_write: bool
    shared_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A name in a folder, and the content behind it.

    `owner_id` is None for a file that belongs to everybody. `updated_at` tells when the content was
    last replaced. `share` is the viewer's share of the file where the query named a viewer, else
    None.
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
    share: Share | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """Content: `chunk_count` chunks of `chunk_size` bytes, the last one with the rest.

    `hash` is SHA-256 over the concatenated lowercase hex SHA-256 digests of the plain chunks in
    chunk order; it and `mime_type` are empty until the object is stored.
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
class Chunk:
    """Where one chunk of an object lies.

    The `stored_size` bytes from `offset` of the attachment are the wrapped chunk; `size` is its
    plain length. `digest` is the SHA-256 of the plain bytes, or None where the service did not tell
    it. `attachment_id` is None where only the message is known: it has exactly one attachment then.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderCounts:
    """How many entries lie directly in a folder."""

    files: int
    subfolders: int
