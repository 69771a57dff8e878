"""What whoever makes the first user has to show, so that nobody else becomes the administrator.

A manager that has no users is open to everybody who reaches it, and that includes every web page that
one of its people looks at. So the first registration needs a code, which is told where only those look
who run the manager. A random one is kept in the catalog until there is a user: it is the same after a
restart, and for all managers of one catalog.
"""

import hmac
import secrets
from typing import Final

import structlog

from catalog.account_port import AccountStore
from manager.errors import RegistrationClosed, SetupCodeNeeded, WrongSetupCode
from manager.settings import NO_CODE

CODE_BYTES: Final = 10

_log = structlog.get_logger()


class SetupCode:
    """The code for making the first user.

    Args:
        catalog: Keeps a random one, and knows whether there is a user.
        chosen: The operator's own; `NO_CODE` to do without, None for a random one.
    """

    def __init__(self, catalog: AccountStore, chosen: str | None) -> None:
        self._catalog = catalog
        self._chosen = chosen

    async def expected(self) -> str | None:
        """The code; None when none is needed. Raises `RegistrationClosed` once there is a user."""
        if self._chosen is None:
            code = await self._catalog.setup_code(secrets.token_hex(CODE_BYTES))
            if code is None:
                raise RegistrationClosed
            return code
        if await self._catalog.search_users("", limit=1):
            raise RegistrationClosed
        return None if self._chosen == NO_CODE else self._chosen

    async def check(self, given: str | None) -> None:
        """Lets whoever has the code make the first user.

        Raises `RegistrationClosed`, `SetupCodeNeeded`, `WrongSetupCode`.
        """
        expected = await self.expected()
        if expected is None:
            return
        if given is None:
            raise SetupCodeNeeded
        # Whatever a body or a query decodes to is a guess.
        if not hmac.compare_digest(_encoded(given.strip()), _encoded(expected)):
            raise WrongSetupCode

    async def link(self, url: str) -> str | None:
        """Where the first user is made; None once there is one.

        The web page at `url` takes a random code out of the link. One that was chosen is told nowhere.
        """
        try:
            code = await self.expected()
        except RegistrationClosed:
            return None
        return _link(url, code if self._chosen is None else None)

    async def tell(self, url: str) -> None:
        """Logs what it takes to make the first user, unless there is one."""
        try:
            code = await self.expected()
        except RegistrationClosed:
            return
        if code is None:
            _log.warning("no-setup-code", note="who registers first is the administrator")
        elif self._chosen is not None:
            _log.warning("setup-code", code="that of SETUP_CODE", link=_link(url, None))
        else:
            _log.warning("setup-code", code=code, link=_link(url, code))


def _link(url: str, code: str | None) -> str:
    return f"{url}/" if code is None else f"{url}/?setup={code}"


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
