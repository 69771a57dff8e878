"""Tickets and links: what is signed holds for its time, and nothing else does."""

import base64
from uuid import uuid4

import jwt
import pytest

from catalog.records import Ticket
from manager.downloads.content_links import LIFE_S, ContentLinks
from manager.errors import InvalidLink, InvalidTicket
from manager.tickets.tokens import TicketSigner
from storage.envelope import KeyRing

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
NOW = 1_800_000_000.0


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """The time now."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


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
    text = TicketSigner.of(KeyRing.parse(OLD), clock).sign(ticket)
    claims = TicketSigner.of(KeyRing.parse(f"{NEW},{OLD}"), clock).read(text)
    assert (claims.sub, claims.type, claims.size) == (ticket.id, "image/jpeg", 5)


def test_a_ticket_ends(clock):
    """It is good until its expiry, and not at it."""
    signer = TicketSigner.of(KeyRing.parse(OLD), clock)
    text = signer.sign(a_ticket())
    clock.now += 59
    signer.read(text)
    clock.now += 1
    with pytest.raises(InvalidTicket, match="expired"):
        signer.read(text)


def test_what_is_not_signed_here_is_no_ticket(clock):
    """Foreign secrets, unsigned tokens, missing claims and noise are refused alike."""
    signer = TicketSigner.of(KeyRing.parse(OLD), clock)
    text = signer.sign(a_ticket())
    claims = jwt.decode(text, options={"verify_signature": False})
    foreign = TicketSigner.of(KeyRing.parse(NEW), clock).sign(a_ticket())
    unsigned = jwt.encode(claims, "", algorithm="none")
    for wrong in (foreign, unsigned, text[:-2], text + "A", "", "a.b.c", "ü.ü.ü"):
        with pytest.raises(InvalidTicket):
            signer.read(wrong)


def q_of(link: str) -> str:
    """The signature of a link."""
    return link.partition("?q=")[2]


def test_a_link_holds_for_its_content_and_time(clock):
    """A link is for one subject, the same for a while, and over after two days at most."""
    links = ContentLinks.of(KeyRing.parse(OLD), clock)
    object_id, other = uuid4(), uuid4()
    file, view = links.file(object_id), links.view(object_id, "thumbnail")
    assert links.file(object_id) == file
    links.check_file(object_id, q_of(file))
    links.check_view(object_id, "thumbnail", q_of(view))
    for wrong_id, q in (
        (other, q_of(file)),
        (object_id, q_of(view)),
        (object_id, q_of(file)[:-1] + "!"),
        (object_id, q_of(file)[:-4]),
        (object_id, ""),
        (object_id, "ü"),
    ):
        with pytest.raises(InvalidLink):
            links.check_file(wrong_id, q)
    for name, q in (("thumbnail", q_of(file)), ("preview", q_of(view))):
        with pytest.raises(InvalidLink):
            links.check_view(object_id, name, q)
    clock.now += LIFE_S
    links.check_file(object_id, q_of(file))
    clock.now += LIFE_S
    with pytest.raises(InvalidLink):
        links.check_file(object_id, q_of(file))
