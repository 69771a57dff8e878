"""What settings of all programs are checked for: addresses, URLs, durations, sizes, lists, secrets.

A check names what is expected. `cli/servers/settings_errors.py` adds which setting it is, its unit and its
default, so that no check repeats them. No error quotes a value, which may be a secret.
"""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from common.addresses import Network
from common.manager_urls import split_urls

_Entry = TypeVar("_Entry")

_HTTP: Final = frozenset({"http", "https"})
_BLANK: Final = re.compile(r"\s")

TRUSTED_PROXIES_DESCRIPTION: Final = (
    "Addresses or networks (10.0.0.0/8) of reverse proxies, separated by commas, whose "
    "X-Forwarded-For is trusted; that of others is ignored. Limits per address, such as that of "
    "password attempts, need it: without it all clients behind a proxy count as one."
)

Host = Annotated[str, Field(min_length=1)]
"""An address to listen on."""
Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port to listen on; 0 takes a free one."""
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A duration; 0 is none at all."""
PositiveSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A duration that has to be some."""


def _none_when_empty(value: object) -> object:
    return None if value == "" else value


NoneWhenEmpty: Final = BeforeValidator(_none_when_empty)
"""An empty variable counts as one that is not set."""


def checked_url(
    url: str,
    expected: str,
    *,
    schemes: frozenset[str] = _HTTP,
    may_have_query: bool = False,
) -> str:
    """A URL with a host, without blanks around it.

    Args:
        url: What was given.
        expected: The error's text, such as "expected an http:// or https:// URL".
        schemes: Which are allowed.
        may_have_query: Whether ? and # may follow, as they may not where paths are appended.

    Raises:
        ValueError: It is none.
    """
    stripped = url.strip()
    try:
        parts = urlsplit(stripped)
        is_url = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or _BLANK.search(stripped):
        raise ValueError(expected)
    if not may_have_query and (parts.query or parts.fragment):
        raise ValueError(f"{expected}, without anything behind ? or #")
    return stripped


def _base_url(url: str) -> str:
    return checked_url(url, "expected an http:// or https:// URL").rstrip("/")


def _base_url_or_none(url: str | None) -> str | None:
    return None if url is None else _base_url(url)


def _manager_url(url: str) -> str:
    expected = "expected the manager's URL, such as ws://127.0.0.1:4000"
    return checked_url(url, expected, schemes=_HTTP | {"ws", "wss"}).rstrip("/")


def _manager_urls(urls: str) -> str:
    return ",".join(map(_manager_url, split_urls(urls)))


HttpBaseUrl = Annotated[str, AfterValidator(_base_url)]
"""Where an HTTP API is; paths are appended to it. Ends without a slash."""
OptionalHttpBaseUrl = Annotated[str | None, AfterValidator(_base_url_or_none), NoneWhenEmpty]
"""The same, or none."""
ManagerUrlList = Annotated[str, AfterValidator(_manager_urls)]
"""Where a service reaches the managers of one cloud: a URL, or several separated by commas (`split_urls`)."""


def _not_blank(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("expected what `discord-cloud services add` prints, or SERVICE_PASSWORD")
    return secret


ServiceSecret = Annotated[SecretStr, AfterValidator(_not_blank)]
"""What a service logs in with at its manager: a credential of its kind, or the password of all services."""
SERVICE_SECRET_NAMES: Final = AliasChoices("service_credential", "service_password")
"""Its setting, and what that was called when there was the password alone."""


def split_list(text: str) -> list[str]:
    """The entries of a list that is separated by commas or white space."""
    return text.replace(",", " ").split()


def list_of(parse: Callable[[str], _Entry], expected: str) -> BeforeValidator:
    """A check for a setting that is a list, which becomes a tuple. Use it with `NoDecode`.

    Args:
        parse: Reads one entry. Raises `ValueError` if it is none.
        expected: The error's text, such as "expected MIME types, separated by commas".
    """

    def split(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(parse(entry) for entry in split_list(value))
        except ValueError as error:
            raise ValueError(expected) from error

    return BeforeValidator(split)


HttpBaseUrls = Annotated[
    tuple[str, ...],
    NoDecode,
    list_of(_base_url, "expected http:// or https:// URLs, separated by commas"),
]
"""Several of `HttpBaseUrl`."""
TrustedProxies = Annotated[
    tuple[Network, ...],
    NoDecode,
    list_of(
        ip_network, "expected IP addresses, or networks such as 10.0.0.0/8, separated by commas"
    ),
]
"""Networks, written as `TRUSTED_PROXIES_DESCRIPTION` says."""
