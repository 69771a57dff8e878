"""The text of a ticket: a JWS that names the upload, its type and its size.

It is signed with HMAC-SHA256 and a secret derived from the oldest master key, so that rotation, which
puts new keys first, leaves tickets valid. The catalog makes sure that a ticket is used once.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import jwt
from msgspec import Struct, ValidationError, convert

from catalog.records import Ticket
from manager.errors import InvalidTicket

_ALGORITHM = "HS256"


class TicketClaims(Struct, frozen=True, kw_only=True):
    """The claims of a ticket: id, MIME type and bytes of the upload, and expiry (epoch seconds)."""

    sub: UUID
    type: str
    size: int
    exp: int


class TicketSigner:
    """Signs and verifies tickets."""

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        self._secret = secret
        self._clock = clock

    def sign(self, ticket: Ticket) -> str:
        """The ticket as three base64url parts."""
        claims = {
            "sub": str(ticket.id),
            "type": ticket.mime_type,
            "size": ticket.size,
            "exp": int(ticket.expires_at),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, text: str) -> TicketClaims:
        """The claims of a ticket. Raises `InvalidTicket` when it is forged or has expired."""
        try:
            claims = convert(self._verified(text), TicketClaims)
        except (jwt.InvalidTokenError, ValidationError) as error:
            raise InvalidTicket("this is no ticket of this manager") from error
        if claims.exp <= self._clock():
            raise InvalidTicket("the ticket has expired: ask for a new one")
        return claims

    def _verified(self, text: str) -> dict[str, Any]:
        # `read` checks the expiry, by the injected clock instead of the system's.
        return jwt.decode(
            text, self._secret, algorithms=[_ALGORITHM], options={"verify_exp": False}
        )
