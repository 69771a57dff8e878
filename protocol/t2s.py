"""Packets that a processing (thumbnail) service sends to the manager."""

from typing import ClassVar

from protocol.packet import Packet
from protocol.values import Base64Url, Integer

__all__ = ["ThumbnailData"]


class ThumbnailData(Packet, frozen=True, kw_only=True):
    """The picture of a file, or that none could be made.

    Thumbnail service → manager, for `s2t:gen-thumbnail`. `data` is the picture's bytes, left
    out when `success` is false. Not answered.
    """

    id: ClassVar[str] = "t2s:thumbnail-data"

    file_id: Integer
    success: bool
    data: Base64Url | None = None
