"""Passwords of links: asked for by a small page, or sent by HTTP Basic, and then remembered by a cookie.

The cookie is signed, and valid for `GRANT_S` for that link and that password: another password ends it::

    expiry in epoch seconds(8) ‖ signature of link, password hash and expiry(20)

Guesses are limited for each address and each link, as those at the passwords of users are.
"""

import struct
from typing import Protocol
from uuid import UUID

from aiohttp import BasicAuth, web

from common.base64url import from_base64url, to_base64url
from common.password_guard import PasswordGuard
from manager.accounts.credentials import Passwords
from manager.errors import LinkPasswordNeeded, WrongLinkPassword
from manager.signing.signatures import Signer

GRANT_S = 4 * 3600
"""Seconds for which a password that was sent is remembered: enough for a film."""
LONGEST_PASSWORD = 256
_EXPIRY = struct.Struct(">Q")


class ProtectedLink(Protocol):
    """A link, to a file or a folder."""

    @property
    def id(self) -> UUID:
        """Names it."""

    @property
    def password_hash(self) -> str | None:
        """Argon2; None without a password."""


class LinkPasswords:
    """Lets clients pass that have sent the password of a link."""

    def __init__(
        self, passwords: Passwords, guard: PasswordGuard, signer: Signer, *, path: str
    ) -> None:
        """Takes what it uses.

        Args:
            passwords: Verifies hashes.
            guard: Limits guesses.
            signer: Signs cookies (`Purpose.LINK_PASSWORDS`).
            path: Below which the cookies are sent.
        """
        self._path = path
        self._passwords = passwords
        self._guard = guard
        self._signer = signer

    async def require(self, request: web.Request, link: ProtectedLink) -> None:
        """Returns if the link has no password, or the request shows that its client knows it.

        Raises `LinkPasswordNeeded`, `WrongLinkPassword`, `TooManyAttempts`, `Overloaded`.
        """
        if link.password_hash is None or self._is_granted(request, link):
            return
        given = _basic_password(request)
        if given is None:
            raise LinkPasswordNeeded
        await self.check(request, link, given)

    async def check(self, request: web.Request, link: ProtectedLink, given: str) -> None:
        """Returns if that is the link's password.

        Raises `WrongLinkPassword`, `TooManyAttempts`, `Overloaded`.
        """
        with self._guard.attempt(request, f"link {link.id}"):
            is_short = len(given) <= LONGEST_PASSWORD
            if not is_short or not await self._passwords.matches(given, link.password_hash):
                wrong = WrongLinkPassword()
                wrong.link_id = link.id
                raise wrong

    def remember(self, response: web.Response, link: ProtectedLink, *, is_secure: bool) -> None:
        """Gives the client a cookie, with which it passes. `is_secure`: it came by HTTPS."""
        expiry = _EXPIRY.pack(int(self._signer.now()) + GRANT_S)
        signed = expiry + self._signer.sign(_subject(link, expiry))
        response.set_cookie(
            _cookie_of(link),
            to_base64url(signed),
            max_age=GRANT_S,
            path=self._path,
            httponly=True,
            samesite="Lax",
            secure=is_secure,
        )

    def _is_granted(self, request: web.Request, link: ProtectedLink) -> bool:
        cookie = request.cookies.get(_cookie_of(link), "")
        try:
            signed = from_base64url(cookie)
        except ValueError:
            return False
        expiry, signature = signed[: _EXPIRY.size], signed[_EXPIRY.size :]
        if not self._signer.verify(_subject(link, expiry), signature):
            return False
        (expires_at,) = _EXPIRY.unpack(expiry)
        return bool(expires_at > self._signer.now())


def _subject(link: ProtectedLink, expiry: bytes) -> bytes:
    return link.id.bytes + expiry + (link.password_hash or "").encode()


def _cookie_of(link: ProtectedLink) -> str:
    return f"link-{link.id.hex}"


def _basic_password(request: web.Request) -> str | None:
    """The password of HTTP Basic; the user's name does not matter."""
    try:
        header = request.headers.get("Authorization", "")
        return str(BasicAuth.decode(header, encoding="utf-8").password)
    except ValueError:
        return None
