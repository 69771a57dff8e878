"""Password hashes and user tokens.

Passwords are hashed with argon2id. One hash takes tens of milliseconds and 64 MiB by design, so a bounded
number of them run in worker threads and a bounded number wait: a flood of logins gets `Overloaded`
and leaves the manager responsive.

Tokens are JWTs that name the user and the login session.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from catalog.records import LoginSession
from manager.errors import InvalidToken, Overloaded
from manager.signing.signatures import ExpiringClaims, Signer

_Result = TypeVar("_Result")

AT_ONCE = 2
"""Hashes computed at the same time."""
WAITING = 64
"""Hashes that may wait for their turn."""
TOKEN_LIFE_S = 30 * 24 * 3600
"""For how long a token of releases up to 0.2.0 is valid."""


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
    """The claims of a token.

    Attributes:
        sub: id of the user.
        epoch: the user's token epoch when it was issued.
        iat: when it was issued, in seconds since the epoch.
        sid: id of the login session; None in tokens of releases up to 0.2.0, which end with the epoch alone.
    """

    sub: str
    epoch: int
    iat: int
    sid: str | None = None


class RenewalClaims(ExpiringClaims, frozen=True, kw_only=True):
    """The claims of a renewal secret: the login session, and how often it was renewed before."""

    sid: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadToken:
    """What a token that verifies says; whether it is still good is in the catalog."""

    user_id: int
    epoch: int
    session_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRenewal:
    """What a renewal secret that verifies says."""

    session_id: UUID
    generation: int


class TokenSigner:
    """Issues and verifies tokens, and the secrets that renew them; the catalog has the last word."""

    def __init__(self, tokens: Signer, renewals: Signer) -> None:
        """Signs tokens (`Purpose.USER_TOKENS`) and renewal secrets (`Purpose.RENEWALS`)."""
        self._tokens = tokens
        self._renewals = renewals

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._tokens.now()

    def issue(self, session: LoginSession, *, expires_at: float) -> str:
        """A token of three base64url parts."""
        return self._tokens.sign_claims(
            {
                "sub": str(session.user_id),
                "epoch": session.epoch,
                "iat": int(self.now()),
                "exp": int(expires_at),
                "sid": session.id.hex,
            }
        )

    def issue_renewal(self, session: LoginSession) -> str:
        """The secret that renews the session's token once, valid as long as the session."""
        return self._renewals.sign_claims(
            {
                "sid": session.id.hex,
                "generation": session.generation,
                "exp": int(session.expires_at),
            }
        )

    def read(self, token: str) -> ReadToken:
        """What a token says that the manager signed and that has not expired. Raises `InvalidToken`."""
        try:
            claims = self._tokens.read_claims(token, TokenClaims)
            return ReadToken(
                user_id=int(claims.sub),
                epoch=claims.epoch,
                session_id=None if claims.sid is None else UUID(hex=claims.sid),
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise InvalidToken from error

    def read_renewal(self, text: str) -> ReadRenewal:
        """What a renewal secret says that verifies. Raises `InvalidToken`."""
        try:
            claims = self._renewals.read_claims(text, RenewalClaims)
            return ReadRenewal(session_id=UUID(hex=claims.sid), generation=claims.generation)
        except (jwt.InvalidTokenError, ValueError) as error:
            raise InvalidToken from error
