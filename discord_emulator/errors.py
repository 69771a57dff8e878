"""Discord's error answers. `code` is Discord's JSON error code, `status` the HTTP status."""

import math
from enum import StrEnum
from typing import Any

import msgspec
from aiohttp import web

from common.http_server import ONLY_IDENTITY


class LimitScope(StrEnum):
    """Which budget a 429 is about (`X-RateLimit-Scope`)."""

    USER = "user"
    GLOBAL = "global"
    SHARED = "shared"


class ApiError(Exception):
    """Base of all errors that the emulator answers with."""

    status = 500
    code = 0
    message = "500: Internal Server Error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)

    @property
    def headers(self) -> dict[str, str]:
        """Headers that the answer carries beside the usual ones."""
        return {}

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        return {"message": str(self), "code": self.code}

    def response(self) -> web.Response:
        """Return the answer as the API gives it."""
        return web.Response(
            status=self.status,
            body=msgspec.json.encode(self.body()),
            content_type="application/json",
            headers=self.headers,
        )


class PlainError(ApiError):
    """Any error, by its numbers."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class UnknownRoute(ApiError):
    """There is no such route, or not with this method."""

    status = 404
    message = "404: Not Found"


class UnknownWebhook(ApiError):
    """The webhook does not exist, or is deleted."""

    status = 404
    code = 10015
    message = "Unknown Webhook"


class InvalidWebhookToken(ApiError):
    """The webhook exists and has another token."""

    status = 401
    code = 50027
    message = "Invalid Webhook Token"


class UnknownChannel(ApiError):
    """There is no such channel."""

    status = 404
    code = 10003
    message = "Unknown Channel"


class UnknownMessage(ApiError):
    """The message is not there, or is not the caller's."""

    status = 404
    code = 10008
    message = "Unknown Message"


class RequestEntityTooLarge(ApiError):
    """The request or one attachment is over its limit."""

    status = 413
    code = 40005
    message = "Request entity too large"


class UnsupportedBodyEncoding(ApiError):
    """The body is compressed, and the emulator decodes none."""

    status = 415
    message = "415: Unsupported Media Type"

    @property
    def headers(self) -> dict[str, str]:
        """The header that names the accepted encoding."""
        return ONLY_IDENTITY


class TooManyAttachments(ApiError):
    """More attachments than a message can carry."""

    status = 400
    code = 30015
    message = "Maximum number of attachments in a message reached (10)"


class EmptyMessage(ApiError):
    """The message has neither content nor files."""

    status = 400
    code = 50006
    message = "Cannot send an empty message"


class InvalidForm(ApiError):
    """The body cannot be read; the text says why."""

    status = 400
    code = 50035
    message = "Invalid Form Body"


class Unauthorized(ApiError):
    """The bot token is missing or wrong."""

    status = 401
    message = "401: Unauthorized"


class MissingAccess(ApiError):
    """The bot cannot see the channel."""

    status = 403
    code = 50001
    message = "Missing Access"


class MissingPermissions(ApiError):
    """The bot sees the channel and may not do this in it."""

    status = 403
    code = 50013
    message = "Missing Permissions"


class BlockedUserAgent(ApiError):
    """Discord blocks requests with this User-Agent."""

    status = 403
    code = 40333
    message = "internal network error"


class ContentUnavailable(ApiError):
    """The CDN does not have the file, or its URL is forged or has expired."""

    status = 404
    message = "This content is no longer available."


class StorageFailed(ApiError):
    """The disk failed; nothing was stored."""

    status = 503
    message = "503: Service Unavailable"


class StorageFull(ApiError):
    """The disk is full or read-only until the operator acts; nothing was stored."""

    status = 507
    message = "507: Insufficient Storage"


class RateLimited(ApiError):
    """The caller must wait.

    Args:
        scope: which budget is used up.
        retry_after_s: seconds until it makes sense to ask again.
        bucket_headers: the `X-RateLimit-*` headers of the route's bucket.
    """

    status = 429
    message = "You are being rate limited."

    def __init__(
        self, scope: LimitScope, retry_after_s: float, bucket_headers: dict[str, str] | None = None
    ) -> None:
        super().__init__()
        self.scope = scope
        self.retry_after_s = retry_after_s
        self._bucket_headers = bucket_headers or {}

    @property
    def headers(self) -> dict[str, str]:
        """Headers that say how long to wait, and for what."""
        headers = {
            **self._bucket_headers,
            "Retry-After": str(math.ceil(self.retry_after_s)),
            "X-RateLimit-Scope": self.scope,
        }
        if self.scope is LimitScope.GLOBAL:
            headers["X-RateLimit-Global"] = "true"
        return headers

    def body(self) -> dict[str, Any]:
        """Return the JSON body of a 429."""
        return {
            "message": str(self),
            "retry_after": round(self.retry_after_s, 3),
            "global": self.scope is LimitScope.GLOBAL,
        }


class Banned(ApiError):
    """The address sent too many invalid requests; the edge answers without JSON."""

    status = 429
    message = "error code: 1015"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        """The header that says when the ban ends."""
        return {"Retry-After": str(math.ceil(self.retry_after_s))}

    def response(self) -> web.Response:
        """Return the edge's answer, which is no JSON."""
        return web.Response(
            status=self.status, text=str(self), content_type="text/plain", headers=self.headers
        )
