"""The client's part with which administrators manage users.

Who is no administrator, or not any more, gets `Forbidden`.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from client_sdk import wire
from client_sdk.core import ClientCore
from client_sdk.errors import Forbidden, InvalidInput, NotFound, Refused
from client_sdk.models import Account
from client_sdk.people import clean_password, clean_query, clean_username
from protocol import c2s, s2c

RemovalCallback = Callable[[int], None]
"""Is told how many files of a user remain."""


class Administering(ClientCore):
    """Lists users, sets their passwords and roles, and removes them. `Client` has the documentation."""

    async def list_users(self, query: str | None = None) -> AsyncGenerator[Account, None]:
        """Yield users by name, with their role and with how much they own; for administrators.

        Args:
            query: A part of the name, in whatever case; None for all users.

        Raises:
            InvalidInput: The query is not made of letters and digits.
            Forbidden: The user is no administrator.
        """
        part = None if query is None else clean_query(query)
        page, is_last = 0, False
        while not is_last:
            request = c2s.UserListRequest(page=page, query=part)
            async with self._as_administrator():
                listed = await self._link.question(request, s2c.UserList)
            for account in listed.users:
                yield wire.account(account)
            page += 1
            is_last = page * listed.page_size >= listed.total

    async def find_account(self, name: str) -> Account:
        """What `list_users` tells of the user of that name, in whatever case.

        Raises:
            InvalidInput: It is no user name.
            NotFound: There is no such user.
            Forbidden: The user is no administrator.
        """
        accounts = self.list_users(clean_username(name))
        async with contextlib.aclosing(accounts):
            async for account in accounts:
                if account.name.lower() == name.lower():
                    return account
        raise NotFound(f"{name}: there is no such user")

    async def set_user_password(self, user: str, password: str) -> None:
        """Give another user a new password. Connections of that user end, and tokens die.

        Raises:
            InvalidInput: The password cannot be used.
            NotFound: There is no such user.
            Forbidden: The user is no administrator.
            Refused: It is the own password, which `change_password` changes.
        """
        new = clean_password(password)
        packet = c2s.UserPasswordSet(user_id=(await self.find_account(user)).id, password=new)
        async with self._as_administrator():
            await self._link.order(packet)

    async def set_role(self, user: str, *, is_admin: bool) -> None:
        """Make a user an administrator, or not any more.

        Raises:
            NotFound: There is no such user.
            Forbidden: The user is no administrator.
            Refused: Nobody would be administrator any more.
        """
        packet = c2s.UserRoleSet(user_id=(await self.find_account(user)).id, is_admin=is_admin)
        async with self._as_administrator():
            await self._link.order(packet)

    async def remove_user(
        self,
        user: str,
        *,
        heir: str | None = None,
        delete_files: bool = False,
        progress: RemovalCallback | None = None,
    ) -> None:
        """Remove another user, whose files go to an heir or are deleted.

        The user is locked out at once. A removal that breaks off is gone on with by the next one;
        until then `set_user_password` lets the user in again.

        Args:
            user: Name of the user.
            heir: Name of the user who gets the files.
            delete_files: True deletes the files. Either this or `heir` is needed.
            progress: Called with the number of files that remain, whenever it is known; must be
                quick.

        Raises:
            InvalidInput: What becomes of the files is not said, or they would go to `user`.
            NotFound: There is no such user, or no such heir.
            Forbidden: The user is no administrator.
            Refused: It is the own account.
        """
        if (heir is not None) == delete_files:
            raise InvalidInput("either name an heir of the files, or have them deleted")
        account = await self.find_account(user)
        heir_id = None if heir is None else (await self.find_account(heir)).id
        if heir_id == account.id:
            raise InvalidInput(f"{user}: choose another user than the one to remove")
        packet = c2s.UserRemove(user_id=account.id, heir_id=heir_id)
        while (remaining := await self._remove_some(packet, account.name)) > 0:
            if progress is not None:
                progress(remaining)
        if progress is not None:
            progress(0)

    async def _remove_some(self, packet: c2s.UserRemove, name: str) -> int:
        """How many files remain after some of the work."""
        async with self._as_administrator():
            try:
                answer = await self._link.question(packet, s2c.UserRemoval)
            except Refused:
                # The answer to the last piece of work may have been lost, and was asked for again.
                if await self._has(packet.user_id, name):
                    raise
                return 0
        return answer.remaining_files

    async def _has(self, user_id: int, name: str) -> bool:
        try:
            return (await self.find_account(name)).id == user_id
        except NotFound:
            return False

    @contextlib.asynccontextmanager
    async def _as_administrator(self) -> AsyncIterator[None]:
        """Tells that the user is no administrator; a refusal has words only, so it is looked up."""
        try:
            yield
        except Refused as error:
            you = (await self._api.status()).you
            if you is None or you.is_admin:
                raise
            raise Forbidden(error.reason) from error
