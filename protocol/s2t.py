"""Packets that the manager sends to processing (thumbnail) services."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from protocol.extensions import PROCESSING
from protocol.packet import Packet, Record
from protocol.values import Integer, MimeType, Name, NonNegative, Positive, Snowflake, Uuid

__all__ = [
    "FormField",
    "GenThumbnail",
    "ImageType",
    "Job",
    "JobAvailable",
    "ProcessingConfiguration",
    "ThumbnailServiceConfiguration",
    "ViewTicket",
]

ImageType = Literal["avif", "jpeg", "webp"]


class ThumbnailServiceConfiguration(Packet, frozen=True, kw_only=True):
    """Tells a service how to read chunks and what pictures to make.

    Manager → thumbnail service, first of all. `message_encryption_key` is left out when chunks
    are not encrypted, `image_quality` is in percent, `image_width` in pixels. Answered by
    `generic:boolean`; when true the service is usable.
    """

    id: ClassVar[str] = "s2t:thumbnail-service-configuration"
    secrets: ClassVar[frozenset[str]] = frozenset({"message_encryption_key", "discord_bot_token"})

    message_encryption_key: str | None = None
    discord_bot_token: str
    image_quality: Annotated[int, Meta(ge=0, le=100)]
    image_width: Annotated[int, Meta(ge=1, le=4096)]
    image_type: ImageType


class GenThumbnail(Packet, frozen=True, kw_only=True):
    """Asks for a picture of a file, made from its first chunk.

    Manager → thumbnail service. Answered by `t2s:thumbnail-data`.
    """

    id: ClassVar[str] = "s2t:gen-thumbnail"

    file_id: Integer
    channel_id: Snowflake
    first_msg_id: Snowflake
    file_type: MimeType
    is_encrypted: bool


class ProcessingConfiguration(Packet, frozen=True, kw_only=True):
    """Tells a processing service the rules of its work.

    Manager → processing service with the extension `processing`, first of all in place of
    `s2t:thumbnail-service-configuration`. A job is the service's for `lease_s` seconds since it
    was given or last reported alive; then another service may get it. Answered by
    `generic:boolean`; true makes the service usable.
    """

    id: ClassVar[str] = "s2t:processing-configuration"
    extension: ClassVar[str | None] = PROCESSING

    lease_s: Positive


class Job(Packet, frozen=True, kw_only=True):
    """Gives a processing service a stored file.

    Manager → processing service with the extension `processing`, for `t2s:job-request`. `name`
    is what the file is called, if it is called anything; `size` is in bytes. `content_url`
    serves the file's bytes, ranges too, for as long as the lease can last; `views` are the names
    of the views that it has. Answered by `t2s:job-done` or `t2s:job-failed` in the end.
    """

    id: ClassVar[str] = "s2t:job"
    extension: ClassVar[str | None] = PROCESSING
    secrets: ClassVar[frozenset[str]] = frozenset({"content_url"})

    job_id: Uuid
    name: Name | None = None
    size: NonNegative
    type: MimeType
    content_url: str
    views: tuple[str, ...]


class JobAvailable(Packet, frozen=True, kw_only=True):
    """Says that asking for a job again may succeed.

    Manager → processing service with the extension `processing`, which had asked in vain.
    Not answered.
    """

    id: ClassVar[str] = "s2t:job-available"
    extension: ClassVar[str | None] = PROCESSING


class FormField(Record, frozen=True, kw_only=True):
    """A field of a form, to be sent as it is."""

    secrets: ClassVar[frozenset[str]] = frozenset({"value"})

    name: str
    value: str


class ViewTicket(Packet, frozen=True, kw_only=True):
    """Lets a processing service store a view.

    Manager → processing service with the extension `processing`, for `t2s:view-request`. The
    view is sent in a form (`multipart/form-data`) to `url`: first these fields, then the bytes
    as `file`. Once the form was answered with success the view is there. Not answered.
    """

    id: ClassVar[str] = "s2t:view-ticket"
    extension: ClassVar[str | None] = PROCESSING

    url: str
    fields: tuple[FormField, ...]
