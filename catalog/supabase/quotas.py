"""How much users may store. Triggers of the database count what they do, and refuse what is too much."""

from catalog.quota_port import UsageOrder, UserUsage
from catalog.records import StorageQuota, UserStorage
from catalog.rows import quota_of, usage_of
from catalog.supabase.client import SupabasePart


class SupabaseQuotas(SupabasePart):
    """`QuotaStore` on Supabase."""

    async def set_quota(self, user_id: int, quota: StorageQuota) -> None:
        """Another quota. Raises `UserMissing`."""
        await self._functions.write(
            "set_quota", user_id=user_id, bytes=quota.bytes, files=quota.files
        )

    async def user_usages(
        self, *, order: UsageOrder, ascending: bool, offset: int, limit: int
    ) -> list[UserUsage]:
        """What users store, in an order."""
        rows = await self._functions.read(
            "user_usages",
            order=order.value,
            direction=1 if ascending else -1,
            offset=offset,
            limit=limit,
        )
        return [usage_of(row) for row in rows]

    async def user_storage(self, user_id: int) -> UserStorage | None:
        """What the user may store, and does; None for a user who is not there."""
        row = await self._functions.read("user_storage", user_id=user_id, now=self._clock())
        if row is None:
            return None
        return UserStorage(
            quota=quota_of(row),
            used_bytes=row["used_bytes"],
            used_files=row["used_files"],
            temporary_bytes=row["temporary_bytes"],
            temporary_files=row["temporary_files"],
        )
