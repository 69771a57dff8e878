"""The client's methods that concern other users: sharing files with them, and administration.

Methods for administrators raise `Forbidden` for every other user.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from client_sdk import listing
from client_sdk.errors import Forbidden, InvalidInput, NotFound, Refused
from client_sdk.models import Account, FileAccess, User
from client_sdk.paths import RemotePath, split_remote
from client_sdk.session import ClientCore
from protocol import c2s, s2c
from protocol.errors import InvalidValue
from protocol.values import check_password, check_username


def clean_username(name: str) -> str:
    """Check the name of a user. Raises `InvalidInput`."""
    try:
        return check_username(name)
    except InvalidValue as error:
        raise InvalidInput(f"the user name {error}") from error


def clean_password(password: str) -> str:
    """Check a new password. Raises `InvalidInput`, whose text does not hold it."""
    try:
        return check_password(password)
    except InvalidValue as error:
        raise InvalidInput(f"the password {error}") from error


def clean_query(query: str) -> str:
    """Check a part of users' names. Raises `InvalidInput`."""
    if not query.isascii() or not query.isalnum():
        raise InvalidInput("a search for users takes 1 or more letters or digits")
    return query


class Sharing(ClientCore):
    """Shares files, gives them away, and finds users. `Client` has the documentation."""

    async def search_users(self, query: str) -> list[User]:
        """Users whose name contains the query, those that start with it first; 100 at most.

        Raises:
            InvalidInput: The query is not made of letters and digits.
        """
        packet = c2s.UserSearchRequest(query=clean_query(query))
        found = await self._link.question(packet, s2c.UserSearch)
        return [listing.to_user(handle) for handle in found.results or ()]

    async def find_user(self, name: str) -> User:
        """The user of that name, in whatever case.

        Raises:
            InvalidInput: It is no user name.
            NotFound: There is no such user.
        """
        for user in await self.search_users(clean_username(name)):
            if user.name.lower() == name.lower():
                return user
        raise NotFound(f"{name}: there is no such user")

    async def share(self, remote: RemotePath, user: str, *, can_write: bool = False) -> None:
        """Let a user read a file, or also write it; changes a share that is there.

        Raises:
            NotFound: There is no such user or file.
            Refused: The file is not the user's to share.
        """
        await self._change_share(remote, user, can_write=can_write)

    async def unshare(self, remote: RemotePath, user: str) -> None:
        """Take a share away.

        Raises:
            NotFound: There is no such user or file.
            Refused: There is no such share, or the file is not the user's to share.
        """
        await self._change_share(remote, user, is_deleting=True)

    async def set_public(self, remote: RemotePath, *, is_public: bool) -> None:
        """Let everybody read and write a file, or only its owner and whom it is shared with.

        Raises:
            NotFound: There is no such file.
            Refused: It is not the user's to share; or the manager does not know the extension
                `organise`.
        """
        path, name = split_remote(remote)
        packet = c2s.SetPublic(path=path, name=name, is_public=is_public)
        await self._order_for_file(remote, packet)

    async def access_of(self, remote: RemotePath) -> FileAccess:
        """Who may use a file; for its owner, and for everybody when it belongs to nobody.

        Raises:
            NotFound: There is no such file.
            Refused: It is not the user's to share; or the manager does not know the extension
                `organise`.
        """
        path, name = split_remote(remote)
        packet = c2s.ShareListRequest(path=path, name=name)
        async with self._about_file(remote):
            return listing.to_file_access(await self._link.question(packet, s2c.ShareList))

    async def transfer_ownership(
        self,
        remote: RemotePath,
        user: str,
        *,
        delete_shares: bool = False,
        keep_access: bool = False,
    ) -> None:
        """Give a file to another user.

        Args:
            remote: Full path of the file.
            user: Name of the new owner.
            delete_shares: Take all shares away.
            keep_access: Share the file with who gives it, for reading and writing.

        Raises:
            NotFound: There is no such file or user.
            Refused: The file is not the user's to give away.
        """
        file = await listing.find_file(self._link, *split_remote(remote))
        packet = c2s.TransferOwnership(
            file_id=file.id,
            target_user_id=(await self.find_user(user)).id,
            delete_file_shares=delete_shares,
            create_share_for_current_owner=keep_access,
        )
        await self._link.order(packet)

    async def signed_link(self, remote: RemotePath) -> str:
        """An address that downloads the file without an account; `create_link` has options.

        Everybody who has the address can read the file: treat it as a secret. It ends when the file gets
        other content, and after the time that the manager is configured for, unless it is asked for again.

        Raises:
            NotFound: There is no such file.
            Forbidden: The user may not share it, or has too many links.
        """
        file = await listing.find_file(self._link, *split_remote(remote))
        answer = await self._link.question(
            c2s.SignedDownloadRequest(file_id=file.id), s2c.SignedDownload
        )
        if answer.payload is None:
            raise Forbidden(f"{remote}: you have no right to share this file, or too many links")
        return self._api.signed_url(answer.payload)

    async def _change_share(
        self,
        remote: RemotePath,
        user: str,
        *,
        can_write: bool | None = None,
        is_deleting: bool | None = None,
    ) -> None:
        path, name = split_remote(remote)
        packet = c2s.FileShare(
            path=path,
            name=name,
            target_user=(await self.find_user(user)).id,
            can_write=can_write,
            is_deleting=is_deleting,
        )
        await self._order_for_file(remote, packet)


RemovalCallback = Callable[[int], None]
"""Called with the number of files of a user that remain."""


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
                yield listing.to_account(account)
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
        """Raises `Forbidden` for users who are no administrators; refusals have no code for that."""
        try:
            yield
        except Refused as error:
            you = (await self._api.status()).you
            if you is None or you.is_admin:
                raise
            raise Forbidden(error.reason) from error
