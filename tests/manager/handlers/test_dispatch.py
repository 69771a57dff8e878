"""Which packets the manager takes."""

import pytest

from manager.dispatch import CLIENT_HANDLERS, SLOT_HANDLERS
from protocol.registry import PACKETS


@pytest.mark.parametrize(
    ("namespace", "handlers"), [("c2s", CLIENT_HANDLERS), ("u2s", SLOT_HANDLERS)]
)
def test_every_packet_has_exactly_one_handler(namespace, handlers):
    """No packet of the protocol is left out, and no handler serves two of them."""
    expected = {packet for name, packet in PACKETS.items() if name.partition(":")[0] == namespace}
    assert set(handlers) == expected
    assert len(set(handlers.values())) == len(handlers)
