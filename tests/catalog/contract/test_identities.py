"""The promises of `IdentityStore`."""

import asyncio

import pytest

from catalog.errors import IdentityTaken, UserMissing
from catalog.identity_port import Identity

ISSUER = "https://login.example/realms/ü"


def identity(user_id: int, subject: str = "Sub\u2028ject") -> Identity:
    """Somebody at a provider."""
    return Identity(issuer=ISSUER, subject=subject, user_id=user_id, created_at=3.5)


async def test_an_identity_is_that_of_one_user(catalog):
    """Issuer and subject together, exactly; linking it again to the same user changes nothing."""
    alice = await catalog.create_first_user("alice", "hash")
    bob = await catalog.create_user("bob", "hash")
    await asyncio.gather(*(catalog.link_identity(identity(alice.id)) for _ in range(3)))
    assert await catalog.user_by_identity(ISSUER, "Sub\u2028ject") == alice
    assert await catalog.user_by_identity(ISSUER, "sub\u2028ject") is None
    assert await catalog.user_by_identity(ISSUER + "/", "Sub\u2028ject") is None
    with pytest.raises(IdentityTaken):
        await catalog.link_identity(identity(bob.id))
    with pytest.raises(UserMissing):
        await catalog.link_identity(identity(bob.id + 1, "other"))
    assert await catalog.identities_of(alice.id) == [identity(alice.id)]
    assert await catalog.identities_of(bob.id) == []


async def test_a_link_ends(catalog):
    """When it is deleted, or with its user; then another user may have it."""
    alice = await catalog.create_first_user("alice", "hash")
    bob = await catalog.create_user("bob", "hash")
    for subject in ("b", "a"):
        await catalog.link_identity(identity(bob.id, subject))
    assert [each.subject for each in await catalog.identities_of(bob.id)] == ["a", "b"]
    assert await catalog.unlink_identity(ISSUER, "a")
    assert not await catalog.unlink_identity(ISSUER, "a")
    await catalog.remove_user(bob.id)
    await catalog.link_identity(identity(alice.id, "b"))
    assert await catalog.user_by_identity(ISSUER, "b") == alice
