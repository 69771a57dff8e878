"""Password hashing with argon2id, off the event loop.

One hash takes tens of milliseconds and 64 MiB by design, so only a few run at once and only so many
wait: a flood of logins costs the flooders an `Overloaded`, not everybody else the manager.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from manager.errors import Overloaded

_Result = TypeVar("_Result")

AT_ONCE = 2
WAITING = 64


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

        Without a hash (an unknown user) the answer is False after the same work, so that the time
        taken does not tell whether the user exists.
        """
        if password_hash is None:
            await self.hash(password)
            return False
        return await self._in_thread(lambda: self._verify(password, password_hash))

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash that a password has matched was made with other parameters than today's."""
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
