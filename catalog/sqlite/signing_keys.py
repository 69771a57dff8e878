"""The keys that sign tokens, tickets and links."""

import json
from collections.abc import Collection

from catalog.records import SealedSigningKey
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, write
from catalog.sqlite.statements import sql


class SqliteSigningKeys(SqlitePart):
    """`SigningKeyStore` on SQLite."""

    @read
    def list_signing_keys(self, session: Session) -> list[SealedSigningKey]:
        """All keys by the time from which they sign, then by id."""
        rows = session.rows(sql.list_signing_keys)
        return [SealedSigningKey(**dict(row)) for row in rows]

    @write
    def begin_signing_keys(self, session: Session, first: SealedSigningKey) -> None:
        """Adds the first key, unless there is any; before it that of earlier releases."""
        session.run(sql.insert_first_signing_key, **_parameters_of(first))

    @write
    def add_signing_key(
        self, session: Session, key: SealedSigningKey, *, revokes_others: bool
    ) -> None:
        """Adds a key; with `revokes_others` it deletes all others. No change if the key is there."""
        added = session.row(sql.insert_signing_key, **_parameters_of(key))
        if added is not None and revokes_others:
            session.run(sql.delete_other_signing_keys, key_id=key.key_id)

    @write
    def reseal_signing_key(self, session: Session, key_id: bytes, sealed: bytes) -> None:
        """Replaces what a key is sealed as. No change if the key is gone."""
        session.run(sql.reseal_signing_key, key_id=key_id, sealed=sealed)

    @write
    def drop_signing_keys(self, session: Session, key_ids: Collection[bytes]) -> None:
        """Deletes these keys; those that are gone are no error."""
        ids = json.dumps([key_id.hex() for key_id in key_ids])
        session.run(sql.delete_signing_keys, key_ids=ids)


def _parameters_of(key: SealedSigningKey) -> dict[str, object]:
    return {"key_id": key.key_id, "signs_from": key.signs_from, "sealed": key.sealed}
