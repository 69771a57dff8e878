"""With what our own services log in."""

import json
from collections.abc import Collection
from uuid import UUID

from catalog.errors import ServiceCredentialTaken
from catalog.records import ServiceCredential
from catalog.rows import service_credential_of
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, write
from catalog.sqlite.statements import sql


class SqliteServiceCredentials(SqlitePart):
    """`ServiceCredentialStore` on SQLite."""

    @write
    def add_service_credential(
        self, session: Session, credential: ServiceCredential
    ) -> ServiceCredential:
        """Adds a credential, unless it is there. Raises `ServiceCredentialTaken`."""
        claimed = {
            "name": credential.name,
            "kind": credential.kind.value,
            "secret_hash": credential.secret_hash,
        }
        session.run(
            sql.insert_service_credential,
            id=credential.id.bytes,
            created_at=credential.created_at,
            **claimed,
        )
        row = session.row(sql.same_service_credential, **claimed)
        if row is None:
            raise ServiceCredentialTaken(
                f"a credential named {credential.name!r} is in force, or its secret was used before"
            )
        return service_credential_of(row)

    @read
    def list_service_credentials(self, session: Session) -> list[ServiceCredential]:
        """All credentials, revoked ones too, by name, then oldest first."""
        rows = session.rows(sql.list_service_credentials)
        return [service_credential_of(row) for row in rows]

    @write
    def revoke_service_credential(self, session: Session, name: str) -> bool:
        """Ends the credential of that name. False when none was in force."""
        row = session.row(sql.revoke_service_credential, name=name, now=self._clock())
        return row is not None

    @write
    def note_service_credentials_used(self, session: Session, ids: Collection[UUID]) -> None:
        """Notes that these were used now."""
        listed = json.dumps([each.hex for each in ids])
        session.run(sql.note_service_credentials_used, ids=listed, now=self._clock())
