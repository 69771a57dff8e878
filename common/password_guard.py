"""Limits attempts at passwords, and reports those that were wrong."""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from aiohttp import web

from common.addresses import ClientAddresses
from common.guesses import Attempt, FailedAttempt, GuessLimiter, TooManyAttempts

log = structlog.get_logger(__name__)

MAX_TOLD = 10_000
"""How many addresses are remembered whose refused attempts were logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An attempt that was refused.

    Attributes:
        route: pattern of the route that took it: the path itself may hold a secret.
        user: the user that it was for; None at what no user is named for.
        address: the client.
        reason: code of the error.
    """

    route: str
    user: str | None
    address: str
    reason: str


def log_refusal(refusal: Refusal) -> None:
    """Logs a refusal as `credentials-refused`."""
    log.warning(
        "credentials-refused",
        path=refusal.route,
        user=refusal.user,
        address=refusal.address,
        reason=refusal.reason,
    )


class PasswordGuard:
    """Guards everything that takes a password or an administrator's token.

    Every wrong one is reported. Refused attempts cost nothing and may come in any number, so only the
    first in a row from an address is reported.

    Args:
        limiter: Decides which attempts are made.
        addresses: Identifies clients.
        monotonic: Seconds that never jump.
        report: Called with each refusal that is reported.
    """

    def __init__(
        self,
        limiter: GuessLimiter,
        addresses: ClientAddresses,
        monotonic: Callable[[], float],
        report: Callable[[Refusal], None] = log_refusal,
    ) -> None:
        self._limiter = limiter
        self._addresses = addresses
        self._monotonic = monotonic
        self._report = report
        self._told: OrderedDict[str, None] = OrderedDict()

    @contextlib.contextmanager
    def attempt(self, request: web.Request, user_name: str | None = None) -> Iterator[None]:
        """Around one attempt; `user_name` is None for those at what no user is named for.

        The outcome is how the block ends: a `FailedAttempt` counts as a guess, any other error as none,
        and without an error the password was right. Raises `TooManyAttempts` instead of letting it be
        made.
        """
        attempt = self._admit(request, user_name)
        try:
            yield
        except FailedAttempt as error:
            self._report(_refusal(request, user_name, attempt.address, error.code))
            raise
        except Exception:
            self._limiter.was_no_guess(attempt)
            raise
        self._limiter.was_right(attempt)

    def _admit(self, request: web.Request, user_name: str | None) -> Attempt:
        address = self._addresses.of_request(request)
        # User names are compared regardless of case.
        account = None if user_name is None else user_name.lower()
        try:
            attempt = self._limiter.admit(self._monotonic(), address=address, account=account)
        except TooManyAttempts as error:
            if address not in self._told:
                self._report(_refusal(request, user_name, address, error.code))
            self._told[address] = None
            if len(self._told) > MAX_TOLD:
                self._told.popitem(last=False)
            raise
        self._told.pop(address, None)
        return attempt


def _refusal(request: web.Request, user_name: str | None, address: str, reason: str) -> Refusal:
    resource = request.match_info.route.resource
    route = "unknown" if resource is None else resource.canonical
    return Refusal(route=route, user=user_name, address=address, reason=reason)
