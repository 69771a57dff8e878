"""Which uploads are approved. No I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from common.wording import counted
from manager.errors import NotApproved

ACTION_STATUSES = frozenset({200, 201, 204})
"""What S3 knows as `success_action_status`."""
MAX_REDIRECT_LENGTH = 2048
_MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRequest:
    """What somebody wants to upload; `size` is in bytes."""

    mime_type: str
    size: int
    success_action_status: int | None = None
    success_action_redirect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRules:
    """What may be uploaded.

    Attributes:
        allowed_types: MIME types, `image/*` for all of a kind, `*/*` for all.
        max_size: bytes of the largest file.
    """

    allowed_types: Sequence[str]
    max_size: int

    def approve(self, wish: TicketRequest) -> None:
        """Returns if the upload may be. Raises `NotApproved`."""
        if not _MIME_TYPE.fullmatch(wish.mime_type):
            raise NotApproved("mimeType must be a MIME type such as image/jpeg, in lower case")
        if not self._allows(wish.mime_type):
            raise NotApproved(f"files of the type {wish.mime_type} are not accepted here")
        if wish.size < 1:
            raise NotApproved("size must be at least 1 byte")
        if wish.size > self.max_size:
            raise NotApproved(f"a file may have {counted(self.max_size, 'byte')} at most")
        _approve_answer(wish)

    def _allows(self, mime_type: str) -> bool:
        kind = mime_type.partition("/")[0]
        return not {mime_type, f"{kind}/*", "*/*"}.isdisjoint(self.allowed_types)


def _approve_answer(wish: TicketRequest) -> None:
    status, redirect = wish.success_action_status, wish.success_action_redirect
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
