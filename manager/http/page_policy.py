"""What the web page may load and whom it may talk to (Content Security Policy, level 3). No I/O.

The page itself talks to this manager alone. Only its upload worker also talks to upload services: a
dedicated worker has the policy of its own response, so it learns of the services that are registered
when it starts, and the page starts another one when it hears of a service at an origin that is new.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

PAGE_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

# What may stand in a policy without ending a directive or adding a source. The grammar of sources
# (section 2.3.1) has no IPv6 addresses.
_AUTHORITY = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")


def page_policy(host: str, base: str, public_url: str | None = None) -> str:
    """The policy of the page.

    Args:
        host: where it was asked for (the request's `Host`).
        base: path below which its own files are, without a slash at its end.
        public_url: where it is reached as well, by way of proxies that change `Host`; None when that
            is not known.
    """
    own = _own_files(host, base, public_url)
    # Zip archives are asked for with a form, whose answer, when it is an error, goes into a hidden frame.
    # Not every browser takes 'self' to mean the WebSocket of the same origin.
    sockets = f" ws://{host} wss://{host}" if _AUTHORITY.fullmatch(host) else ""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {own}",
            f"style-src {own}",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            f"connect-src 'self'{sockets}",
            f"worker-src {own}",
            "frame-src 'self' blob:",
            "object-src blob:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def worker_policy(addresses: Iterable[str]) -> str:
    """The policy of the upload worker, which sends chunks to services at these addresses.

    It imports nothing, so it may run no other script than the one that it is.
    """
    origins = sorted({origin for origin in map(origin_of, addresses) if origin})
    return "; ".join(["default-src 'none'", " ".join(["connect-src 'self'", *origins])])


def _own_files(host: str, base: str, public_url: str | None) -> str:
    """Sources that admit the files of the page alone.

    The same origin also serves what people have stored, and a script of theirs must not run. A host
    that no source can name (an IPv6 address) is left with the whole origin.
    """
    places = [host if _AUTHORITY.fullmatch(host) else "", origin_of(public_url or "") or ""]
    return " ".join(f"{place}{base}/" for place in places if place) or "'self'"


def origin_of(address: str) -> str | None:
    """The origin of an HTTP address; None for one that no policy may hold."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not _AUTHORITY.fullmatch(parts.netloc):
        return None
    return f"{parts.scheme}://{parts.netloc}"
