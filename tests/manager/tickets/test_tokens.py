"""Tickets: what is signed holds for its time, and nothing else does."""

import base64
from uuid import uuid4

import jwt
import pytest

from catalog.records import Ticket
from common.key_derivation import Purpose
from discord_emulator.testing import VirtualClock
from manager.errors import InvalidTicket
from manager.tickets.tokens import TicketSigner
from storage.keys import KeyRing

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock(NOW)


def signer_of(master_keys: str, clock: VirtualClock) -> TicketSigner:
    """A signer with the secret of these master keys."""
    return TicketSigner(KeyRing.parse(master_keys).signing_key(Purpose.UPLOAD_TICKETS), clock)


def a_ticket() -> Ticket:
    """A ticket for a minute."""
    return Ticket(
        id=uuid4(),
        holder="user:1",
        mime_type="image/jpeg",
        size=5,
        created_at=NOW,
        expires_at=NOW + 60,
        reference_ttl_s=1,
    )


def test_a_ticket_says_what_it_is_for(clock):
    """Upload, type and size are read back, with a new master key in front as well."""
    ticket = a_ticket()
    text = signer_of(OLD, clock).sign(ticket)
    claims = signer_of(f"{NEW},{OLD}", clock).read(text)
    assert (claims.sub, claims.type, claims.size) == (ticket.id, "image/jpeg", 5)


def test_a_ticket_ends(clock):
    """It is good until its expiry, and not at it."""
    signer = signer_of(OLD, clock)
    text = signer.sign(a_ticket())
    clock.now += 59
    signer.read(text)
    clock.now += 1
    with pytest.raises(InvalidTicket, match="expired"):
        signer.read(text)


def test_what_is_not_signed_here_is_no_ticket(clock):
    """Foreign secrets, unsigned tokens, missing claims and noise are refused alike."""
    signer = signer_of(OLD, clock)
    text = signer.sign(a_ticket())
    claims = jwt.decode(text, options={"verify_signature": False})
    foreign = signer_of(NEW, clock).sign(a_ticket())
    unsigned = jwt.encode(claims, "", algorithm="none")
    for wrong in (foreign, unsigned, text[:-2], text + "A", "", "a.b.c", "ü.ü.ü"):
        with pytest.raises(InvalidTicket):
            signer.read(wrong)
