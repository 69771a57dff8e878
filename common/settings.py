"""What the settings of several programs have in common."""

from ipaddress import ip_network
from typing import Annotated, Final

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from common.addresses import Network

TRUSTED_PROXIES_DESCRIPTION: Final = (
    "Addresses or networks (10.0.0.0/8) of reverse proxies, separated by commas, whose "
    "X-Forwarded-For is trusted; that of others is ignored. Limits per address, such as that of "
    "password attempts, need it: without it all clients behind a proxy count as one."
)


def split_list(text: str) -> list[str]:
    """The entries of a list that is separated by commas or white space."""
    return text.replace(",", " ").split()


def _split_networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return tuple(ip_network(entry) for entry in split_list(value))
    except ValueError as error:
        raise ValueError(
            "expected IP addresses, or networks such as 10.0.0.0/8, separated by commas"
        ) from error


TrustedProxies = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_split_networks)]
"""Networks, written as `TRUSTED_PROXIES_DESCRIPTION` says."""
