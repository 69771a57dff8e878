"""The part of the port for quotas. The promises of `catalog.port` hold here as well.

What users store is counted in the transaction of every change of files, and a change by which a user would
store more than the user's quota is refused there with `QuotaExceeded`: `commit_upload`, `set_owner`, and
`release_files` for an heir. A user who stores too much, since the quota was lowered, may change all that does
not make it more. Files without owner count for nobody. An import refuses nothing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from catalog.records import StorageQuota, User, UserStorage


class UsageOrder(StrEnum):
    """By what a list of users is sorted."""

    NAME = "name"
    STORED = "stored"
    """Bytes, of files, trash and versions."""
    FILES = "files"
    QUOTA = "quota"
    """Bytes; no quota is the largest."""
    SEEN = "seen"
    """When the user was last logged in; never is the earliest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUsage:
    """What a user stores.

    Attributes:
        user: who.
        storage: what counts, of which `trash_bytes`, `trash_files` and `version_bytes` are part. What is
            temporary is not looked at, and 0.
        trash_bytes: of files in the trash, without their versions.
        trash_files: how many these are.
        version_bytes: of earlier content.
        seen_at: when a session or an app password of the user was last used, of those that there are; None
            without one.
    """

    user: User
    storage: UserStorage
    trash_bytes: int
    trash_files: int
    version_bytes: int
    seen_at: float | None


class QuotaStore(Protocol):
    """What users may store, and what they do."""

    async def set_quota(self, user_id: int, quota: StorageQuota) -> None:
        """Another quota, also if the user stores more already. Raises `UserMissing`."""

    async def user_usages(
        self, *, order: UsageOrder, ascending: bool, offset: int, limit: int
    ) -> list[UserUsage]:
        """What users store, in an order; ties are broken by name. The effort is that of all users."""

    async def user_storage(self, user_id: int) -> UserStorage | None:
        """What the user may store, and does; None for a user who is not there."""
