"""What other services hold, the keys that let them in, and what was made from objects."""

import json
from uuid import UUID

from catalog.records import ApiKey, Reference, View
from catalog.supabase.part import SupabasePart
from catalog.supabase.rows import Row, bytes_of, object_of, reference_of, text_of, time_of


class SupabaseReferences(SupabasePart):
    """`ReferenceStore` on Supabase."""

    async def create_reference(self, reference: Reference) -> None:
        """Adds a reference of another service. Raises `ReferenceElsewhere`, `ObjectMissing`."""
        await self._functions.write(
            "create_reference",
            object_id=str(reference.object_id),
            service=reference.service,
            key=reference.key,
            expires_at=reference.expires_at,
            now=self._clock(),
        )

    async def release_reference(self, service: str, key: str) -> bool:
        """Removes the reference of that key. False when there was none."""
        released: bool = await self._change("release_reference", service=service, key=key)
        return released

    async def references_of(
        self, service: str, *, after: str | None, limit: int
    ) -> list[Reference]:
        """A service's references by key, those after a key."""
        rows = await self._functions.read(
            "references_of", service=service, after=after or "", limit=limit, now=self._clock()
        )
        return [reference_of(row) for row in rows]

    async def references_on(self, object_id: UUID) -> list[Reference]:
        """All live references to an object, by service and key."""
        rows = await self._functions.read(
            "references_on", object_id=str(object_id), now=self._clock()
        )
        return [reference_of(row) for row in rows]


class SupabaseKeys(SupabasePart):
    """`KeyStore` on Supabase."""

    async def create_key(self, name: str, key_hash: bytes, *, created_by: int) -> ApiKey:
        """Lets a service in. Raises `KeyNameTaken`, `UserMissing`."""
        row = await self._functions.write(
            "create_key",
            name=name,
            key_hash=text_of(key_hash),
            created_by=created_by,
            now=self._clock(),
        )
        return _key_of(row)

    async def key_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """The key in force with that hash."""
        row = await self._functions.read("key_by_hash", key_hash=text_of(key_hash))
        return None if row is None else _key_of(row)

    async def revoke_key(self, name: str) -> bool:
        """Ends the key of that name. False when none was in force."""
        revoked: bool = await self._change("revoke_key", name=name)
        return revoked

    async def list_keys(self) -> list[ApiKey]:
        """All keys, revoked ones too, by name, then oldest first."""
        return [_key_of(row) for row in await self._functions.read("list_keys")]


class SupabaseViews(SupabasePart):
    """`ViewStore` on Supabase."""

    async def put_view(self, object_id: UUID, name: str, view_object_id: UUID) -> None:
        """Makes a stored object the view of that name. Raises `ObjectMissing`."""
        await self._functions.write(
            "put_view", object_id=str(object_id), name=name, view_object_id=str(view_object_id)
        )

    async def views_of(self, object_id: UUID) -> list[View]:
        """The views of an object, by name."""
        rows = await self._functions.read("views_of", object_id=str(object_id))
        return [
            View(
                object_id=UUID(row["object_id"]),
                name=row["name"],
                content=object_of(row["content"]),
            )
            for row in rows
        ]

    async def metadata_of(self, object_id: UUID) -> dict[str, object] | None:
        """What processing found out about an object, None before that."""
        answer = await self._functions.read("metadata_of", object_id=str(object_id))
        if answer is None:
            return None
        metadata: dict[str, object] = json.loads(answer["text"])
        return metadata


def _key_of(row: Row) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["service"],
        key_hash=bytes_of(row["key_hash"]) or b"",
        created_by=row["created_by"],
        created_at=float(row["created_at"]),
        revoked_at=time_of(row["revoked_at"]),
    )
