"""Credentials of our own services. The promises of `catalog.port` hold here as well."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from catalog.records import ServiceCredential


class ServiceCredentialStore(Protocol):
    """With what upload, processing and other services log in. Names are unique among those in force.

    The catalog has hashes alone. One hash is in one credential, also after that was revoked.
    """

    async def add_service_credential(self, credential: ServiceCredential) -> ServiceCredential:
        """Adds a credential, and answers it.

        If one in force has the same name, kind and hash, that is answered instead.
        Raises `ServiceCredentialTaken` for the name of another one, and for a hash that is known.
        """

    async def list_service_credentials(self) -> list[ServiceCredential]:
        """All credentials, revoked ones too, by name, then oldest first."""

    async def revoke_service_credential(self, name: str) -> bool:
        """Ends the credential of that name. False when none was in force."""

    async def note_service_credentials_used(self, ids: Collection[UUID]) -> None:
        """Notes that these were used now. No change for ids that are unknown."""
