"""Signed attachment URLs that expire, as those of Discord's CDN.

`is` is when the URL was issued, `ex` when it expires (hex seconds), `hm` an HMAC over both and the
path. Time is divided into spans from the attachment's creation on; all requests within one span get the
same URL, and a new one is issued a little before the old one expires.
"""

import hmac
from collections.abc import Callable, Mapping

from discord_emulator.errors import ContentUnavailable
from discord_emulator.messages import created_at

_OVERLAP = 1 / 24


class UrlSigner:
    """Signs paths of attachments and checks the signatures.

    Args:
        key: the secret.
        lifetime_s: seconds from issue to expiry.
        clock: returns seconds since the Unix epoch.
    """

    def __init__(self, key: bytes, lifetime_s: int, clock: Callable[[], float]) -> None:
        self._key = key
        self._lifetime_s = lifetime_s
        self._span_s = max(1.0, lifetime_s * (1 - _OVERLAP))
        self._clock = clock

    def query(self, path: str, attachment_id: int) -> str:
        """Return the query string that makes a path of the CDN valid now."""
        born = created_at(attachment_id)
        spans = (self._clock() - born) // self._span_s
        issued = int(born + spans * self._span_s)
        expires = issued + self._lifetime_s
        return f"ex={expires:x}&is={issued:x}&hm={self._mac(path, f'{expires:x}', f'{issued:x}')}&"

    def check(self, path: str, query: Mapping[str, str]) -> None:
        """Raise `ContentUnavailable` unless the query has a valid signature and has not expired."""
        expires, issued = query.get("ex", ""), query.get("is", "")
        wanted = self._mac(path, expires, issued)
        if not hmac.compare_digest(wanted.encode(), query.get("hm", "").encode()):
            raise ContentUnavailable
        if self._clock() >= int(expires, 16):
            raise ContentUnavailable

    def _mac(self, path: str, expires: str, issued: str) -> str:
        return hmac.digest(self._key, f"{path}\n{expires}\n{issued}".encode(), "sha256").hex()
