"""Where signing keys come from: made at the first start, kept in the catalog, replaced by a rotation.

The catalog has them encrypted with a master key (`manager.signing.sealing`), so that a copy of the database
signs nothing; services, which receive a master key, do not see the catalog. All managers of a catalog share
the keys. A new one begins to sign `LEAD_S` after it was made: by then every manager has found it, so that
none refuses what another one has signed. After a rotation of master keys the first start encrypts them anew.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator

import structlog

from catalog.errors import CatalogError
from catalog.records import DERIVED_KEY_ID, SealedSigningKey
from catalog.signing_key_port import SigningKeyStore
from common.key_derivation import KEY_ID_SIZE, Purpose
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.error_texts import log_level
from manager.signing.sealing import seal, unseal
from manager.signing.signatures import SigningKey, SigningKeyRing
from storage.errors import InvalidMasterKey
from storage.keys import KeyRing, MasterKey

REFRESH_S = 30.0
"""Seconds between two looks at the catalog's keys."""
LEAD_S = 120.0
"""Seconds from a rotation to the time at which its key begins to sign."""
_SECRET_SIZE = 32

log = structlog.get_logger(__name__)


def new_signing_key(master: MasterKey, signs_from: float) -> SealedSigningKey:
    """A random key."""
    # It never begins with 0, as that of earlier releases does.
    key_id = bytes([1 + secrets.randbelow(255)]) + secrets.token_bytes(KEY_ID_SIZE - 1)
    sealed = seal(master, Purpose.SIGNING_KEYS, secrets.token_bytes(_SECRET_SIZE), key_id)
    return SealedSigningKey(key_id=key_id, signs_from=signs_from, sealed=sealed)


async def rotate_signing_key(
    catalog: SigningKeyStore, keyring: KeyRing, *, now: float, revoke: bool
) -> SealedSigningKey:
    """Adds a key, which signs `LEAD_S` from now on.

    With `revoke` all other keys are deleted, and it signs at once.

    Raises:
        InvalidMasterKey: It opens none of the catalog's keys.
        CatalogError: They cannot be read, or the new one not be written.
    """
    keys = await catalog.list_signing_keys()
    sealed = [key for key in keys if key.sealed is not None]
    if sealed and not any(_secret_of(keyring, key) for key in sealed):
        raise InvalidMasterKey(
            "this is not the master key that the manager of this catalog has: it opens no signing key"
        )
    if revoke or not keys:
        key = new_signing_key(keyring.primary, now)
    else:
        key = new_signing_key(keyring.primary, max(now + LEAD_S, keys[-1].signs_from + 1.0))
    if not keys and not revoke:
        await catalog.begin_signing_keys(key)
    else:
        await catalog.add_signing_key(key, revokes_others=revoke)
    return key


class SigningKeyKeeper:
    """Keeps a ring as the catalog has it."""

    def __init__(
        self,
        catalog: SigningKeyStore,
        keyring: KeyRing,
        ring: SigningKeyRing,
        clock: Callable[[], float],
        audit: AuditLog,
        *,
        on_revocation: Callable[[], None],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has the keys.
            keyring: Opens them.
            ring: Receives them.
            clock: Seconds since the epoch.
            audit: Records new keys.
            on_revocation: Called after keys were deleted before their time.
            sleep: Waits for seconds.
        """
        self._catalog = catalog
        self._keyring = keyring
        self._ring = ring
        self._clock = clock
        self._audit = audit
        self._on_revocation = on_revocation
        self._sleep = sleep
        # By id. What was opened once stays known: another manager may encrypt it with a newer master key.
        self._secrets = {DERIVED_KEY_ID: keyring.oldest.secret}
        self._unreadable: set[bytes] = set()

    async def run(self) -> None:
        """Follows the catalog, until cancelled."""
        while True:
            await self._sleep(REFRESH_S)
            try:
                await self.refresh()
                if over := self._ring.over():
                    await self._catalog.drop_signing_keys(over)
            except CatalogError as error:
                log.log(log_level(error), "signing-keys-not-read", code=error.code)

    async def start(self) -> None:
        """Reads the keys for the first time. Raises `CatalogError`."""
        await self.refresh()
        await self._reseal()

    async def refresh(self) -> None:
        """Reads the keys, and makes one if none can sign. Raises `CatalogError`."""
        now = self._clock()
        keys = await self._catalog.list_signing_keys()
        if not keys:
            first = new_signing_key(self._keyring.primary, now)
            await self._catalog.begin_signing_keys(first)
            keys = await self._catalog.list_signing_keys()
            if any(key.key_id == first.key_id for key in keys):
                self._record(first)
        opened = list(self._opened(keys))
        if not any(key.may_sign for key in opened):
            new = new_signing_key(self._keyring.primary, now)
            await self._catalog.add_signing_key(new, revokes_others=False)
            self._record(new)
            opened += self._opened([new])
        if revoked := self._ring.replace(opened):
            log.warning("signing-keys-revoked", key_ids=[key_id.hex() for key_id in revoked])
            self._on_revocation()

    def _record(self, key: SealedSigningKey) -> None:
        subject = key.key_id.hex()
        self._audit.record(AuditAction.SIGNING_KEY_MADE, actor=None, address=None, subject=subject)

    async def _reseal(self) -> None:
        """Encrypts the keys with the newest master key, so that an older one can go."""
        primary = self._keyring.primary
        for key in await self._catalog.list_signing_keys():
            secret = self._secrets.get(key.key_id)
            if key.sealed is None or secret is None or key.sealed.startswith(primary.key_id):
                continue
            sealed = seal(primary, Purpose.SIGNING_KEYS, secret, key.key_id)
            await self._catalog.reseal_signing_key(key.key_id, sealed)

    def _opened(self, keys: list[SealedSigningKey]) -> Iterator[SigningKey]:
        for key in keys:
            secret = self._secrets.get(key.key_id) or _secret_of(self._keyring, key)
            if secret is not None:
                self._secrets[key.key_id] = secret
                yield SigningKey.of(key.key_id, key.signs_from, secret, self._ring.purposes)
            elif key.key_id not in self._unreadable:
                self._unreadable.add(key.key_id)
                log.error(
                    "signing-key-unreadable",
                    key_id=key.key_id.hex(),
                    remedy="append the master key that encrypted it to MESSAGE_ENCRYPTION_KEY: "
                    "without it all that this key has signed is refused",
                )


def _secret_of(keyring: KeyRing, key: SealedSigningKey) -> bytes | None:
    return unseal(keyring, Purpose.SIGNING_KEYS, key.sealed or b"", key.key_id)
