"""Packets that the manager sends to upload services."""

from typing import Annotated, ClassVar

from msgspec import Meta

from protocol.extensions import (
    BUNDLE,
    MESSAGE_LIMITS,
    MESSAGES,
    OBJECT_KEYS,
    RESUME,
    TICKETS,
    WEBHOOKS,
)
from protocol.generic import ChunkRange
from protocol.packet import Packet, Record
from protocol.values import (
    AesKey,
    Base64Url,
    Integer,
    KeyId,
    MimeType,
    Name,
    NonNegative,
    Path,
    Positive,
    Snowflake,
    Uuid,
)

__all__ = [
    "BundleStart",
    "BundledFileStart",
    "Crypto",
    "EncodedObjectKey",
    "LeaseLimits",
    "MessageEntered",
    "ReportDeferred",
    "SizeProbe",
    "TicketAccepted",
    "UploadAbort",
    "UploadContinue",
    "UploadServiceConfiguration",
    "UploadStart",
    "UploadStartWithKey",
    "WebhookConfiguration",
    "WebhookLease",
]


class Crypto(Record, frozen=True, kw_only=True):
    """Whether chunks are encrypted, and the key; `key` is there exactly when `enabled`."""

    secrets: ClassVar[frozenset[str]] = frozenset({"key"})

    enabled: bool
    key: AesKey | None = None

    def __post_init__(self) -> None:
        if self.enabled != (self.key is not None):
            raise ValueError("must hold a key exactly when it is enabled")


class EncodedObjectKey(Record, frozen=True, kw_only=True):
    """The key that seals the chunks of one object, and the id that their envelopes name."""

    secrets: ClassVar[frozenset[str]] = frozenset({"key"})

    key: AesKey
    key_id: KeyId


class LeaseLimits(Record, frozen=True, kw_only=True):
    """What a message takes in a webhook's channel: sizes in bytes, and the most attachments."""

    attachment_bytes: Positive
    request_bytes: Positive
    attachments: Positive


class WebhookLease(Record, frozen=True, kw_only=True):
    """A Discord webhook that one process alone may post to.

    `limits` are there with the extension `message-limits`.
    """

    secrets: ClassVar[frozenset[str]] = frozenset({"token"})

    id: Snowflake
    token: Base64Url
    channel_id: Snowflake
    limits: LeaseLimits | None = None


class UploadServiceConfiguration(Packet, frozen=True, kw_only=True):
    """Tells a base-protocol service how to encrypt and where to post.

    Manager → upload service, first of all. Answered by `generic:boolean`; true makes it usable.
    """

    id: ClassVar[str] = "s2u:upload-service-configuration"
    secrets: ClassVar[frozenset[str]] = frozenset({"discord_bot_token"})

    crypto: Crypto
    discord_bot_token: str
    discord_channel_id: Snowflake


class UploadStart(Packet, frozen=True, kw_only=True):
    """Gives the service an upload; one at a time.

    Manager → upload service, when a client's request is accepted. `path` is the folder, `size`
    and `chunk_size` are in bytes, `client` identifies the client's connection. Answered by
    `generic:boolean`; false when the service is busy.
    """

    id: ClassVar[str] = "s2u:upload-start"

    name: Name
    path: Path
    size: NonNegative
    client: Uuid
    upload_id: Uuid
    chunk_size: Positive


class UploadStartWithKey(UploadStart, frozen=True, kw_only=True):
    """Gives the service an upload, and the key that seals its chunks.

    Manager → upload service with the extension `object-keys`, in place of `s2u:upload-start`, of which
    it has all fields. Answered as that is.
    """

    id: ClassVar[str] = "s2u:upload-start-with-key"
    extension: ClassVar[str | None] = OBJECT_KEYS

    object_key: EncodedObjectKey


class UploadContinue(Packet, frozen=True, kw_only=True):
    """Gives the service an upload of which some chunks are stored already.

    Manager → upload service with the extension `resume`. The fields are those of `s2u:upload-start`;
    only the chunks `missing` (in order) come to this service. `type` is the MIME type when the first
    chunk is among those stored, else null. With the extension `object-keys` there is `object_key`,
    which seals the chunks. Answered by `generic:boolean`; false when the service is busy.
    The service's `u2s:upload-finish` leaves out `hash`, which the manager knows.
    """

    id: ClassVar[str] = "s2u:upload-continue"
    extension: ClassVar[str | None] = RESUME

    name: Name
    path: Path
    size: Positive
    client: Uuid
    upload_id: Uuid
    chunk_size: Positive
    missing: tuple[ChunkRange, ...]
    type: MimeType | None = None
    object_key: EncodedObjectKey | None = None


class BundledFileStart(Record, frozen=True, kw_only=True):
    """A file of a bundle: its name, its `size` in bytes, and the key that seals it."""

    secrets: ClassVar[frozenset[str]] = frozenset({"key"})

    upload_id: Uuid
    name: Name
    size: Positive
    key: AesKey


class BundleStart(Packet, frozen=True, kw_only=True):
    """Gives the service a bundle: many small files that come together, each an upload of one chunk.

    Manager → upload service with the extension `bundle`, in place of `s2u:upload-start`. `client`
    identifies the client's connection, `key_id` names the master key from which all keys are
    derived. Answered by `generic:boolean`; false when the service is busy.
    """

    id: ClassVar[str] = "s2u:bundle-start"
    extension: ClassVar[str | None] = BUNDLE

    bundle_id: Uuid
    client: Uuid
    key_id: KeyId
    files: Annotated[tuple[BundledFileStart, ...], Meta(min_length=1)]


class UploadAbort(Packet, frozen=True, kw_only=True):
    """Ends the upload, or the bundle, that the service has.

    Manager → upload service. Answered by `generic:boolean`; false when it has none.
    """

    id: ClassVar[str] = "s2u:upload-abort"


class WebhookConfiguration(Packet, frozen=True, kw_only=True):
    """Tells a service which webhooks are leased to it, and one of an earlier release how to encrypt.

    Manager → upload service with the extension `webhooks`, first of all in place of
    `s2u:upload-service-configuration`, and again whenever the lease changes. With the extension
    `object-keys` there is no `crypto`: each upload comes with its key. `webhooks` may be empty:
    nothing to lease now. `gets_more` is true for a service with the extension `channel-demand` as long as
    any webhook works: then posts wait while `webhooks` is empty, and do not fail. `api_url` is the base
    of Discord's API, `requests_per_s` this process's share of the global budget in requests per
    second. Answered by `generic:boolean`, true once no request runs any more on a webhook that was
    taken away.
    """

    id: ClassVar[str] = "s2u:webhook-configuration"
    extension: ClassVar[str | None] = WEBHOOKS

    crypto: Crypto | None = None
    webhooks: tuple[WebhookLease, ...]
    gets_more: bool | None = None
    api_url: str
    requests_per_s: Positive


class SizeProbe(Packet, frozen=True, kw_only=True):
    """Asks whether a channel takes a message with attachments of these sizes, in bytes.

    Manager → upload service with the extension `message-limits`, for a webhook that is leased to it. The
    service posts random bytes and deletes the message, unless uploads have work for it. Answered
    by `generic:primitives` with `boolean_value`, which is left out when it was not found out, or by
    `generic:boolean` false without the lease. The upload of so many bytes may take minutes.
    """

    id: ClassVar[str] = "s2u:size-probe"
    extension: ClassVar[str | None] = MESSAGE_LIMITS

    webhook_id: Snowflake
    sizes: Annotated[tuple[Positive, ...], Meta(min_length=1, max_length=10)]


class ReportDeferred(Packet, frozen=True, kw_only=True):
    """Says that a report could not be entered into the catalog now: keep it, and send it again.

    Manager → upload service with the extension `webhooks`, in place of the usual answer, for
    `u2s:chunk-stored`, `u2s:message-stored` and `u2s:ticket-finish`, in time for the reply timeout.
    Not answered. `fault` is a sentence for the sender of the file, there when the fault lasts until
    the operator of the manager acts.
    """

    id: ClassVar[str] = "s2u:report-deferred"
    extension: ClassVar[str | None] = WEBHOOKS

    fault: str | None = None


class MessageEntered(Packet, frozen=True, kw_only=True):
    """Says that a message is durably entered, and which of its chunks are part of their uploads.

    Manager → upload service with the extension `messages`, for `u2s:message-stored`. `accepted` has
    an element for each chunk of the report, in the same order: true when it is durably part of its
    upload, false when it is not wanted. A message without a wanted chunk is noted as garbage.
    `reason` is a sentence about the first chunk that is not wanted. Not answered.
    """

    id: ClassVar[str] = "s2u:message-entered"
    extension: ClassVar[str | None] = MESSAGES

    accepted: tuple[bool, ...]
    reason: str | None = None


class TicketAccepted(Packet, frozen=True, kw_only=True):
    """Lets an upload service take a file.

    Manager → upload service with the extension `tickets`, for `u2s:ticket-redeem`. The file must
    have exactly `size` bytes, which are stored in chunks of `chunk_size` bytes and reported by
    `u2s:chunk-stored` under `upload_id`. `type` is the MIME type that the ticket is for. The two
    `success_action` fields tell what to answer the form with, as S3 does; without them it is
    204. With the extension `ticket-holders` there is `holder`, the same text for all tickets of a
    user, unless another service has asked for the ticket. With the extension `object-keys` there is
    `object_key`, which seals the chunks. Answered by `u2s:ticket-finish` in the end.
    """

    id: ClassVar[str] = "s2u:ticket-accepted"
    extension: ClassVar[str | None] = TICKETS

    upload_id: Uuid
    size: Positive
    type: MimeType
    chunk_size: Positive
    success_action_status: Integer | None = None
    success_action_redirect: str | None = None
    holder: str | None = None
    object_key: EncodedObjectKey | None = None
