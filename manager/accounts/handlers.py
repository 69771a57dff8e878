"""Handles what clients ask about other users, and what administrators do with them."""

from catalog.account_port import Account, AccountStore
from manager.accounts.administration import UserAdministration
from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.files.conversion import timestamp
from protocol import c2s, generic, s2c
from protocol.values import PAGE_SIZE

MAX_RESULTS = 100


class AccountHandlers:
    """The handlers of packets about users."""

    def __init__(self, catalog: AccountStore, administration: UserAdministration) -> None:
        self._catalog = catalog
        self._administration = administration

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.UserSearchRequest: self.search_users,
            c2s.UserListRequest: self.list_users,
            c2s.UserPasswordSet: self.set_password,
            c2s.UserRoleSet: self.set_role,
            c2s.UserRemove: self.remove_user,
        }

    async def search_users(self, _: ClientRequest, packet: c2s.UserSearchRequest) -> s2c.UserSearch:
        """Users whose name contains the query, those that start with it first."""
        users = await self._catalog.search_users(packet.query, limit=MAX_RESULTS)
        results = tuple(s2c.UserHandle(id=user.id, name=user.name) for user in users)
        return s2c.UserSearch(success=True, results=results)

    async def list_users(self, request: ClientRequest, packet: c2s.UserListRequest) -> s2c.UserList:
        """A page of the users, with the number and size of their files."""
        found = await self._administration.list_accounts(
            request.client.user, query=packet.query or "", page=packet.page
        )
        return s2c.UserList(
            page=packet.page,
            page_size=PAGE_SIZE,
            total=found.total,
            users=tuple(_account(account) for account in found.accounts),
        )

    async def set_password(
        self, request: ClientRequest, packet: c2s.UserPasswordSet
    ) -> generic.Boolean:
        """Sets the password of another user."""
        await self._administration.set_password(
            request.client.user, packet.user_id, packet.password
        )
        return generic.Boolean(success=True)

    async def set_role(self, request: ClientRequest, packet: c2s.UserRoleSet) -> generic.Boolean:
        """Sets the role of a user."""
        await self._administration.set_role(
            request.client.user, packet.user_id, is_admin=packet.is_admin
        )
        return generic.Boolean(success=True)

    async def remove_user(self, request: ClientRequest, packet: c2s.UserRemove) -> s2c.UserRemoval:
        """Does a part of removing a user; the reply says how much is left."""
        remaining = await self._administration.remove(
            request.client.user, packet.user_id, packet.heir_id
        )
        return s2c.UserRemoval(user_id=packet.user_id, remaining_files=remaining)


def _account(account: Account) -> s2c.Account:
    user = account.user
    return s2c.Account(
        id=user.id,
        name=user.name,
        is_admin=user.is_admin,
        created_at=timestamp(user.created_at),
        file_count=account.file_count,
        total_size=account.total_size,
    )
