"""Logins with tokens of some minutes, which a client renews for as long as it runs.

A renewal secret is good once, and one that is used again ends the session: somebody has a copy of it. So a
`RenewableLogin` knows the present one, and whoever uses the login uses the same object.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from client_sdk.errors import CloudError, NotLoggedIn, UnexpectedAnswer
from common.base64url import from_base64url
from common.tasks import settled

USED = 0.8
"""The part of its life for which a token is used."""
PAUSE_S = 10.0
"""Seconds until the next try to renew a token that is still good."""

Renew = Callable[[str], Awaitable[Mapping[str, Any]]]
"""Gets the manager's answer to a renewal secret. Raises `CloudError`."""


class RenewableLogin:
    """A login whose token lives for minutes and is renewed in time. From `Client.login_renewable`.

    All clients of one event loop may use it at the same time. To go on with the session in another process,
    keep its `renewal`, each time that `renewed` is called.

    Args:
        renewal: The secret that gets the next token, and the next secret.
        renewed: Called with the login after each renewal; it must be quick. None: nobody is told.
        monotonic: Seconds that never jump.

    Attributes:
        renewal: The present secret.
        renewed: As given.
    """

    def __init__(
        self,
        renewal: str,
        renewed: Callable[["RenewableLogin"], None] | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.renewal = renewal
        self.renewed = renewed
        self._monotonic = monotonic
        self._token = ""
        self._renew_at = self._ends_at = monotonic()
        self._renewing = asyncio.Lock()

    def __repr__(self) -> str:
        return "RenewableLogin()"

    def take(self, issued: Mapping[str, Any]) -> None:
        """Use what the manager has issued from now on. Raises `UnexpectedAnswer`."""
        token, renewal = issued.get("token"), issued.get("renewal")
        if not (isinstance(token, str) and isinstance(renewal, str)):
            raise UnexpectedAnswer(
                "the manager renewed a login without a token, or without a secret"
            )
        life_s, now = _life_s(token), self._monotonic()
        self._token, self.renewal = token, renewal
        self._renew_at, self._ends_at = now + USED * life_s, now + life_s

    async def token(self, renew: Renew) -> str:
        """A token that is good for a while.

        Raises:
            NotLoggedIn: The session has ended.
            CloudError: The token is not good any more, and the manager does not renew it now.
        """
        async with self._renewing:
            if self._monotonic() >= self._renew_at:
                # What was asked for is used up: it must not be lost with whoever asked.
                await settled(self._renew(renew))
        return self._token

    async def _renew(self, renew: Renew) -> None:
        try:
            self.take(await renew(self.renewal))
        except NotLoggedIn:
            raise
        except CloudError:
            if self._monotonic() >= self._ends_at:
                raise
            self._renew_at = self._monotonic() + PAUSE_S
        else:
            if self.renewed is not None:
                self.renewed(self)


def _life_s(token: str) -> float:
    """How long a token lives: clocks differ, but not lengths of time. Raises `UnexpectedAnswer`."""
    try:
        claims = json.loads(from_base64url(token.split(".")[1]))
        return float(claims["exp"]) - float(claims["iat"])
    except (ValueError, LookupError, TypeError) as error:
        raise UnexpectedAnswer("the manager issued a token that does not say its life") from error
