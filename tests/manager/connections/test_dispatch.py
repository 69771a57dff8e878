"""Which packets the manager takes."""

import pytest

from manager.app_keys import DISPATCHERS
from manager.connections.clients import ClientRequest, ClientSession
from manager.connections.dispatch import Dispatcher
from manager.scopes import Login
from protocol import c2s, generic, t2s
from protocol.codec import PACKETS
from protocol.extensions import (
    ADMINISTER,
    BUNDLE,
    CHANNEL_DEMAND,
    COPY,
    MESSAGE_LIMITS,
    MESSAGES,
    ORGANISE,
    OVERVIEW,
    PROCESSING,
    RESUME,
    SEARCH,
    STARS,
    TICKETS,
    WEBHOOKS,
)
from protocol.packet import Packet
from tests.manager.connections.test_connection import connection

UPLOAD = "5f0c2a3e-6f5e-4f0e-9b0a-2f6f1c1a7b11"
PEERS: list[tuple[str, set[str | None]]] = [
    ("c2s", {None, ADMINISTER, BUNDLE, COPY, ORGANISE, OVERVIEW, RESUME, SEARCH, STARS}),
    ("u2s", {None, BUNDLE, CHANNEL_DEMAND, MESSAGE_LIMITS, WEBHOOKS, MESSAGES, TICKETS}),
    ("t2s", {None}),
    ("t2s", {PROCESSING}),
]


class Subject:
    """Handlers of some packets."""

    def __init__(self, *packets: type[Packet]) -> None:
        self.packets = dict.fromkeys(packets, self.handle)

    async def handle(self, peer, packet):
        """Answers with the packet."""
        return packet


async def test_every_packet_has_exactly_one_handler(world):
    """No packet that such a peer may send is left out, and no handler serves two of them."""
    for dispatcher, (namespace, extensions) in zip(
        world.stage.app[DISPATCHERS], PEERS, strict=True
    ):
        expected = {
            packet
            for name, packet in PACKETS.items()
            if name.partition(":")[0] == namespace and packet.extension in extensions
        }
        assert set(dispatcher.packets) == expected
        assert len(set(dispatcher.packets.values())) == len(expected)


@pytest.mark.parametrize(
    "subjects",
    [
        [],
        [Subject(t2s.ThumbnailData), Subject(t2s.ThumbnailData)],
        [Subject(t2s.ThumbnailData, t2s.JobAlive)],
    ],
    ids=["none", "two", "one too many"],
)
def test_tables_that_do_not_fit_are_refused(subjects):
    """A packet without a handler, with two, or with one that nobody sends is found at the start."""
    with pytest.raises(ValueError, match="t2s:"):
        Dispatcher("t2s", {None}, *subjects)


async def test_packets_of_other_extensions_are_ignored():
    """A packet that the peer may send, but that nobody handles here, has no reply."""
    dispatcher = Dispatcher("t2s", {None}, Subject(t2s.ThumbnailData))
    alive = t2s.JobAlive(job_id="a")
    assert await dispatcher.handle(None, alive) is None


@pytest.mark.parametrize(
    "packet",
    [
        c2s.UploadBookingClear(),
        c2s.UploadAbortRequest(upload_id=UPLOAD),
        c2s.UploadKeep(upload_id=UPLOAD, fingerprint="a" * 64),
        c2s.UploadPark(upload_id=UPLOAD),
    ],
)
async def test_a_client_may_disconnect_while_its_packet_is_handled(world, packet):
    """As while the allocator of several managers is asked: it has no uploads any more."""
    dispatcher = world.stage.app[DISPATCHERS][0]
    login = Login(user=await world.user("alice"))
    async with connection() as (peer, _):
        gone = ClientSession(id="gone", login=login, connection=peer, base_url="", address="")
        request = ClientRequest(gone, lambda _: None)
        await dispatcher.handle(request, c2s.UploadBookingRequest(desired_amount=1))
        gone.is_connected = False
        answer = await dispatcher.handle(request, packet)
    assert isinstance(answer, generic.Boolean)
