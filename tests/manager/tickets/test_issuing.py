"""Which uploads get a ticket, and how long a signed ticket holds."""

from uuid import uuid4

import jwt
import pytest

from catalog.records import Ticket
from common.key_derivation import Purpose
from discord_emulator.testing import VirtualClock
from manager.errors import InvalidTicket, NotApproved
from manager.tickets.issuing import ApprovalRules, TicketRequest, TicketSigner
from tests.manager.signing.rings import signer_of

RULES = ApprovalRules(allowed_types=("image/*", "text/plain"), max_size=100)


@pytest.mark.parametrize("mime_type", ["image/jpeg", "image/svg+xml", "text/plain"])
@pytest.mark.parametrize("size", [1, 100])
def test_what_is_allowed(mime_type, size):
    """A type, or all of a kind, up to and including the largest size."""
    RULES.approve(TicketRequest(mime_type=mime_type, size=size))


def test_everything_may_be_allowed():
    """`*/*` lets every type in."""
    ApprovalRules(allowed_types=("*/*",), max_size=5).approve(
        TicketRequest(mime_type="application/x-whatever", size=5)
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"mime_type": "text/html"}, "text/html"),
        ({"mime_type": "image"}, "mimeType"),
        ({"mime_type": "image/*"}, "mimeType"),
        ({"mime_type": "IMAGE/PNG"}, "lower case"),
        ({"mime_type": "image/png; a=b"}, "mimeType"),
        ({"size": 101}, "100 bytes"),
        ({"size": 0}, "at least 1"),
        ({"size": -1}, "at least 1"),
        ({"success_action_status": 302}, "successActionStatus"),
        ({"success_action_redirect": "javascript:alert(1)"}, "successActionRedirect"),
        ({"success_action_redirect": "http://"}, "successActionRedirect"),
        ({"success_action_redirect": "http://a/\r\nX: y"}, "successActionRedirect"),
        ({"success_action_redirect": "http://[::1"}, "successActionRedirect"),
        ({"success_action_redirect": "http://a/" + "x" * 2048}, "successActionRedirect"),
    ],
)
def test_what_is_refused(changes, word):
    """Anything else, with a word on what is wrong."""
    with pytest.raises(NotApproved, match=word.replace("*", r"\*")):
        RULES.approve(TicketRequest(**{"mime_type": "image/png", "size": 5, **changes}))


@pytest.mark.parametrize("status", [200, 201, 204])
def test_answers_as_s3_has_them(status):
    """The statuses of S3 and any web address."""
    RULES.approve(
        TicketRequest(
            mime_type="image/png",
            size=1,
            success_action_status=status,
            success_action_redirect="https://example.org/done?x=1",
        )
    )


NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock(NOW)


def ticket_signer(clock: VirtualClock, secret: bytes = b"ours") -> TicketSigner:
    """A signer with this secret."""
    return TicketSigner(signer_of(secret, Purpose.UPLOAD_TICKETS, clock))


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
    """Upload, type and size are read back."""
    ticket = a_ticket()
    claims = ticket_signer(clock).read(ticket_signer(clock).sign(ticket))
    assert (claims.sub, claims.type, claims.size) == (ticket.id, "image/jpeg", 5)


def test_a_ticket_ends(clock):
    """It is good until its expiry, and not at it."""
    signer = ticket_signer(clock)
    text = signer.sign(a_ticket())
    clock.now += 59
    signer.read(text)
    clock.now += 1
    with pytest.raises(InvalidTicket, match="expired"):
        signer.read(text)


def test_what_is_not_signed_here_is_no_ticket(clock):
    """Foreign secrets, unsigned tokens, missing claims and noise are refused alike."""
    signer = ticket_signer(clock)
    text = signer.sign(a_ticket())
    claims = jwt.decode(text, options={"verify_signature": False})
    foreign = ticket_signer(clock, b"foreign").sign(a_ticket())
    unsigned = jwt.encode(claims, "", algorithm="none")
    for wrong in (foreign, unsigned, text[:-2], text + "A", "", "a.b.c", "ü.ü.ü"):
        with pytest.raises(InvalidTicket):
            signer.read(wrong)
