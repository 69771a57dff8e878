"""With what our own services log in."""

from collections.abc import Collection
from uuid import UUID

from catalog.records import ServiceCredential
from catalog.rows import service_credential_of
from catalog.supabase.client import SupabasePart
from catalog.supabase.rows import text_of


class SupabaseServiceCredentials(SupabasePart):
    """`ServiceCredentialStore` on Supabase."""

    async def add_service_credential(self, credential: ServiceCredential) -> ServiceCredential:
        """Adds a credential, unless it is there. Raises `ServiceCredentialTaken`."""
        row = await self._functions.write(
            "add_service_credential",
            id=str(credential.id),
            name=credential.name,
            kind=credential.kind.value,
            secret_hash=text_of(credential.secret_hash),
            created_at=credential.created_at,
        )
        return service_credential_of(row)

    async def list_service_credentials(self) -> list[ServiceCredential]:
        """All credentials, revoked ones too, by name, then oldest first."""
        rows = await self._functions.read("list_service_credentials")
        return [service_credential_of(row) for row in rows]

    async def revoke_service_credential(self, name: str) -> bool:
        """Ends the credential of that name. False when none was in force."""
        is_revoked: bool = await self._change("revoke_service_credential", name=name)
        return is_revoked

    async def note_service_credentials_used(self, ids: Collection[UUID]) -> None:
        """Notes that these were used now."""
        await self._functions.write(
            "note_service_credentials_used", ids=[str(each) for each in ids], now=self._clock()
        )
