"""The promises of `SigningKeyStore`."""

import asyncio

import pytest

from catalog.errors import CatalogError
from catalog.records import DERIVED_KEY_ID, SealedSigningKey


def key(number: int, *, signs_from: float = 100.5) -> SealedSigningKey:
    """One of several keys, with bytes that are easily lost."""
    return SealedSigningKey(
        key_id=bytes([number]) * 4, signs_from=signs_from, sealed=b"\x00\xff\n" + bytes([number])
    )


DERIVED = SealedSigningKey(key_id=DERIVED_KEY_ID, signs_from=0.0, sealed=None)


async def test_a_new_catalog_begins_with_one_key(catalog):
    """Without users nothing was signed before; a second first key changes nothing."""
    assert await catalog.list_signing_keys() == []
    await catalog.begin_signing_keys(key(1))
    await catalog.create_first_user("alice", "hash")
    await catalog.begin_signing_keys(key(2))
    assert await catalog.list_signing_keys() == [key(1)]


async def test_a_catalog_with_users_was_signed_for_by_an_earlier_release(catalog):
    """Then the key of earlier releases comes before the first one, and once only."""
    await catalog.create_first_user("alice", "hash")
    await catalog.begin_signing_keys(key(1))
    assert await catalog.list_signing_keys() == [DERIVED, key(1)]
    await catalog.drop_signing_keys([DERIVED_KEY_ID])
    await catalog.begin_signing_keys(key(2))
    assert await catalog.list_signing_keys() == [key(1)]


async def test_managers_that_start_together_share_the_first_key(catalog):
    """However many begin at once, one key wins."""
    await asyncio.gather(*(catalog.begin_signing_keys(key(number)) for number in range(1, 6)))
    assert len(await catalog.list_signing_keys()) == 1


async def test_keys_come_in_the_order_in_which_they_sign(catalog):
    """By time, then by id; a key that is there is not added again, nor changed."""
    later, early = key(1, signs_from=9.25), key(2, signs_from=3.0)
    for each in (later, key(3, signs_from=3.0), early, key(1, signs_from=1.0)):
        await catalog.add_signing_key(each, revokes_others=False)
    assert await catalog.list_signing_keys() == [early, key(3, signs_from=3.0), later]


async def test_revoking_leaves_the_new_key_alone(catalog):
    """Repeated after a lost answer it spares the keys that were added since."""
    await catalog.create_first_user("alice", "hash")
    await catalog.begin_signing_keys(key(1))
    await catalog.add_signing_key(key(2), revokes_others=True)
    assert await catalog.list_signing_keys() == [key(2)]
    await catalog.add_signing_key(key(3), revokes_others=False)
    await catalog.add_signing_key(key(2), revokes_others=True)
    assert await catalog.list_signing_keys() == [key(2), key(3)]


async def test_resealing_and_dropping(catalog):
    """Only the sealed bytes change; missing keys are no error, and that of earlier releases has none."""
    await catalog.create_first_user("alice", "hash")
    await catalog.begin_signing_keys(key(1))
    await catalog.reseal_signing_key(key(1).key_id, b"other\x00bytes")
    await catalog.reseal_signing_key(key(2).key_id, b"of no key")
    await catalog.reseal_signing_key(DERIVED_KEY_ID, b"of no secret")
    resealed = SealedSigningKey(key_id=key(1).key_id, signs_from=100.5, sealed=b"other\x00bytes")
    assert await catalog.list_signing_keys() == [DERIVED, resealed]
    await catalog.drop_signing_keys([])
    await catalog.drop_signing_keys([DERIVED_KEY_ID, key(2).key_id])
    assert await catalog.list_signing_keys() == [resealed]


async def test_a_key_without_a_secret_is_refused(catalog):
    """Only the key of earlier releases has none."""
    with pytest.raises(CatalogError):
        await catalog.add_signing_key(
            SealedSigningKey(key_id=b"\x01" * 4, signs_from=1.0, sealed=None), revokes_others=False
        )
    assert await catalog.list_signing_keys() == []
