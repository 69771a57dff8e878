"""Which master keys have sealed the content."""

from collections.abc import Collection, Mapping

from catalog.supabase.part import SupabasePart


class SupabaseMasterKeys(SupabasePart):
    """`MasterKeyStore` on Supabase."""

    async def note_master_key(self, key_id: bytes) -> None:
        """New content is sealed with this key from now on."""
        await self._functions.write("note_master_key", key_id=key_id.hex(), now=self._clock())

    async def content_of_missing_keys(self, configured: Collection[bytes]) -> Mapping[bytes, int]:
        """How many stored objects were sealed with each key that is not one of these."""
        found = await self._functions.read(
            "content_of_missing_keys", configured=[key_id.hex() for key_id in configured]
        )
        return {bytes.fromhex(key_id): objects for key_id, objects in found.items()}
