"""The keys that sign tokens, tickets and links."""

import json
from collections.abc import Collection

from catalog.records import SealedSigningKey
from catalog.sqlite.database import SqlitePart
from catalog.sqlite.statements import sql


class SqliteSigningKeys(SqlitePart):
    """`SigningKeyStore` on SQLite."""

    async def list_signing_keys(self) -> list[SealedSigningKey]:
        """All keys by the time from which they sign, then by id."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.list_signing_keys)
        return [SealedSigningKey(**dict(row)) for row in rows]

    async def begin_signing_keys(self, first: SealedSigningKey) -> None:
        """Adds the first key, unless there is any; before it that of earlier releases."""
        async with self._database.writing() as session:
            await session.run(sql.insert_first_signing_key, **_parameters_of(first))

    async def add_signing_key(self, key: SealedSigningKey, *, revokes_others: bool) -> None:
        """Adds a key; with `revokes_others` it deletes all others. No change if the key is there."""
        async with self._database.writing() as session:
            added = await session.row(sql.insert_signing_key, **_parameters_of(key))
            if added is not None and revokes_others:
                await session.run(sql.delete_other_signing_keys, key_id=key.key_id)

    async def reseal_signing_key(self, key_id: bytes, sealed: bytes) -> None:
        """Replaces what a key is sealed as. No change if the key is gone."""
        async with self._database.writing() as session:
            await session.run(sql.reseal_signing_key, key_id=key_id, sealed=sealed)

    async def drop_signing_keys(self, key_ids: Collection[bytes]) -> None:
        """Deletes these keys; those that are gone are no error."""
        ids = json.dumps([key_id.hex() for key_id in key_ids])
        async with self._database.writing() as session:
            await session.run(sql.delete_signing_keys, key_ids=ids)


def _parameters_of(key: SealedSigningKey) -> dict[str, object]:
    return {"key_id": key.key_id, "signs_from": key.signs_from, "sealed": key.sealed}
