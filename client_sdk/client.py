"""The client: files and folders of a manager, in one object."""

from typing import Any

from client_sdk.account import Authenticating
from client_sdk.events import EventStream
from client_sdk.folder_links import LinkingFolders
from client_sdk.folder_sharing import SharingFolders
from client_sdk.invitations import Inviting
from client_sdk.links import Linking
from client_sdk.models import ManagerStatus
from client_sdk.renewal import RenewableLogin
from client_sdk.searching import Searching
from client_sdk.stars import Starring
from client_sdk.storage import StorageAndAudit
from client_sdk.transferring import FolderTransferring
from client_sdk.trash import TrashAndVersions

_CHANGE_S = 60
"""Seconds that the session lives in which a password is changed."""


class Client(
    StorageAndAudit,
    FolderTransferring,
    Authenticating,
    Linking,
    LinkingFolders,
    Inviting,
    TrashAndVersions,
    Searching,
    Starring,
    SharingFolders,
):
    """A user's view of one manager. Use it as an async context manager.

    Entering connects, when there is a token; the connection is kept, and made again when it is
    lost. Without a token only `login` and `register` work. All methods may be called from many
    tasks at the same time.

    Args:
        url: http(s) URL of the manager. Several managers of one cloud are separated by commas: the client
            uses one of them, and goes on at the next when it cannot be reached.
        token: The user's token, from `login`, a login, from `login_renewable`, or an app password.
        settings: Limits, time limits and retries.
        link_changed: Called with False when the connection is lost, and with True when it is back;
            must be quick.
    """

    async def login(
        self,
        username: str,
        password: str,
        *,
        device: str | None = None,
        life_s: int | None = None,
        code: str | None = None,
    ) -> str:
        """Begin a session of a user; returns its token. The client itself does not begin to use it.

        The token is good until the session ends. Programs that run on their own should rather have an
        app password, see `create_app_password`.

        Args:
            username: Name of the user.
            password: The user's password.
            device: What the session is called in the user's list; None: what the client is.
            life_s: Seconds after which the session ends, if that is sooner than usual.
            code: Of the user's authenticator app, or a recovery code; needed by users with a second factor.

        Raises:
            WrongPassword: The two do not belong together.
            SecondFactorNeeded: The user has a second factor, and there is no code.
            SecondFactorDemanded: The user must enrol a second factor first, on the web page.
            WrongCode: The code is wrong, or was used before.
        """
        issued = await self._api.login(username, password, device=device, life_s=life_s, code=code)
        return str(issued["token"])

    async def login_renewable(
        self,
        username: str,
        password: str,
        *,
        device: str | None = None,
        life_s: int | None = None,
        code: str | None = None,
    ) -> RenewableLogin:
        """Begin a session of a user whose token lives for minutes, and is renewed by whoever uses it.

        Whoever gets hold of such a token cannot do much with it. `Client` takes the login in the place of
        a token, and renews it for as long as it runs.

        Args:
            username: As of `login`.
            password: As of `login`.
            device: As of `login`.
            life_s: As of `login`: of the session.
            code: As of `login`.

        Raises:
            WrongPassword, SecondFactorNeeded, SecondFactorDemanded, WrongCode: As `login`.
        """
        issued = await self._api.login(
            username, password, device=device, life_s=life_s, code=code, is_renewable=True
        )
        login = RenewableLogin("")
        login.take(issued)
        return login

    async def register(
        self,
        username: str,
        password: str,
        *,
        admin_token: str | None = None,
        setup_code: str | None = None,
        invitation: str | None = None,
    ) -> None:
        """Make a user.

        Args:
            username: 1 to 16 letters and digits.
            password: 8 to 256 characters.
            admin_token: Token of an administrator; not needed for the first user.
            setup_code: What the manager shows when it starts; needed for the first user alone.
            invitation: What the address of an invitation holds, in place of the token.

        Raises:
            SetupCodeNeeded: There is no user yet, and the setup code is missing or wrong.
            Forbidden: The token is missing, or not an administrator's, or the invitation is not valid.
            Refused: The name is taken, or the name or the password cannot be used.
        """
        await self._api.register(username, password, admin_token, setup_code, invitation)

    async def change_password(
        self, username: str, previous: str, new: str, *, code: str | None = None
    ) -> None:
        """Give a user another password. Connections of the user end, and tokens die.

        Args:
            username: Name of the user.
            previous: The present password.
            new: 8 to 256 characters.
            code: As of `login`.

        Raises:
            WrongPassword: The user name and the previous password do not belong together.
            SecondFactorNeeded: The user has a second factor, and there is no code.
            WrongCode: The code is wrong, or was used before.
            Refused: The new password cannot be used.
            TooManyAttempts: Passwords were tried too often.
        """
        token = None
        if code is not None:
            token = await self.login(username, previous, life_s=_CHANGE_S, code=code)
        await self._api.change_password(username, previous, new, token)

    async def status(self) -> ManagerStatus:
        """How the manager is: its upload services, bookings, webhooks and processing."""
        return await self._api.status()

    async def graphql(self, query: str, /, **variables: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """The data of a GraphQL request (docs/tickets.md). Raises `Forbidden`, `Refused`."""
        return await self._api.graphql(query, variables)

    def events(self) -> EventStream:
        """Changes of files and folders, from now on, as an async iterator."""
        return self._open_session.events.stream()
