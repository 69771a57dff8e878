"""Packets that an upload service sends to the manager."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar

import msgspec

from protocol.extensions import (
    BUNDLE,
    CHANNEL_DEMAND,
    MESSAGE_LIMITS,
    MESSAGES,
    MODIFICATION_TIMES,
    TICKETS,
    WEBHOOKS,
)
from protocol.packet import Packet, Record
from protocol.values import Hash, MimeType, NonNegative, Positive, Snowflake, Timestamp, Uuid

__all__ = [
    "MAX_CHUNKS_IN_MESSAGE",
    "BundleFinish",
    "BundledFileResult",
    "ChannelDemand",
    "ChunkStored",
    "MessageStored",
    "MessageTooLarge",
    "StoredChunk",
    "TicketFinish",
    "TicketRedeem",
    "UncertainPosts",
    "UploadFinish",
    "WebhookLost",
]

MAX_CHUNKS_IN_MESSAGE = 1000
"""The most chunks that one message holds; twice as many would still fit the frame that reports them."""


class UploadFinish(Packet, frozen=True, kw_only=True):
    """Says how the service's upload ended.

    Upload service → manager. On success with `hash` (SHA-256 over the concatenated lowercase
    hex SHA-256 digests of the plain chunks, in chunk order), `is_encrypted` and `type`, and
    from a base-protocol service with `messages`, one per chunk in chunk order, in `channel`;
    with the extension `webhooks` those two are left out, as every chunk is reported already.
    `reason` says why it failed. Not answered.
    """

    id: ClassVar[str] = "u2s:upload-finish"

    success: bool
    messages: tuple[Snowflake, ...] | None = None
    hash: Hash | None = None
    is_encrypted: bool | None = None
    type: MimeType | None = None
    channel: Snowflake | None = None
    reason: str | None = None


class BundledFileResult(Record, frozen=True, kw_only=True):
    """What the service has made of a file of a bundle.

    A file that is stored has `hash` (as in `u2s:upload-finish`) and `type`, any other `reason`.
    """

    upload_id: Uuid
    hash: Hash | None = None
    type: MimeType | None = None
    reason: str | None = None


class BundleFinish(Packet, frozen=True, kw_only=True):
    """Says how the service's bundle ended.

    Upload service with the extension `bundle` → manager, once the reports of all messages with its
    chunks are answered. On success `files` has an entry for each file of the bundle. `reason` says why
    the whole bundle failed. Not answered.
    """

    id: ClassVar[str] = "u2s:bundle-finish"
    extension: ClassVar[str | None] = BUNDLE

    bundle_id: Uuid
    success: bool
    files: tuple[BundledFileResult, ...] | None = None
    reason: str | None = None


class ChunkStored(Packet, frozen=True, kw_only=True):
    """Reports a chunk as soon as Discord has answered for it.

    Upload service with the extension `webhooks` → manager, also for an upload that has ended
    meanwhile; what could not be delivered is sent after a reconnect, or after the service's next
    start. `index` counts from 0. The `stored_size` bytes from `offset` of the attachment are the
    encrypted chunk; `size` bytes were plain, with the SHA-256 `digest`. With the extension `resume`
    the report of the first chunk has the MIME `type`. Answered by
    `generic:boolean`: true when the chunk is durably part of its upload, false when it is not
    wanted, and its message durably noted as garbage. Answered by `s2u:report-deferred` when
    neither can be done now.
    """

    id: ClassVar[str] = "u2s:chunk-stored"
    extension: ClassVar[str | None] = WEBHOOKS

    upload_id: Uuid
    index: NonNegative
    message_id: Snowflake
    channel_id: Snowflake
    webhook_id: Snowflake
    attachment_id: Snowflake
    offset: NonNegative
    stored_size: Positive
    size: Positive
    digest: Hash
    type: MimeType | None = None


class StoredChunk(Record, frozen=True, kw_only=True):
    """A chunk in a message.

    `index` counts from 0. The `stored_size` bytes from `offset` of the attachment are the encrypted
    chunk; `size` bytes were plain, with the SHA-256 `digest`. Without `attachment_id` the offset
    counts through all attachments of the message, one after the other. The first chunk of an upload
    has the MIME `type`, unless a ticket is for it.
    """

    upload_id: Uuid
    index: NonNegative
    attachment_id: Snowflake | None = None
    offset: NonNegative
    stored_size: Positive
    size: Positive
    digest: Hash
    type: MimeType | None = None


class MessageStored(Packet, frozen=True, kw_only=True):
    """Reports a message as soon as Discord has answered for it, with all chunks in it.

    Upload service with the extension `messages` → manager, in place of `u2s:chunk-stored` and sent
    under the same conditions. The chunks may be those of several uploads. Answered by
    `s2u:message-entered` once the message and what is wanted of it are durable, or by
    `s2u:report-deferred` when that cannot be done now.
    """

    id: ClassVar[str] = "u2s:message-stored"
    extension: ClassVar[str | None] = MESSAGES

    message_id: Snowflake
    channel_id: Snowflake
    webhook_id: Snowflake
    chunks: Annotated[
        tuple[StoredChunk, ...], msgspec.Meta(min_length=1, max_length=MAX_CHUNKS_IN_MESSAGE)
    ]

    @property
    def upload_id(self) -> str | None:
        """The upload that all of the chunks belong to; None for several uploads."""
        first, *others = self.chunks
        is_one = all(other.upload_id == first.upload_id for other in others)
        return first.upload_id if is_one else None


class WebhookLost(Packet, frozen=True, kw_only=True):
    """Says that a leased webhook no longer works.

    Upload service with the extension `webhooks` → manager. Not answered; the manager
    quarantines the webhook and sends a new `s2u:webhook-configuration`.
    """

    id: ClassVar[str] = "u2s:webhook-lost"
    extension: ClassVar[str | None] = WEBHOOKS

    webhook_id: Snowflake
    reason: str


class MessageTooLarge(Packet, frozen=True, kw_only=True):
    """Says that Discord has refused a message as too large, although it was within the known limits.

    Upload service with the extension `message-limits` → manager. `sizes` are those of the attachments
    in bytes. The service goes on within lower limits. Not answered; the manager lowers the limits of the
    webhook's channel, and sends a new `s2u:webhook-configuration`.
    """

    id: ClassVar[str] = "u2s:message-too-large"
    extension: ClassVar[str | None] = MESSAGE_LIMITS

    webhook_id: Snowflake
    sizes: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=1, max_length=10)]


class UncertainPosts(Packet, frozen=True, kw_only=True):
    """Says how many posts of the process may have been saved although their answer was lost.

    Upload service with the extension `webhooks` → manager, over any of the process's
    connections, when `total`, which counts from the start of the process, has grown, and at the
    beginning of a connection unless it is 0. Each such post may have left an unknown
    message. Not answered.
    """

    id: ClassVar[str] = "u2s:uncertain-posts"
    extension: ClassVar[str | None] = WEBHOOKS

    total: NonNegative


class ChannelDemand(Packet, frozen=True, kw_only=True):
    """Says how many posts of the process wait for the limits of its channels, or for a channel.

    Upload service with the extension `channel-demand` → manager, over any of the process's connections:
    as soon as a post waits, again every few seconds for as long as posts wait, and once, with 0, when
    none has waited for a while. The manager leases channels to processes whose posts wait, by
    `s2u:webhook-configuration`. Not answered.
    """

    id: ClassVar[str] = "u2s:channel-demand"
    extension: ClassVar[str | None] = CHANNEL_DEMAND

    waiting: NonNegative


class TicketRedeem(Packet, frozen=True, kw_only=True):
    """Asks whether to accept a form with a ticket, and uses the ticket up.

    Upload service with the extension `tickets` → manager, once per form, when it comes to the
    file. `ticket`, `key` and `type` are what the form's fields of those names hold (the last one
    is called `Content-Type` there), `max_size` is the most bytes that the file can have, where
    the length of the form was announced. With the extension `modification-times`, `modified_at` is
    when the sender's file was last modified. Answered by `s2u:ticket-accepted`, or by
    `generic:boolean` false with a message for the sender of the form; unless that was because the
    ticket is used up, it stays valid.
    """

    id: ClassVar[str] = "u2s:ticket-redeem"
    extension: ClassVar[str | None] = TICKETS
    extension_fields: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"modified_at": MODIFICATION_TIMES}
    )
    secrets: ClassVar[frozenset[str]] = frozenset({"ticket"})

    ticket: str
    key: str | None = None
    type: str | None = None
    max_size: NonNegative | None = None
    modified_at: Timestamp | None = None


class TicketFinish(Packet, frozen=True, kw_only=True):
    """Says how the upload of a ticket ended.

    Upload service with the extension `tickets` → manager, after the reports of all chunks;
    `hash` and `type` (what the content looks like) are there on success, `reason` otherwise.
    Answered by `generic:boolean`: true once the file is safe, or its failure noted; by
    `s2u:report-deferred` when the catalog is away. What was stored of a failed upload is garbage.
    """

    id: ClassVar[str] = "u2s:ticket-finish"
    extension: ClassVar[str | None] = TICKETS

    upload_id: Uuid
    success: bool
    hash: Hash | None = None
    type: MimeType | None = None
    reason: str | None = None
