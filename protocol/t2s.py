"""Packets that a processing (thumbnail) service sends to the manager."""

from typing import ClassVar

from protocol.extensions import PROCESSING
from protocol.packet import Packet
from protocol.values import (
    Base64Url,
    Integer,
    JsonObject,
    MimeType,
    NonNegative,
    Positive,
    Uuid,
    ViewName,
)

__all__ = [
    "JobAlive",
    "JobDone",
    "JobFailed",
    "JobRequest",
    "ThumbnailData",
    "ViewRequest",
]


class ThumbnailData(Packet, frozen=True, kw_only=True):
    """The picture of a file, or that none could be made.

    Thumbnail service → manager, for `s2t:gen-thumbnail`. `data` is the picture's bytes, left
    out when `success` is false. Not answered.
    """

    id: ClassVar[str] = "t2s:thumbnail-data"

    file_id: Integer
    success: bool
    data: Base64Url | None = None


class JobRequest(Packet, frozen=True, kw_only=True):
    """Asks for a stored file to process.

    Processing service with the extension `processing` → manager, once for each idle worker loop.
    `recipe_version` is that of its recipes, and grows when they change. Answered by `s2t:job`, or
    by `generic:boolean` false when there is nothing to do: then `s2t:job-available` comes when
    there is.
    """

    id: ClassVar[str] = "t2s:job-request"
    extension: ClassVar[str | None] = PROCESSING

    recipe_version: NonNegative


class ViewRequest(Packet, frozen=True, kw_only=True):
    """Asks for a ticket to store a view of a job's file.

    Processing service with the extension `processing` → manager. `view` is the view's name, of
    which the file has one at most; `size` is in bytes. Answered by `s2t:view-ticket`, or by
    `generic:boolean` false when the job is no longer the service's.
    """

    id: ClassVar[str] = "t2s:view-request"
    extension: ClassVar[str | None] = PROCESSING

    job_id: Uuid
    view: ViewName
    size: Positive
    type: MimeType


class JobDone(Packet, frozen=True, kw_only=True):
    """Ends a job, with what was found out about the file.

    Processing service with the extension `processing` → manager, after all views were stored.
    Answered by `generic:boolean`; false when the job is no longer the service's.
    """

    id: ClassVar[str] = "t2s:job-done"
    extension: ClassVar[str | None] = PROCESSING

    job_id: Uuid
    metadata: JsonObject


class JobFailed(Packet, frozen=True, kw_only=True):
    """Ends an attempt at a job.

    Processing service with the extension `processing` → manager. With `retry` the job is tried
    again later, a limited number of times; without, it is given up. Answered by
    `generic:boolean`; false when the job is no longer the service's.
    """

    id: ClassVar[str] = "t2s:job-failed"
    extension: ClassVar[str | None] = PROCESSING

    job_id: Uuid
    error: str
    retry: bool


class JobAlive(Packet, frozen=True, kw_only=True):
    """Renews the lease of a job that takes long.

    Processing service with the extension `processing` → manager. Answered by `generic:boolean`;
    false when the job is no longer the service's, which then stops working on it.
    """

    id: ClassVar[str] = "t2s:job-alive"
    extension: ClassVar[str | None] = PROCESSING

    job_id: Uuid
