"""Which packets the manager takes."""

import pytest

from manager.dispatch import (
    CLIENT_HANDLERS,
    PROCESSING_HANDLERS,
    SLOT_HANDLERS,
    THUMBNAILER_HANDLERS,
)
from protocol.codec import PACKETS
from protocol.extensions import ADMINISTER, ORGANISE, PROCESSING, TICKETS, WEBHOOKS


@pytest.mark.parametrize(
    ("namespace", "extensions", "handlers"),
    [
        ("c2s", {None, ADMINISTER, ORGANISE}, CLIENT_HANDLERS),
        ("u2s", {None, WEBHOOKS, TICKETS}, SLOT_HANDLERS),
        ("t2s", {None}, THUMBNAILER_HANDLERS),
        ("t2s", {PROCESSING}, PROCESSING_HANDLERS),
    ],
)
def test_every_packet_has_exactly_one_handler(namespace, extensions, handlers):
    """No packet that such a peer may send is left out, and no handler serves two of them."""
    expected = {
        packet
        for name, packet in PACKETS.items()
        if name.partition(":")[0] == namespace and packet.extension in extensions
    }
    assert set(handlers) == expected
    assert len(set(handlers.values())) == len(handlers)
