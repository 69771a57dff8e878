"""What the web page may load and whom it may talk to (Content Security Policy, level 3). No I/O.

The page itself talks to this manager alone. Only its upload worker also talks to upload services: a
dedicated worker has the policy of its own response, so it learns of the services that are registered
when it starts, and the page starts another one when it hears of a service at an origin that is new.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

# What may stand in a policy without ending a directive or adding a source.
_AUTHORITY = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


def page_policy(host: str) -> str:
    """The policy of the page, as it is reached under `host` (the request's `Host`)."""
    # Zip archives are asked for with a form, whose answer, when it is an error, goes into a hidden frame.
    # Not every browser takes 'self' to mean the WebSocket of the same origin.
    sockets = f" ws://{host} wss://{host}" if _AUTHORITY.fullmatch(host) else ""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            f"connect-src 'self'{sockets}",
            "worker-src 'self'",
            "frame-src 'self' blob:",
            "object-src blob:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def worker_policy(addresses: Iterable[str]) -> str:
    """The policy of the upload worker, which sends chunks to services at these addresses."""
    origins = sorted({origin for origin in map(origin_of, addresses) if origin})
    connect = " ".join(["connect-src 'self'", *origins])
    return f"default-src 'none'; script-src 'self'; {connect}"


def origin_of(address: str) -> str | None:
    """The origin of an HTTP address; None for one that no policy may hold."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not _AUTHORITY.fullmatch(parts.netloc):
        return None
    return f"{parts.scheme}://{parts.netloc}"
