"""Which uploads get a ticket. No I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from common.wording import counted
from manager.errors import NotApproved

ACTION_STATUSES = frozenset({200, 201, 204})
"""The values that S3 accepts as `success_action_status`."""
MAX_REDIRECT_LENGTH = 2048
_MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRequest:
    """A request for a ticket.

    Attributes:
        mime_type: MIME type of the file.
        size: bytes of the file.
        success_action_status: HTTP status of the reply to the form; None for the default.
        success_action_redirect: URL to which a browser is redirected after the upload; None for none.
    """

    mime_type: str
    size: int
    success_action_status: int | None = None
    success_action_redirect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRules:
    """The rules for files that are uploaded with tickets.

    Attributes:
        allowed_types: MIME types; `image/*` allows all of a kind, `*/*` all.
        max_size: bytes of the largest file allowed.
    """

    allowed_types: Sequence[str]
    max_size: int

    def approve(self, request: TicketRequest) -> None:
        """Returns if the upload is allowed. Raises `NotApproved`."""
        if not _MIME_TYPE.fullmatch(request.mime_type):
            raise NotApproved("mimeType must be a MIME type such as image/jpeg, in lower case")
        if not self._allows(request.mime_type):
            raise NotApproved(f"files of the type {request.mime_type} are not accepted here")
        if request.size < 1:
            raise NotApproved("size must be at least 1 byte")
        if request.size > self.max_size:
            raise NotApproved(f"a file may have {counted(self.max_size, 'byte')} at most")
        _approve_reply(request)

    def _allows(self, mime_type: str) -> bool:
        kind = mime_type.partition("/")[0]
        return not {mime_type, f"{kind}/*", "*/*"}.isdisjoint(self.allowed_types)


def _approve_reply(request: TicketRequest) -> None:
    status, redirect = request.success_action_status, request.success_action_redirect
    if status is not None and status not in ACTION_STATUSES:
        raise NotApproved("successActionStatus must be 200, 201 or 204")
    if redirect is None:
        return
    try:
        parts = urlsplit(redirect)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_url = False
    if not is_url or len(redirect) > MAX_REDIRECT_LENGTH or not redirect.isprintable():
        raise NotApproved("successActionRedirect must be an http:// or https:// URL")
