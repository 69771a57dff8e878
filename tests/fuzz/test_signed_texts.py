"""Tickets, tokens and links: whatever somebody sends in place of one is refused, with a typed error."""

import base64
import json
import uuid
from contextlib import suppress
from typing import Any

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.records import Ticket
from common.key_derivation import Purpose
from manager.accounts.credentials import TokenSigner
from manager.downloads.links import ContentLinks
from manager.errors import InvalidLink, InvalidTicket, InvalidToken
from manager.signing.signatures import ExpiringClaims
from manager.tickets.issuing import TicketSigner
from tests.fuzz.inputs import fuzzed, json_values, mutated_text, quickly, repeated
from tests.manager.signing.rings import signer_of

SECRET = bytes(range(32))
TICKET_SIGNER = signer_of(SECRET, Purpose.UPLOAD_TICKETS)
TOKENS = TokenSigner(signer_of(SECRET, Purpose.USER_TOKENS), signer_of(SECRET, Purpose.RENEWALS))
LINKS = ContentLinks(signer_of(SECRET, Purpose.CONTENT_LINKS))
OBJECT = uuid.UUID(int=7)
TICKET = TicketSigner(TICKET_SIGNER).sign(
    Ticket(
        id=OBJECT,
        holder="user:1",
        mime_type="text/plain",
        size=5,
        created_at=0.0,
        expires_at=900.0,
        reference_ttl_s=1.0,
    )
)
LINK = LINKS.file(OBJECT).partition("?q=")[2]


def segment(content: Any) -> str:
    """A part of a JWT."""
    text = json.dumps(content).encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def texts(whole: str) -> st.SearchStrategy[str]:
    """What may come in place of a signed text."""
    pieces = st.sampled_from([".", "A", "=", "W1tb", "-_", "é", "\x00", "eyJ"])
    return mutated_text(whole) | st.text(max_size=100) | repeated(pieces, 8000)


@fuzzed
@given(text=texts(TICKET))
@example(text=f"{base64.urlsafe_b64encode(b'[' * 6000).decode()}.e30.AAAA")
def test_tickets(text: str) -> None:
    """Only the ticket itself is one."""
    with quickly():
        if text == TICKET:
            assert TicketSigner(TICKET_SIGNER).read(text).sub == OBJECT
            return
        with pytest.raises(InvalidTicket):
            TicketSigner(TICKET_SIGNER).read(text)


@fuzzed
@given(header=json_values(), claims=json_values())
def test_headers_and_claims(header: object, claims: object) -> None:
    """Whatever JSON stands in a token, also with a header that names the key and another algorithm."""
    named = {"alg": "HS256", "kid": "0a0b0c0d"}
    for head in (header, {**named, "alg": "none"}, {**named, "crit": [header]}, named):
        text = f"{segment(head)}.{segment(claims)}.{segment('x')}"
        with quickly():
            with pytest.raises(InvalidTicket):
                TicketSigner(TICKET_SIGNER).read(text)
            for read in (TOKENS.read, TOKENS.read_renewal):
                with pytest.raises(InvalidToken):
                    read(text)


@fuzzed
@given(text=texts(TICKET))
def test_tokens(text: str) -> None:
    """Nothing is a token or the secret that renews one unless it was signed as that, a ticket neither."""
    for read in (TOKENS.read, TOKENS.read_renewal):
        with quickly(), pytest.raises(InvalidToken):
            read(text)


@fuzzed
@given(claims=st.dictionaries(st.sampled_from(["exp", "sub", "nbf", "iat", "aud"]), json_values()))
def test_claims_that_are_signed(claims: dict[str, object]) -> None:
    """Even what the manager itself has signed, for another use or in another release, is no surprise."""
    try:
        text = TICKET_SIGNER.sign_claims(claims)
    except (TypeError, ValueError):
        return  # no JWT can say this
    with quickly(), suppress(jwt.InvalidTokenError):
        TICKET_SIGNER.read_claims(text, ExpiringClaims)
    with quickly(), suppress(InvalidTicket):
        TicketSigner(TICKET_SIGNER).read(text)


@fuzzed
@given(text=texts(LINK), name=st.text(max_size=20))
def test_content_links(text: str, name: str) -> None:
    """A link opens the one object for which it was made, and no view of it."""
    with quickly():
        with pytest.raises(InvalidLink):
            LINKS.check_view(OBJECT, name, LINK)
        if decoded(text) == decoded(LINK):
            LINKS.check_file(OBJECT, text)
            return
        with pytest.raises(InvalidLink):
            LINKS.check_file(OBJECT, text)


def decoded(text: str) -> bytes | None:
    """The bytes of a link; None if they are none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        return None
