"""Addresses of a manager."""

from urllib.parse import urlencode, urlsplit

from client_sdk.errors import InvalidInput


def base_url(url: str) -> str:
    """Check the http(s) URL of a manager and strip what does not belong to it.

    Raises:
        InvalidInput: It is not an http(s) URL, or holds a query, a fragment or credentials.
    """
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
