"""The port for the number that several managers find in the catalog when they do not hear of one another."""

from typing import Protocol


class LeaseFence(Protocol):
    """The number in the catalog. All managers see one order of what is read and written."""

    async def raise_lease_fence(self, number: int) -> None:
        """Leases up to that number end unless their manager is heard of; a lower number changes nothing.

        Raises `CatalogUnavailable`.
        """

    async def lease_fence(self) -> int:
        """Up to which number leases end unless their manager is heard of. Raises `CatalogUnavailable`."""
