"""Signing keys in the catalog: made, shared by managers, rotated, revoked, and encrypted anew."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from catalog.errors import CatalogUnavailable
from catalog.sqlite.adapter import SqliteCatalog
from common.key_derivation import Purpose, derive_key, tag
from discord_emulator.testing import VirtualClock
from manager.audit.log import AuditLog
from manager.signing.keys import LEAD_S, REFRESH_S, SigningKeyKeeper, rotate_signing_key
from manager.signing.signatures import Signer, SigningKeyRing
from storage.errors import InvalidMasterKey
from storage.keys import KeyRing, MasterKey
from tests.manager.sockets.flaky import FlakyCatalog

LIFE_S = 1000.0
OLD, NEW = (MasterKey(bytes([number]) * 32) for number in (1, 2))


@dataclass
class Manager:
    """What a manager has of signing keys."""

    keeper: SigningKeyKeeper
    signer: Signer
    revocations: list[None] = field(default_factory=list)

    def sign(self) -> bytes:
        """A signature of `x`."""
        return self.signer.sign(b"x")

    def verifies(self, signature: bytes) -> bool:
        """Whether it is one of `x`."""
        return self.signer.verify(b"x", signature)


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock(1_800_000_000.0)


@pytest.fixture
async def catalog(tmp_path, clock):
    """A new catalog."""
    async with SqliteCatalog.open(tmp_path / "catalog.sqlite3", clock=clock) as catalog:
        yield catalog


def manager_of(catalog, clock, *keys: MasterKey) -> Manager:
    """A manager that has not started yet; its waits advance the clock."""

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        if clock() >= until:
            raise asyncio.CancelledError

    until = clock() + 2 * LIFE_S
    ring = SigningKeyRing({Purpose.USER_TOKENS: LIFE_S}, clock)
    revocations: list[None] = []
    keeper = SigningKeyKeeper(
        catalog,
        KeyRing(*(keys or (OLD,))),
        ring,
        clock,
        AuditLog(catalog, clock, keep_days=1),
        on_revocation=lambda: revocations.append(None),
        sleep=sleep,
    )
    return Manager(keeper, Signer(ring, Purpose.USER_TOKENS), revocations)


async def started(catalog, clock, *keys: MasterKey) -> Manager:
    """A manager that has read the keys."""
    manager = manager_of(catalog, clock, *keys)
    await manager.keeper.start()
    return manager


def forged() -> bytes:
    """What whoever has the master key can sign."""
    return tag(derive_key(OLD.secret, Purpose.USER_TOKENS), b"x")


async def test_two_managers_share_the_keys(catalog, clock):
    """They start together; what one has signed the other verifies, also around a rotation."""
    one, two = manager_of(catalog, clock), manager_of(catalog, clock)
    await asyncio.gather(one.keeper.start(), two.keeper.start())
    before = one.sign()
    assert two.verifies(before)
    await rotate_signing_key(catalog, KeyRing(OLD), now=clock(), revoke=False)
    await two.keeper.refresh()
    assert one.verifies(two.sign()), "nothing is signed with what another one may not know yet"
    clock.advance(REFRESH_S)
    await one.keeper.refresh()
    clock.advance(LEAD_S - REFRESH_S)
    after = two.sign()
    assert after[:4] != before[:4]
    assert one.verifies(after)
    assert two.verifies(before)
    assert (one.revocations, two.revocations) == ([], [])


async def test_a_replaced_key_is_dropped_by_itself(catalog, clock):
    """Once nothing is valid any more that it has signed; the running manager does it."""
    manager = await started(catalog, clock)
    signature = manager.sign()
    await rotate_signing_key(catalog, KeyRing(OLD), now=clock(), revoke=False)
    with suppress(asyncio.CancelledError):
        await manager.keeper.run()
    assert not manager.verifies(signature)
    [left] = await catalog.list_signing_keys()
    assert left.key_id == manager.sign()[:4] != signature[:4]
    assert manager.revocations == []


async def test_a_running_manager_notices_a_revocation(catalog, clock):
    """It refuses at once what the old keys have signed, and says so once."""
    manager = await started(catalog, clock)
    signature = manager.sign()
    await rotate_signing_key(catalog, KeyRing(OLD), now=clock(), revoke=True)
    with suppress(asyncio.CancelledError):
        await manager.keeper.run()
    assert not manager.verifies(signature)
    assert manager.verifies(manager.sign())
    assert manager.revocations == [None]


async def test_the_manager_goes_on_while_the_catalog_is_away(catalog, clock):
    """With the keys that it has; it finds new ones when the catalog is back."""
    flaky = FlakyCatalog(catalog)
    manager = await started(flaky, clock)
    before = manager.sign()
    await rotate_signing_key(catalog, KeyRing(OLD), now=clock(), revoke=False)
    flaky.before["list_signing_keys"] = 3
    flaky.before["drop_signing_keys"] = 1
    with suppress(asyncio.CancelledError):
        await manager.keeper.run()
    assert flaky.failed["list_signing_keys"] == 3
    assert manager.sign()[:4] != before[:4]


async def test_a_catalog_that_is_away_at_the_start_is_an_error(catalog, clock):
    """Whoever starts the manager waits; what was written by then is used."""
    flaky = FlakyCatalog(catalog)
    flaky.after["begin_signing_keys"] = 1
    manager = manager_of(flaky, clock)
    with pytest.raises(CatalogUnavailable):
        await manager.keeper.start()
    await manager.keeper.start()
    assert len(await catalog.list_signing_keys()) == 1


async def test_whoever_has_the_master_key_can_sign_nothing(catalog, clock):
    """In a new catalog never; in one of an earlier release until what that has signed is over."""
    assert not (await started(catalog, clock)).verifies(forged())


async def test_what_an_earlier_release_has_signed_is_valid_for_its_time(catalog, clock):
    """Counted from the first start; a restart does not begin it anew."""
    await catalog.create_first_user("alice", "hash")
    assert (await started(catalog, clock)).verifies(forged())
    clock.advance(LIFE_S - 1.0)
    manager = await started(catalog, clock)
    assert manager.verifies(forged())
    clock.advance(1.0)
    assert not manager.verifies(forged())
    assert not (await started(catalog, clock)).verifies(forged())


async def test_revoking_ends_what_an_earlier_release_has_signed(catalog, clock):
    """At once, and for good; also before the first start."""
    await catalog.create_first_user("alice", "hash")
    await rotate_signing_key(catalog, KeyRing(OLD), now=clock(), revoke=True)
    assert not (await started(catalog, clock)).verifies(forged())


async def test_a_rotation_may_come_before_the_first_start(catalog, clock):
    """Then it makes the first key."""
    await catalog.create_first_user("alice", "hash")
    key = await rotate_signing_key(catalog, KeyRing(OLD), now=clock(), revoke=False)
    manager = await started(catalog, clock)
    assert manager.sign()[:4] == key.key_id
    assert manager.verifies(forged())


async def test_rotating_twice_at_once_gives_two_keys_in_order(catalog, clock):
    """The later one signs in the end."""
    manager = await started(catalog, clock)
    for _ in range(2):
        last = await rotate_signing_key(catalog, KeyRing(OLD), now=clock(), revoke=False)
    clock.advance(LEAD_S + 1.0)
    await manager.keeper.refresh()
    assert manager.sign()[:4] == last.key_id


async def test_the_catalog_has_no_secret_in_the_clear(catalog, clock):
    """What is stored differs from manager to manager and opens with the master key only."""
    manager = await started(catalog, clock)
    [key] = await catalog.list_signing_keys()
    assert key.sealed is not None
    assert len(key.sealed) == 4 + 12 + 32 + 16
    ring = SigningKeyRing({Purpose.USER_TOKENS: LIFE_S}, clock)
    audit = AuditLog(catalog, clock, keep_days=1)
    thief = SigningKeyKeeper(catalog, KeyRing(NEW), ring, clock, audit, on_revocation=lambda: None)
    with capture_logs() as logs:
        await thief.start()
        await thief.refresh()
    assert {entry["event"] for entry in logs} == {"audit", "signing-key-unreadable"}
    assert not manager.verifies(Signer(ring, Purpose.USER_TOKENS).sign(b"x"))


async def test_a_sealed_key_is_worth_nothing_in_another_place(catalog, clock):
    """Neither under another id nor damaged."""
    await started(catalog, clock)
    [key] = await catalog.list_signing_keys()
    await rotate_signing_key(catalog, KeyRing(OLD), now=clock(), revoke=True)
    [other] = await catalog.list_signing_keys()
    await catalog.reseal_signing_key(other.key_id, key.sealed)
    manager = await started(catalog, clock)
    assert manager.sign()[:4] not in {key.key_id, other.key_id}
    await catalog.reseal_signing_key(other.key_id, key.sealed[:10])
    await started(catalog, clock)


async def test_master_keys_can_be_rotated_and_the_old_one_dropped(catalog, clock):
    """The start with a new master key in front encrypts the signing keys with it; running managers go on."""
    running = await started(catalog, clock)
    signature = running.sign()
    assert (await started(catalog, clock, NEW, OLD)).verifies(signature)
    await running.keeper.refresh()
    assert running.verifies(signature)
    assert running.revocations == []
    assert (await started(catalog, clock, NEW)).verifies(signature)


async def test_a_lost_master_key_ends_what_was_signed(catalog, clock):
    """The log says so, the manager runs with a new signing key, and a further start keeps that."""
    signature = (await started(catalog, clock)).sign()
    with capture_logs() as logs:
        manager = await started(catalog, clock, NEW)
    assert {entry["event"] for entry in logs} == {"audit", "signing-key-unreadable"}
    assert not manager.verifies(signature)
    assert (await started(catalog, clock, NEW)).verifies(manager.sign())


async def test_a_rotation_with_a_foreign_master_key_changes_nothing(catalog, clock):
    """No manager could use its key."""
    await started(catalog, clock)
    before = await catalog.list_signing_keys()
    for revoke in (False, True):
        with pytest.raises(InvalidMasterKey):
            await rotate_signing_key(catalog, KeyRing(NEW), now=clock(), revoke=revoke)
    assert await catalog.list_signing_keys() == before
