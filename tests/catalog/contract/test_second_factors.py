"""The promises of `FactorStore`."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from catalog.errors import CredentialTaken, TooManyFactors, UserMissing
from catalog.factor_port import Factor, FactorKind, SecondFactors


def totp(user_id: int, *, created_at: float = 5.25) -> Factor:
    """A factor with bytes that are easily lost."""
    return Factor(
        id=uuid4(),
        user_id=user_id,
        kind=FactorKind.TOTP,
        label="Telefon \U0001f600",
        credential_id=None,
        key=b"\x00\xff\n\\x",
        counter=0,
        created_at=created_at,
        last_used_at=None,
    )


def passkey(user_id: int, credential_id: bytes = b"\x00\\x\xff") -> Factor:
    """A factor of the other kind."""
    return replace(
        totp(user_id), kind=FactorKind.PASSKEY, credential_id=credential_id, key=b"\xa5\x01"
    )


@pytest.fixture
async def user_id(catalog):
    """A user without a factor."""
    return (await catalog.create_first_user("alice", "hash")).id


async def test_a_user_begins_without(catalog, user_id):
    """Neither a new user nor a missing one has anything."""
    nothing = SecondFactors(factors=(), recovery_codes=0, is_demanded=False)
    assert await catalog.second_factors_of(user_id) == nothing
    assert await catalog.second_factors_of(user_id + 1) == nothing


async def test_factors_come_back_as_they_were(catalog, user_id):
    """The oldest first; one that is added again by the same id is not added twice."""
    younger, older, key = totp(user_id), totp(user_id, created_at=1.0), passkey(user_id)
    key = replace(key, created_at=9.0)
    for factor in (younger, older, key, replace(older, label="other")):
        await catalog.add_factor(factor, limit=3)
    assert (await catalog.second_factors_of(user_id)).factors == (older, younger, key)
    assert await catalog.factor_by_credential(b"\x00\\x\xff") == key
    assert await catalog.factor_by_credential(b"\x00\\x") is None


async def test_what_cannot_be_added(catalog, user_id):
    """One of a missing user, one too many, and a passkey that somebody has."""
    with pytest.raises(UserMissing):
        await catalog.add_factor(totp(user_id + 1), limit=3)
    await catalog.add_factor(passkey(user_id), limit=1)
    with pytest.raises(TooManyFactors, match="1 second factor"):
        await catalog.add_factor(totp(user_id), limit=1)
    other = await catalog.create_user("bob", "hash")
    with pytest.raises(CredentialTaken):
        await catalog.add_factor(passkey(other.id), limit=3)
    assert len((await catalog.second_factors_of(user_id)).factors) == 1


async def test_a_counter_is_used_once(catalog, user_id):
    """Of several uses at once one succeeds; what it notes is the counter and the time."""
    factor = totp(user_id)
    await catalog.add_factor(factor, limit=1)
    used = await asyncio.gather(
        *(
            catalog.use_factor(factor.id, previous=0, counter=7, used_at=10.5 + number)
            for number in range(4)
        )
    )
    assert sorted(used) == [False, False, False, True]
    (after,) = (await catalog.second_factors_of(user_id)).factors
    assert after == replace(factor, counter=7, last_used_at=10.5 + used.index(True))
    assert not await catalog.use_factor(uuid4(), previous=0, counter=1, used_at=1.0)


async def test_the_last_factor_takes_the_recovery_codes_along(catalog, user_id):
    """A factor of somebody else is not removed."""
    first, second = totp(user_id), passkey(user_id)
    for factor in (first, second):
        await catalog.add_factor(factor, limit=2)
    await catalog.replace_recovery_codes(user_id, [bytes(32)])
    assert not await catalog.remove_factor(user_id + 1, first.id)
    assert await catalog.remove_factor(user_id, first.id)
    assert not await catalog.remove_factor(user_id, first.id)
    assert (await catalog.second_factors_of(user_id)).recovery_codes == 1
    assert await catalog.remove_factor(user_id, second.id)
    assert (await catalog.second_factors_of(user_id)).recovery_codes == 0


async def test_recovery_codes_work_once(catalog, user_id):
    """New ones replace the earlier ones."""
    codes = [bytes([number]) * 32 for number in range(3)]
    await catalog.replace_recovery_codes(user_id, [b"\xff" * 32])
    await catalog.replace_recovery_codes(user_id, codes)
    assert not await catalog.use_recovery_code(user_id, b"\xff" * 32)
    assert not await catalog.use_recovery_code(user_id + 1, codes[0])
    used = await asyncio.gather(*(catalog.use_recovery_code(user_id, codes[0]) for _ in range(3)))
    assert sorted(used) == [False, False, True]
    assert (await catalog.second_factors_of(user_id)).recovery_codes == 2
    with pytest.raises(UserMissing):
        await catalog.replace_recovery_codes(user_id + 1, codes)


async def test_a_reset_leaves_the_demand(catalog, user_id):
    """Factors and codes are gone; what an administrator demands is demanded until it is not."""
    await catalog.add_factor(totp(user_id), limit=1)
    await catalog.replace_recovery_codes(user_id, [bytes(32)])
    for _ in range(2):
        await catalog.demand_factor(user_id, is_demanded=True)
    await catalog.reset_factors(user_id)
    found = await catalog.second_factors_of(user_id)
    assert found == SecondFactors(factors=(), recovery_codes=0, is_demanded=True)
    await catalog.demand_factor(user_id, is_demanded=False)
    assert not (await catalog.second_factors_of(user_id)).is_demanded
    with pytest.raises(UserMissing):
        await catalog.demand_factor(user_id + 1, is_demanded=True)


async def test_a_challenge_is_spent_once(catalog, clock):
    """Until it has expired; then it is forgotten, since nobody can answer it any more."""
    challenge = UUID(bytes=b"\xff" * 16)
    expires_at = clock() + 60
    spent = await asyncio.gather(
        *(catalog.spend_challenge(challenge, expires_at=expires_at) for _ in range(3))
    )
    assert sorted(spent) == [False, False, True]
    clock.advance(60)
    assert await catalog.spend_challenge(challenge, expires_at=clock() + 60)


async def test_resealing(catalog, user_id):
    """Only secrets that are encrypted are listed and replaced."""
    secret, key = totp(user_id), passkey(user_id)
    for factor in (secret, key):
        await catalog.add_factor(factor, limit=2)
    assert await catalog.totp_factors() == [secret]
    for factor_id in (secret.id, key.id, uuid4()):
        await catalog.reseal_factor(factor_id, b"other\x00bytes")
    assert await catalog.totp_factors() == [replace(secret, key=b"other\x00bytes")]
    assert await catalog.factor_by_credential(key.credential_id) == key


async def test_all_goes_with_the_user(catalog, user_id):
    """A removed user leaves nothing behind, and the passkey may be enrolled by another one."""
    bob = await catalog.create_user("bob", "hash")
    await catalog.add_factor(passkey(bob.id), limit=1)
    await catalog.replace_recovery_codes(bob.id, [bytes(32)])
    await catalog.demand_factor(bob.id, is_demanded=True)
    await catalog.remove_user(bob.id)
    assert await catalog.factor_by_credential(b"\x00\\x\xff") is None
    assert not (await catalog.second_factors_of(bob.id)).is_demanded
    await catalog.add_factor(passkey(user_id), limit=1)
