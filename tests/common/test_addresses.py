"""Whom a request is taken to come from."""

from ipaddress import ip_network

import pytest

from common.addresses import ClientAddresses

DIRECT = ClientAddresses(())
BEHIND = ClientAddresses([ip_network("10.0.0.0/8"), ip_network("::1")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        (None, [], "unknown"),
        ("", ["198.51.100.1"], "unknown"),
    ],
)
def test_without_a_proxy(peer, forwarded, client):
    """The other end of the connection counts, whatever it claims; IPv6 homes are one."""
    assert DIRECT.of(peer, forwarded) == client


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6", "198.51.100.1 , 10.0.0.2"], "198.51.100.1"),
        ("::1", ["2001:db8::1"], "2001:db8::/64"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["6.6.6.6, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
    ],
)
def test_behind_a_proxy(peer, forwarded, client):
    """What trusted proxies have noted counts, from the right up to the first stranger."""
    assert BEHIND.of(peer, forwarded) == client
