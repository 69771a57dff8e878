"""Users."""

from catalog.account_port import AccountPage
from catalog.records import NO_QUOTA, StorageQuota, User
from catalog.rows import account_of, user_of
from catalog.supabase.client import SupabasePart


class SupabaseAccounts(SupabasePart):
    """`AccountStore` on Supabase."""

    async def setup_code(self, proposed: str) -> str | None:
        """The code that was proposed first; None once there is a user."""
        kept = await self._functions.write("setup_code", proposed=proposed)
        return None if kept is None else str(kept["code"])

    async def create_first_user(self, name: str, password_hash: str) -> User:
        """Creates the administrator. Raises `AlreadyClaimed` when any user exists."""
        row = await self._functions.write(
            "create_first_user", name=name, password_hash=password_hash, now=self._clock()
        )
        return user_of(row)

    async def create_user(
        self,
        name: str,
        password_hash: str,
        *,
        is_admin: bool = False,
        quota: StorageQuota = NO_QUOTA,
    ) -> User:
        """Creates a user. Raises `UserExists`."""
        row = await self._functions.write(
            "create_user",
            name=name,
            password_hash=password_hash,
            is_admin=is_admin,
            quota_bytes=quota.bytes,
            quota_files=quota.files,
            now=self._clock(),
        )
        return user_of(row)

    async def user_by_name(self, name: str) -> User | None:
        """The user of that name, regardless of case, or None."""
        row = await self._functions.read("user_by_name", name=name)
        return None if row is None else user_of(row)

    async def user_by_id(self, user_id: int) -> User | None:
        """The user with that id, or None."""
        row = await self._functions.read("user_by_id", user_id=user_id)
        return None if row is None else user_of(row)

    async def set_password(
        self, user_id: int, password_hash: str, *, epoch: int | None = None
    ) -> User:
        """Also raises the token epoch by one. Raises `UserMissing`, `PasswordChanged`."""
        row = await self._functions.write(
            "set_password", user_id=user_id, password_hash=password_hash, epoch=epoch
        )
        return user_of(row)

    async def replace_password_hash(self, user_id: int, *, previous: str, renewed: str) -> None:
        """Another hash of the same password, unless the user has another hash by now."""
        await self._functions.write(
            "replace_password_hash", user_id=user_id, previous=previous, renewed=renewed
        )

    async def lock_user(self, user_id: int) -> User:
        """Takes role and password. Raises `UserMissing`, `LastAdministrator`."""
        return user_of(await self._functions.write("lock_user", user_id=user_id))

    async def search_users(self, query: str, *, limit: int) -> list[User]:
        """Users whose name contains `query`, those that start with it first, then by name."""
        rows = await self._functions.read("search_users", query=query, limit=limit)
        return [user_of(row) for row in rows]

    async def list_accounts(self, *, query: str = "", offset: int, limit: int) -> AccountPage:
        """Users whose name contains `query`, by name, each with what it owns."""
        page = await self._functions.read("list_accounts", query=query, offset=offset, limit=limit)
        accounts = tuple(account_of(row) for row in page["accounts"])
        return AccountPage(accounts=accounts, total=page["total"])

    async def set_role(self, user_id: int, *, is_admin: bool) -> User:
        """Another role. Raises `UserMissing`, `LastAdministrator`."""
        row = await self._functions.write("set_role", user_id=user_id, is_admin=is_admin)
        return user_of(row)

    async def remove_user(self, user_id: int) -> None:
        """Deletes a user. Raises `UserHasFiles`, `LastAdministrator`."""
        await self._functions.write("remove_user", user_id=user_id)
