"""The number up to which leases of webhooks end unless their manager is heard of."""

from catalog.supabase.client import SupabasePart


class SupabaseLeaseFence(SupabasePart):
    """`LeaseFence`, in a single row."""

    async def raise_lease_fence(self, number: int) -> None:
        """Raises it to that number at least."""
        await self._functions.write("raise_lease_fence", number=number)

    async def lease_fence(self) -> int:
        """The number."""
        return int(await self._functions.read("lease_fence"))
