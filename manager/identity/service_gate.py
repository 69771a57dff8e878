"""The password that all services share: who has it, and how often it may be guessed.

Guesses are counted apart from those at users' passwords, so that nobody who mistypes one keeps the
services of the same address away. The right password costs nothing, however many connections come
with it at once.
"""

import hmac
from collections.abc import Callable

from aiohttp import web

from manager.domain.guesses import GuessLimiter, Rate
from manager.errors import WrongServicePassword
from manager.identity.addresses import ClientAddresses
from manager.identity.guarding import PasswordGuard
from manager.settings import ManagerSettings

PER_ADDRESS = Rate(burst=50, refill_s=5.0)
"""Each slot of a service that is set up wrongly tries once before the service gives up."""


class ServiceGate:
    """Lets services in; `monotonic`: seconds that never jump."""

    def __init__(self, settings: ManagerSettings, monotonic: Callable[[], float]) -> None:
        self._password = settings.service_password.get_secret_value().encode()
        self._guard = PasswordGuard(
            GuessLimiter(per_address=PER_ADDRESS),
            ClientAddresses(settings.trusted_proxies),
            monotonic,
        )

    def check(self, request: web.Request, given: str) -> None:
        """Raises `WrongServicePassword`, `TooManyAttempts`."""
        with self._guard.attempt(request):
            # Whatever a query or a header decodes to is a guess.
            if not hmac.compare_digest(given.encode(errors="surrogatepass"), self._password):
                raise WrongServicePassword
