"""Password hashes and user tokens.

Passwords are hashed with argon2id. One hash takes tens of milliseconds and 64 MiB by design, so a bounded
number of them run in worker threads and a bounded number wait: a flood of logins gets `Overloaded`
and leaves the manager responsive.

Tokens are JWTs that name the user and the epoch of their password.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from manager.errors import InvalidToken, Overloaded
from manager.signing.signatures import ExpiringClaims, Signer

_Result = TypeVar("_Result")

AT_ONCE = 2
"""Hashes computed at the same time."""
WAITING = 64
"""Hashes that may wait for their turn."""
TOKEN_LIFE_S = 30 * 24 * 3600


class Passwords:
    """Hashes and checks passwords in worker threads, a bounded number at once."""

    def __init__(
        self,
        hasher: PasswordHasher | None = None,
        *,
        at_once: int = AT_ONCE,
        waiting: int = WAITING,
    ) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(at_once)
        self._admitted = 0
        self._admits = at_once + waiting

    async def hash(self, password: str) -> str:
        """The argon2id hash in its encoded form. Raises `Overloaded`."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether the password belongs to the hash. Raises `Overloaded`.

        Without a hash (an unknown user) it returns False after the same work, so that the time taken
        does not reveal whether the user exists.
        """
        if password_hash is None:
            await self.hash(password)
            return False
        return await self._in_thread(lambda: self._verify(password, password_hash))

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a valid hash was computed with other parameters than the current ones."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        if self._admitted >= self._admits:
            raise Overloaded("logins", retry_after_s=5)
        self._admitted += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._admitted -= 1


class TokenClaims(ExpiringClaims, frozen=True, kw_only=True):
    """The claims of a token: user id, epoch of the password, issue and expiry (epoch seconds)."""

    sub: str
    epoch: int
    iat: int


class TokenSigner:
    """Issues and verifies tokens; the caller compares the epoch with the catalog's.

    Args:
        signer: Signs tokens (`Purpose.USER_TOKENS`).
    """

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def issue(self, user_id: int, epoch: int) -> str:
        """A token of three base64url parts, valid for `TOKEN_LIFE_S` seconds."""
        now = int(self._signer.now())
        return self._signer.sign_claims(
            {"sub": str(user_id), "epoch": epoch, "iat": now, "exp": now + TOKEN_LIFE_S}
        )

    def read(self, token: str) -> tuple[int, int]:
        """User id and password epoch of a token that the manager signed and that has not expired.

        Raises `InvalidToken`.
        """
        try:
            claims = self._signer.read_claims(token, TokenClaims)
            return int(claims.sub), claims.epoch
        except (jwt.InvalidTokenError, ValueError) as error:
            raise InvalidToken from error
