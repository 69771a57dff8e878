"""What `CLUSTER_URL` says: the servers, and the namespace in which managers meet."""

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

DEFAULT_NAMESPACE: Final = "main"
_SCHEMES: Final = ("nats", "tls")
_NAMESPACE: Final = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)


def parse_cluster_url(text: str) -> tuple[list[str], str]:
    """The addresses of the NATS servers, and the namespace.

    Args:
        text: Such as `nats://user:password@host:4222/name`; further servers after commas.

    Raises:
        ValueError: It is none; the text never repeats it, since it may hold a password.
    """
    servers, namespaces = [], set()
    for entry in text.split(","):
        server, namespace = _parsed(entry.strip())
        servers.append(server)
        namespaces.add(namespace)
    named = namespaces - {""}
    if len(named) > 1:
        raise ValueError("all addresses must have the same path, which is the namespace")
    return servers, named.pop() if named else DEFAULT_NAMESPACE


def _parsed(entry: str) -> tuple[str, str]:
    try:
        parts = urlsplit(entry)
        is_address = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.query or parts.fragment:
        raise ValueError(
            "expected nats://host:4222 or tls://host:4222, several separated by commas"
        )
    namespace = parts.path.strip("/")
    if namespace and not _NAMESPACE.fullmatch(namespace):
        raise ValueError("the path is the namespace: up to 32 of a-z, 0-9 and hyphens")
    return urlunsplit((parts.scheme, parts.netloc, "", "", "")), namespace
