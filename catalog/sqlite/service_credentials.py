"""With what our own services log in."""

import json
from collections.abc import Collection
from uuid import UUID

from catalog.errors import ServiceCredentialTaken
from catalog.records import ServiceCredential
from catalog.rows import service_credential_of
from catalog.sqlite.database import SqlitePart
from catalog.sqlite.statements import sql


class SqliteServiceCredentials(SqlitePart):
    """`ServiceCredentialStore` on SQLite."""

    async def add_service_credential(self, credential: ServiceCredential) -> ServiceCredential:
        """Adds a credential, unless it is there. Raises `ServiceCredentialTaken`."""
        claimed = {
            "name": credential.name,
            "kind": credential.kind.value,
            "secret_hash": credential.secret_hash,
        }
        async with self._database.writing() as session:
            await session.run(
                sql.insert_service_credential,
                id=credential.id.bytes,
                created_at=credential.created_at,
                **claimed,
            )
            row = await session.row(sql.same_service_credential, **claimed)
        if row is None:
            raise ServiceCredentialTaken(
                f"a credential named {credential.name!r} is in force, or its secret was used before"
            )
        return service_credential_of(row)

    async def list_service_credentials(self) -> list[ServiceCredential]:
        """All credentials, revoked ones too, by name, then oldest first."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.list_service_credentials)
        return [service_credential_of(row) for row in rows]

    async def revoke_service_credential(self, name: str) -> bool:
        """Ends the credential of that name. False when none was in force."""
        async with self._database.writing() as session:
            row = await session.row(sql.revoke_service_credential, name=name, now=self._clock())
        return row is not None

    async def note_service_credentials_used(self, ids: Collection[UUID]) -> None:
        """Notes that these were used now."""
        listed = json.dumps([each.hex for each in ids])
        async with self._database.writing() as session:
            await session.run(sql.note_service_credentials_used, ids=listed, now=self._clock())
