"""The address of the client that sent a request.

Any client can write anything into `X-Forwarded-For`, so it counts only as far as it was written by
proxies that the settings name: read from the right, each address was noted by the one after it.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

Network = IPv4Network | IPv6Network

VOUCHED_ADDRESS = web.RequestKey("vouched_address", str)
"""The client's address as a program of ours has determined it that forwards the request."""

_UNKNOWN = "unknown"
_IPV6_HOME = 64
"""Bits that the addresses of one connection to the internet have in common."""


class ClientAddresses:
    """Identifies clients by their addresses; `trusted_proxies` are those that forward requests."""

    def __init__(self, trusted_proxies: Iterable[Network]) -> None:
        self._trusted = tuple(trusted_proxies)

    def of_request(self, request: web.BaseRequest) -> str:
        """The client of a request, the same text for the same client."""
        vouched = request.get(VOUCHED_ADDRESS)
        return vouched or self.of(request.remote, request.headers.getall("X-Forwarded-For", []))

    def of(self, peer: str | None, forwarded_for: Iterable[str]) -> str:
        """The client behind a peer, the same text for the same client.

        Args:
            peer: address at the other end of the connection; None when it has none.
            forwarded_for: values of the header, in order.
        """
        hops = [hop.strip() for value in forwarded_for for hop in value.split(",")]
        client: IPv4Address | IPv6Address | None = None
        for hop in (peer or "", *reversed(hops)):
            address = _parsed(hop)
            if address is None:
                break
            client = address
            if not self._is_trusted(address):
                break
        return _UNKNOWN if client is None else _grouped(client)

    def _is_trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _grouped(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address), _IPV6_HOME), strict=False))
