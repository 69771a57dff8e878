"""The keys that sign tokens, tickets and links."""

from collections.abc import Collection

from catalog.records import SealedSigningKey
from catalog.supabase.client import SupabasePart
from catalog.supabase.rows import Row


class SupabaseSigningKeys(SupabasePart):
    """`SigningKeyStore` on Supabase."""

    async def list_signing_keys(self) -> list[SealedSigningKey]:
        """All keys by the time from which they sign, then by id."""
        return [_key_of(row) for row in await self._functions.read("list_signing_keys")]

    async def begin_signing_keys(self, first: SealedSigningKey) -> None:
        """Adds the first key, unless there is any; before it that of earlier releases."""
        await self._functions.write("begin_signing_keys", **_arguments_of(first))

    async def add_signing_key(self, key: SealedSigningKey, *, revokes_others: bool) -> None:
        """Adds a key; with `revokes_others` it deletes all others. No change if the key is there."""
        await self._functions.write(
            "add_signing_key", **_arguments_of(key), revokes_others=revokes_others
        )

    async def reseal_signing_key(self, key_id: bytes, sealed: bytes) -> None:
        """Replaces what a key is sealed as. No change if the key is gone."""
        await self._functions.write("reseal_signing_key", key_id=key_id.hex(), sealed=sealed.hex())

    async def drop_signing_keys(self, key_ids: Collection[bytes]) -> None:
        """Deletes these keys; those that are gone are no error."""
        await self._functions.write(
            "drop_signing_keys", key_ids=[key_id.hex() for key_id in key_ids]
        )


def _arguments_of(key: SealedSigningKey) -> Row:
    return {
        "key_id": key.key_id.hex(),
        "signs_from": key.signs_from,
        "sealed": key.sealed and key.sealed.hex(),
    }


def _key_of(row: Row) -> SealedSigningKey:
    return SealedSigningKey(
        key_id=bytes.fromhex(row["key_id"]),
        signs_from=float(row["signs_from"]),
        sealed=None if row["sealed"] is None else bytes.fromhex(row["sealed"]),
    )
