"""Lets passwords be tried only as often as is sensible."""

import contextlib
from collections.abc import Callable, Iterator

from aiohttp import web

from manager.domain.guesses import GuessLimiter
from manager.errors import RegistrationClosed, WrongCredentials, WrongServicePassword
from manager.identity.addresses import ClientAddresses


class PasswordGuard:
    """Stands before everything that takes a password or an administrator's token.

    Args:
        limiter: Decides which attempts are made.
        addresses: Tells clients apart.
        monotonic: Seconds that never jump.
    """

    def __init__(
        self, limiter: GuessLimiter, addresses: ClientAddresses, monotonic: Callable[[], float]
    ) -> None:
        self._limiter = limiter
        self._addresses = addresses
        self._monotonic = monotonic

    @contextlib.contextmanager
    def attempt(self, request: web.Request, user_name: str | None = None) -> Iterator[None]:
        """Around one attempt; `user_name` is None for those at what no user is named for.

        Raises `TooManyAttempts` instead of letting it be made.
        """
        forwarded_for = request.headers.getall("X-Forwarded-For", [])
        attempt = self._limiter.admit(
            self._monotonic(),
            address=self._addresses.of(request.remote, forwarded_for),
            # User names are the same in whatever case.
            account=None if user_name is None else user_name.lower(),
        )
        try:
            yield
        except (WrongCredentials, WrongServicePassword, RegistrationClosed):
            raise
        except Exception:
            self._limiter.was_no_guess(attempt)
            raise
        self._limiter.was_right(attempt)
