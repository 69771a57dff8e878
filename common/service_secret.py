"""Checks what opens the routes of a service, and limits guesses at it.

Guesses are counted apart from those at users' passwords, so that a user who mistypes one does not lock
out the services of the same address. The right secret costs nothing, however many requests come with it
at once.
"""

import hmac
from collections.abc import Callable
from typing import Final

from aiohttp import web

from common.addresses import ClientAddresses
from common.guesses import FailedAttempt, GuessLimiter, Rate
from common.password_guard import PasswordGuard, Refusal, log_refusal

PER_ADDRESS: Final = Rate(burst=50, refill_s=5.0)
"""Each slot of a service that is set up wrongly tries once before the service gives up."""


class WrongServiceSecret(FailedAttempt):
    """Neither a credential for services nor their password was sent."""

    code = "wrong-service-password"


class ServiceSecretGuard:
    """Guards routes with one secret: a credential, or the password of all services.

    Args:
        secret: the right one.
        addresses: identifies clients.
        monotonic: seconds that never jump.
        report: called with refusals, as by `PasswordGuard`.
    """

    def __init__(
        self,
        secret: str,
        addresses: ClientAddresses,
        monotonic: Callable[[], float],
        report: Callable[[Refusal], None] = log_refusal,
    ) -> None:
        self._secret = secret.encode()
        self._guard = PasswordGuard(
            GuessLimiter(per_address=PER_ADDRESS), addresses, monotonic, report
        )

    def check_bearer(self, request: web.Request) -> None:
        """Looks at the Bearer token of a request. Raises as `check` does."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            # Nothing was tried, so nothing is counted.
            raise WrongServiceSecret(
                "this needs the SERVICE_CREDENTIAL of this service as a Bearer token"
            )
        self.check(request, given)

    def check(self, request: web.Request, given: str) -> None:
        """Looks at a secret that came with a request.

        Raises:
            WrongServiceSecret: it is another one.
            TooManyAttempts: too many wrong ones came from this address: this one is not checked.
        """
        with self._guard.attempt(request):
            # Any text that a query or a header decodes to counts as a guess.
            if not hmac.compare_digest(given.encode(errors="surrogatepass"), self._secret):
                raise WrongServiceSecret("the SERVICE_CREDENTIAL of this service is another one")
