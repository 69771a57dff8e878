"""Packets that the manager sends to processing (thumbnail) services."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from protocol.packet import Packet
from protocol.values import Integer, MimeType, Snowflake

__all__ = ["GenThumbnail", "ImageType", "ThumbnailServiceConfiguration"]

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
