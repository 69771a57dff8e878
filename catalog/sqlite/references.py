"""What other services hold, and the keys that let them in."""

import sqlite3
from uuid import UUID

from catalog.errors import KeyNameTaken, ObjectIncomplete, ObjectMissing, ReferenceElsewhere
from catalog.records import ApiKey, Reference
from catalog.sqlite.accounts import require_user
from catalog.sqlite.database import Session
from catalog.sqlite.objects import put_reference, require_stored
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.rows import reference_of
from catalog.sqlite.statements import sql


class SqliteReferences(SqlitePart):
    """`ReferenceStore` on SQLite."""

    async def create_reference(self, reference: Reference) -> None:
        """Adds a reference of another service. Raises `ReferenceElsewhere`, `ObjectMissing`."""
        async with self._database.writing() as session:
            try:
                await require_stored(session, reference.object_id)
            except ObjectIncomplete as error:
                raise ObjectMissing(str(error)) from error
            await self._make_way(session, reference)
            await put_reference(session, reference)

    async def _make_way(self, session: Session, reference: Reference) -> None:
        """Drops a reference of the same key that is over. Raises `ReferenceElsewhere`."""
        key = {"service": reference.service, "key": reference.key}
        row = await session.row(sql.service_reference, **key)
        if row is None or row["object_id"] == reference.object_id.bytes:
            return
        if self._is_live(row):
            raise ReferenceElsewhere(UUID(bytes=row["object_id"]))
        await session.run(sql.delete_service_reference, **key)

    async def release_reference(self, service: str, key: str) -> bool:
        """Removes the reference of that key. False when there was none."""
        async with self._database.writing() as session:
            row = await session.row(sql.delete_service_reference, service=service, key=key)
        return row is not None and self._is_live(row)

    async def references_of(
        self, service: str, *, after: str | None, limit: int
    ) -> list[Reference]:
        """A service's references by key, those after a key."""
        async with self._database.reading() as session:
            rows = await session.rows(
                sql.service_references,
                service=service,
                after=after or "",
                limit=limit,
                now=self._clock(),
            )
        return [reference_of(row) for row in rows]

    async def references_on(self, object_id: UUID) -> list[Reference]:
        """All live references to an object, by service and key."""
        async with self._database.reading() as session:
            rows = await session.rows(
                sql.references_on, object_id=object_id.bytes, now=self._clock()
            )
        return [reference_of(row) for row in rows]

    def _is_live(self, row: sqlite3.Row) -> bool:
        return row["expires_at"] is None or row["expires_at"] > self._clock()


class SqliteKeys(SqlitePart):
    """`KeyStore` on SQLite."""

    async def create_key(self, name: str, key_hash: bytes, *, created_by: int) -> ApiKey:
        """Lets a service in. Raises `KeyNameTaken`, `UserMissing`."""
        async with self._database.writing() as session:
            await require_user(session, created_by)
            row = await session.row(
                sql.insert_key,
                name=name,
                key_hash=key_hash,
                created_by=created_by,
                now=self._clock(),
            )
            row = row or await session.row(sql.key_by_name, name=name)
        if row is None or row["key_hash"] != key_hash:
            raise KeyNameTaken(f"a key named {name!r} is in force")
        return _key_of(row)

    async def key_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """The key in force with that hash."""
        async with self._database.reading() as session:
            row = await session.row(sql.key_by_hash, key_hash=key_hash)
        return _key_of(row) if row else None

    async def revoke_key(self, name: str) -> bool:
        """Ends the key of that name. False when none was in force."""
        async with self._database.writing() as session:
            row = await session.row(sql.revoke_key, name=name, now=self._clock())
        return row is not None

    async def list_keys(self) -> list[ApiKey]:
        """All keys, revoked ones too, by name, then oldest first."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.list_keys)
        return [_key_of(row) for row in rows]


def _key_of(row: sqlite3.Row) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["service"],
        key_hash=row["key_hash"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
