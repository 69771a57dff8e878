"""The manager's address: its URLs, the certificates trusted there, and what it means when it fails.

Libraries report a failed connection in their own ways and at length, with the URL of the request and so
with the token in it. Here each cause is one sentence about the address, which is all that a person can
check. What an answer says about asking again (RFC 9110, section 10.2.3) is read here as well.
"""

import errno
import os
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from websockets.exceptions import InvalidHandshake, ProxyError
from yarl import URL

from client_sdk.errors import InvalidInput, Unreachable
from common.manager_urls import split_urls


def base_url(urls: str) -> str:
    """Check the http(s) URL of a manager and strip what does not belong to it.

    Several managers of one cloud are separated by commas, here and in what is returned.

    Raises:
        InvalidInput: It is not an http(s) URL, or holds a query, a fragment or credentials.
    """
    return ",".join(map(_one_base_url, split_urls(urls)))


def _one_base_url(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInput("the manager's address must look like http://host:4000")
    if parts.query or parts.fragment or parts.username is not None:
        raise InvalidInput("the manager's address must hold neither a query nor credentials")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def socket_url(base: str, token: str) -> str:
    """The WebSocket URL of the manager at `base`, for a client with this token."""
    query = urlencode({"type": "client", "key": token})
    return f"ws{base.removeprefix('http')}/?{query}"


def tls_context(ca_cert: str | os.PathLike[str] | None) -> ssl.SSLContext | None:
    """Trusts the authorities of this machine, and those of a file. Reads the file.

    Args:
        ca_cert: File of certificates in the PEM format; one that has signed itself does as well.
            With None there is none, and no context that differs from the usual one.

    Raises:
        InvalidInput: The file cannot be read, or holds no certificate.
    """
    if ca_cert is None:
        return None
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=ca_cert)
    except ssl.SSLError as error:
        raise InvalidInput(f"{ca_cert} holds no certificate in the PEM format") from error
    except OSError as error:
        raise InvalidInput(f"cannot read certificates from {ca_cert}: {error.strerror}") from error
    return context


UNAVAILABLE: Final = 503
LASTING_HEADER: Final = "Discord-Cloud-Lasting"
"""With it an answer says that asking again does not help."""


def retry_after_s(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds after which a manager that cannot serve now wants to be asked again.

    None when it does not say so. Dates, which depend on clocks that agree, are not understood.
    """
    told = headers.get("Retry-After", "").strip()
    if status != UNAVAILABLE or not (told.isascii() and told.isdigit()):
        return None
    return float(told)


_UNTRUSTED = (
    "no authority that is trusted here has signed its certificate: if it is yours, give the "
    "authority's certificate as `ca_cert`, or with --ca-cert"
)
_CERTIFICATES = {
    9: "its certificate is not valid yet: is the clock of this machine right?",
    10: "its certificate has expired and must be renewed, unless the clock of this machine is wrong",
    62: "its certificate is for another host: use the name that it is for",
    64: "its certificate is not for an address: use the name that it is for",
} | dict.fromkeys((18, 19, 20, 21), _UNTRUSTED)
"""By the numbers of OpenSSL's x509_vfy.h: not yet valid, expired, host name mismatch, IP address mismatch,
and the four of certificates that lead to no authority that is known here."""
_NO_TLS = frozenset({"HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "WRONG_VERSION_NUMBER"})
_HUNG_UP_ON_HTTP = "it hung up: if it speaks TLS, its address begins with https://"
_UNKNOWN = "the connection broke"
_NAME_UNKNOWN = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
_ERRNO = re.compile(r"\[Errno (\d+)\]")


def unreachable(peer: str, url: str, error: BaseException) -> Unreachable:
    """The error for a connection that did not come about, or broke before anything was answered.

    Args:
        peer: What should have answered, as in "the manager".
        url: Its URL. What may be secret of it is not told.
        error: What the library raised.
    """
    address = address_of(url)
    way = " through the proxy that HTTP_PROXY or HTTPS_PROXY names" if _has_proxy(address) else ""
    return Unreachable(f"{peer} at {address} cannot be reached{way}: {_cause(error, address)}")


def address_of(url: str) -> str:
    """A URL as people know it: with http instead of ws, without credentials, query and last slash."""
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def no_manager(peer: str, url: str, what: str) -> Unreachable:
    """The error for something that answers by HTTP, but not as our programs do.

    Args:
        peer: What should have answered.
        url: Its URL.
        what: What it answered, as in "HTTP 404".
    """
    return Unreachable(
        f"what answers at {address_of(url)} is not {peer} ({what}): check the address and its port"
    )


def moved(peer: str, url: str, route: str, location: str) -> Unreachable:
    """The error for a redirection, as from http to https: to follow one would send secrets twice.

    Args:
        peer: What should have answered.
        url: Its URL.
        route: What was asked for there.
        location: Where the answer leads, relative to that.
    """
    target = address_of(urljoin(f"{url}{route}", location)).removesuffix(route)
    return Unreachable(
        f"{peer} is not at {address_of(url)}, which leads to {target}: use that address"
    )


def gateway_location(asked: URL, headers: Mapping[str, str]) -> URL | None:
    """Where an answer leads to a gateway; None: nowhere, or less safely than the manager was asked.

    Args:
        asked: The URL that was answered.
        headers: Those of the answer.
    """
    try:
        location = URL(headers.get("Location", ""), encoded=True)
    except ValueError:
        return None
    is_safe = location.scheme == "https" or (location.scheme, asked.scheme) == ("http", "http")
    return location if location.host and is_safe else None


def _has_proxy(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in getproxies() and not proxy_bypass(parts.netloc)


def _cause(error: BaseException, address: str) -> str:
    # Libraries wrap what they met in errors of their own, of which that is the cause.
    found = None if error.__cause__ is None else _cause(error.__cause__, address)
    if found is not None and found != _UNKNOWN:
        return found
    match error:
        case EOFError() | ConnectionResetError() | aiohttp.ServerDisconnectedError():
            return "it hung up" if address.startswith("https:") else _HUNG_UP_ON_HTTP
        case OSError():
            return _system_cause(error)
        case aiohttp.ClientHttpProxyError() | ProxyError():
            return "the proxy refused"
        case aiohttp.ClientResponseError() | InvalidHandshake():
            return "what answers there does not speak HTTP/1.1: is it the right port?"
    return _UNKNOWN


def _tls_cause(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        refused = f"its certificate is refused ({error.verify_message})"
        return _CERTIFICATES.get(error.verify_code, refused)
    if error.reason in _NO_TLS:
        return (
            "what answers there does not speak TLS: if it is right, its address begins with http://"
        )
    return f"the TLS handshake failed ({error.reason})"


def _name_cause(error: socket.gaierror) -> str:
    if error.errno in _NAME_UNKNOWN:
        return "there is no host of this name"
    return "its name cannot be looked up now: is this machine online?"


def _system_cause(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return _tls_cause(error)
    if isinstance(error, socket.gaierror):
        return _name_cause(error)
    number = error.errno or _first_errno(error)
    if isinstance(error, TimeoutError) or number == errno.ETIMEDOUT:
        return "it does not answer: is it running, and does a firewall let it through?"
    if number == errno.ECONNREFUSED:
        return "nothing listens there: is it running, and is it the right port?"
    if number in _NO_WAY:
        return "there is no way to it from here: is this machine online?"
    return f"the connection broke ({error.strerror or type(error).__name__})"


def _first_errno(error: OSError) -> int | None:
    """That of several tries, one for each address of a host, of which the event loops make one error."""
    found = _ERRNO.search(str(error))
    return int(found[1]) if found else None
