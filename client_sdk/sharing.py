"""The client's part that lets others use files."""

from client_sdk import listing, wire
from client_sdk.core import ClientCore
from client_sdk.errors import Forbidden, NotFound
from client_sdk.models import FileAccess, User
from client_sdk.paths import RemotePath, split_remote
from client_sdk.people import clean_query, clean_username
from protocol import c2s, s2c


class Sharing(ClientCore):
    """Shares files, gives them away, and finds users. `Client` has the documentation."""

    async def search_users(self, query: str) -> list[User]:
        """Users whose name contains the query, those that start with it first; 100 at most.

        Raises:
            InvalidInput: The query is not made of letters and digits.
        """
        packet = c2s.UserSearchRequest(query=clean_query(query))
        found = await self._link.question(packet, s2c.UserSearch)
        return [wire.user(handle) for handle in found.results or ()]

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
            return wire.file_access(await self._link.question(packet, s2c.ShareList))

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
        """An address that downloads the file without an account, while its content stays.

        Whoever has the address can read the file: treat it as a secret.

        Raises:
            NotFound: There is no such file.
            Forbidden: The user may not read it.
        """
        file = await listing.find_file(self._link, *split_remote(remote))
        answer = await self._link.question(
            c2s.SignedDownloadRequest(file_id=file.id), s2c.SignedDownload
        )
        if answer.payload is None:
            raise Forbidden(f"{remote}: you have no right to read this file")
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
