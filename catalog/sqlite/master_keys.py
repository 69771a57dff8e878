"""Which master keys have sealed the content."""

import json
from collections.abc import Collection, Mapping

from catalog.sqlite.part import SqlitePart
from catalog.sqlite.statements import sql


class SqliteMasterKeys(SqlitePart):
    """`MasterKeyStore` on SQLite."""

    async def note_master_key(self, key_id: bytes) -> None:
        """New content is sealed with this key from now on."""
        async with self._database.writing() as session:
            await session.run(sql.note_master_key, key_id=key_id, now=self._clock())

    async def content_of_missing_keys(self, configured: Collection[bytes]) -> Mapping[bytes, int]:
        """How many stored objects were sealed with each key that is not one of these."""
        ids = json.dumps([key_id.hex() for key_id in configured])
        async with self._database.reading() as session:
            rows = await session.rows(sql.content_of_missing_keys, configured=ids)
        return {row["key_id"]: row["objects"] for row in rows}
