"""How much users may store. Triggers count what they do."""

from catalog.errors import QuotaExceeded, UserMissing
from catalog.quota_port import UsageOrder, UserUsage
from catalog.records import StorageQuota, UserStorage
from catalog.rows import quota_of, usage_of
from catalog.service_port import USER_PREFIX
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, snapshot, write
from catalog.sqlite.statements import sql


def require_quota(
    session: Session, user_id: int | None, *, more_bytes: int, more_files: int = 0
) -> None:
    """Returns unless what was just written lets the user store too much. Raises `QuotaExceeded`.

    Args:
        session: The transaction that has written it.
        user_id: The owner of it; None: nobody, which is never too much.
        more_bytes: What the user stores more than before; what is not more is never too much.
        more_files: The same in files.
    """
    row = session.row(sql.stored_by_user, user_id=user_id)
    if row is None:
        return
    for name, more in (("bytes", more_bytes), ("files", more_files)):
        limit, needed = row[f"quota_{name}"], row[f"used_{name}"]
        if more > 0 and limit is not None and needed > limit:
            raise QuotaExceeded(name, limit=limit, needed=needed)


class SqliteQuotas(SqlitePart):
    """`QuotaStore` on SQLite."""

    @write
    def set_quota(self, session: Session, user_id: int, quota: StorageQuota) -> None:
        """Another quota. Raises `UserMissing`."""
        row = session.row(sql.set_quota, user_id=user_id, bytes=quota.bytes, files=quota.files)
        if row is None:
            raise UserMissing(f"there is no user {user_id}")

    @read
    def user_usages(
        self, session: Session, *, order: UsageOrder, ascending: bool, offset: int, limit: int
    ) -> list[UserUsage]:
        """What users store, in an order."""
        direction = 1 if ascending else -1
        rows = session.rows(
            sql.user_usages, order=order.value, direction=direction, offset=offset, limit=limit
        )
        return [usage_of(row) for row in rows]

    @snapshot
    def user_storage(self, session: Session, user_id: int) -> UserStorage | None:
        """What the user may store, and does; None for a user who is not there."""
        now, holder = self._clock(), f"{USER_PREFIX}{user_id}"
        user = session.row(sql.stored_by_user, user_id=user_id)
        tickets = session.row(sql.open_tickets, holder=holder, now=now)
        held = session.row(sql.temporary_bytes, holder=holder, now=now)
        kept = session.row(sql.kept_upload_totals, owner_id=user_id, now=now)
        if user is None or tickets is None or held is None or kept is None:
            return None
        return UserStorage(
            quota=quota_of(user),
            used_bytes=user["used_bytes"],
            used_files=user["used_files"],
            temporary_bytes=tickets["bytes"] + held["bytes"] + kept["size"],
            temporary_files=tickets["tickets"] + held["files"] + kept["uploads"],
        )
