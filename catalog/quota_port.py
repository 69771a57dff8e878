"""The part of the port for quotas. The promises of `catalog.port` hold here as well.

What users store is counted in the transaction of every change of files, and a change by which a user would
store more than the user's quota is refused there with `QuotaExceeded`: `commit_upload`, `set_owner`, and
`release_files` for an heir. A user who stores too much, since the quota was lowered, may change all that does
not make it more. Files without owner count for nobody. An import refuses nothing.
"""

from typing import Protocol

from catalog.records import StorageQuota, UserStorage


class QuotaStore(Protocol):
    """What users may store, and what they do."""

    async def set_quota(self, user_id: int, quota: StorageQuota) -> None:
        """Another quota, also if the user stores more already. Raises `UserMissing`."""

    async def user_storage(self, user_id: int) -> UserStorage | None:
        """What the user may store, and does; None for a user who is not there."""
