"""The part of the port for signing keys. The promises of `catalog.port` hold here as well."""

from collections.abc import Collection
from typing import Protocol

from catalog.records import SealedSigningKey


class SigningKeyStore(Protocol):
    """The keys that sign tokens, tickets and links, sealed; all managers of the catalog share them."""

    async def list_signing_keys(self) -> list[SealedSigningKey]:
        """All keys by the time from which they sign, then by id."""

    async def begin_signing_keys(self, first: SealedSigningKey) -> None:
        """Adds the first key. No change if there is any.

        If there is a user, an earlier release has signed for this catalog; then the row of
        `DERIVED_KEY_ID` is added as well, which signs from 0.
        """

    async def add_signing_key(self, key: SealedSigningKey, *, revokes_others: bool) -> None:
        """Adds a key; with `revokes_others` it deletes all others. No change if the key is there."""

    async def reseal_signing_key(self, key_id: bytes, sealed: bytes) -> None:
        """Replaces what a key is sealed as. No change if the key is gone."""

    async def drop_signing_keys(self, key_ids: Collection[bytes]) -> None:
        """Deletes these keys; those that are gone are no error."""
