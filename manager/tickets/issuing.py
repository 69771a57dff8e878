"""Tickets: which uploads get one, and the text that names the upload. No I/O.

The text is a JWT of the upload's id, type and size. The catalog makes sure that a ticket is used once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import jwt

from catalog.records import Ticket, TicketLimits
from common.wording import counted
from manager.errors import InvalidTicket, NotApproved
from manager.signing.signatures import ExpiringClaims, Signer

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


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPolicy:
    """The limits of uploads with tickets, as configured; times are in seconds.

    Attributes:
        rules: which uploads are approved.
        user_limits: the open tickets and temporary bytes of one user.
        service_limits: those of one other service.
        life_s: how long a ticket can be redeemed.
        reference_ttl_s: how long an upload without a permanent reference is kept.
    """

    rules: ApprovalRules
    user_limits: TicketLimits
    service_limits: TicketLimits
    life_s: float
    reference_ttl_s: float


class TicketClaims(ExpiringClaims, frozen=True, kw_only=True):
    """The claims of a ticket: id, MIME type and bytes of the upload, and expiry (epoch seconds)."""

    sub: UUID
    type: str
    size: int


class TicketSigner:
    """Signs and verifies tickets."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def sign(self, ticket: Ticket) -> str:
        """The ticket as three base64url parts."""
        return self._signer.sign_claims(
            {
                "sub": str(ticket.id),
                "type": ticket.mime_type,
                "size": ticket.size,
                "exp": int(ticket.expires_at),
            }
        )

    def read(self, text: str) -> TicketClaims:
        """The claims of a ticket. Raises `InvalidTicket` when it is forged or has expired."""
        try:
            return self._signer.read_claims(text, TicketClaims)
        except jwt.ExpiredSignatureError as error:
            raise InvalidTicket("the ticket has expired: ask for a new one") from error
        except jwt.InvalidTokenError as error:
            raise InvalidTicket("this is no ticket of this manager") from error
