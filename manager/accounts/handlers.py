"""Other users: finding them, and what administrators do with them."""

from catalog.account_port import Account
from manager.context import ClientContext
from manager.files.conversion import timestamp
from protocol import c2s, generic, s2c
from protocol.values import PAGE_SIZE

MAX_RESULTS = 100


async def search_users(context: ClientContext, packet: c2s.UserSearchRequest) -> s2c.UserSearch:
    """Users whose name contains the query, those that start with it first."""
    users = await context.parts.catalog.search_users(packet.query, limit=MAX_RESULTS)
    results = tuple(s2c.UserHandle(id=user.id, name=user.name) for user in users)
    return s2c.UserSearch(success=True, results=results)


async def list_users(context: ClientContext, packet: c2s.UserListRequest) -> s2c.UserList:
    """A page of the users, with what they own."""
    found = await context.parts.administration.list_accounts(
        context.client.user, query=packet.query or "", page=packet.page
    )
    return s2c.UserList(
        page=packet.page,
        page_size=PAGE_SIZE,
        total=found.total,
        users=tuple(_account(account) for account in found.accounts),
    )


async def set_password(context: ClientContext, packet: c2s.UserPasswordSet) -> generic.Boolean:
    """Another password for another user."""
    await context.parts.administration.set_password(
        context.client.user, packet.user_id, packet.password
    )
    return generic.Boolean(success=True)


async def set_role(context: ClientContext, packet: c2s.UserRoleSet) -> generic.Boolean:
    """Another role for a user."""
    await context.parts.administration.set_role(
        context.client.user, packet.user_id, is_admin=packet.is_admin
    )
    return generic.Boolean(success=True)


async def remove_user(context: ClientContext, packet: c2s.UserRemove) -> s2c.UserRemoval:
    """Some of the work that removing a user is."""
    remaining = await context.parts.administration.remove(
        context.client.user, packet.user_id, packet.heir_id
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
