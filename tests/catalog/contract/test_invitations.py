"""The promises of `InvitationStore`."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from catalog.errors import (
    GroupMissing,
    InvalidRecord,
    InvitationMissing,
    UserExists,
    UserMissing,
)
from catalog.invitation_port import Invitation
from catalog.records import StorageQuota


@pytest.fixture
async def admin(catalog):
    """Who invites."""
    return await catalog.create_first_user("alice", "hash")


@pytest.fixture
def invite(catalog, admin, clock):
    """Makes an invitation."""

    async def make(**others: Any) -> Invitation:
        invitation_id = uuid4()
        facts = {"expires_at": clock() + 100.5, "created_by": admin.id} | others
        invitation = Invitation(
            id=invitation_id, token_hash=invitation_id.bytes * 2, created_at=clock(), **facts
        )
        await catalog.create_invitation(invitation)
        return invitation

    return make


async def test_an_invitation_is_found_as_it_was_made(catalog, invite, clock):
    """By its hash, every field of it, and among all, the newest first; made again, it stays as it is."""
    group = await catalog.create_group("guests")
    full = await invite(
        label="für Öma", quota=StorageQuota(bytes=5, files=2), group_ids=(group.id,), max_uses=3
    )
    clock.advance(1)
    bare = await invite(expires_at=None)
    for each in (full, bare):
        assert await catalog.invitation_by_hash(each.token_hash) == each
    await catalog.create_invitation(replace(full, label="other"))
    assert await catalog.list_invitations() == [bare, full]
    assert await catalog.invitation_by_hash(b"\x00" * 32) is None


async def test_an_invitation_needs_what_it_names(catalog, invite):
    """An administrator and groups that are there, and values that one may have."""
    with pytest.raises(UserMissing):
        await invite(created_by=4711)
    with pytest.raises(GroupMissing):
        await invite(group_ids=(4711,))
    with pytest.raises(InvalidRecord):
        await invite(max_uses=0)
    assert await catalog.list_invitations() == []


async def test_who_is_invited_becomes_a_user(catalog, invite):
    """With the quota and in the groups of the invitation; repeated, the answer is the same."""
    groups = [await catalog.create_group(name) for name in ("a", "b", "gone")]
    quota = StorageQuota(bytes=5, files=2)
    made = await invite(quota=quota, group_ids=tuple(each.id for each in groups))
    await catalog.remove_group(groups[2].id)
    for _ in range(2):
        user = await catalog.create_invited_user(made.token_hash, "bob", "$argon2$b")
        assert (user.name, user.is_admin, user.password_hash) == ("bob", False, "$argon2$b")
    assert user == await catalog.user_by_name("bob")
    assert (await catalog.user_storage(user.id)).quota == quota
    assert [each.name for each in await catalog.groups_of(user.id)] == ["a", "b"]
    assert [each.uses for each in await catalog.list_invitations()] == [1]
    with pytest.raises(InvitationMissing):
        await catalog.create_invited_user(made.token_hash, "carl", "$argon2$c")
    assert await catalog.user_by_name("carl") is None


async def test_a_taken_name_uses_nothing_up(catalog, invite):
    """The invited person chooses another one."""
    made = await invite()
    with pytest.raises(UserExists):
        await catalog.create_invited_user(made.token_hash, "ALICE", "$argon2$b")
    assert await catalog.invitation_by_hash(made.token_hash) == made


async def test_so_many_register_and_no_more(catalog, invite):
    """However many come at once."""
    made = await invite(max_uses=3)
    outcomes = await asyncio.gather(
        *(
            catalog.create_invited_user(made.token_hash, f"user{number}", f"$argon2${number}")
            for number in range(6)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, InvitationMissing) for each in outcomes) == 3
    assert [each.uses for each in await catalog.list_invitations()] == [3]


async def test_invitations_end(catalog, admin, invite, clock):
    """When they expire or are revoked, and while who made them is no administrator."""
    expiring, revoked = await invite(expires_at=clock() + 5), await invite()
    assert await catalog.revoke_invitation(uuid4(), at=clock()) is None
    for later in (0, 5):
        ended = await catalog.revoke_invitation(revoked.id, at=clock() + later)
        assert ended == replace(revoked, revoked_at=clock())
    other = await catalog.create_user("root", "hash", is_admin=True)
    lasting = await invite(created_by=other.id)
    clock.advance(5)
    await catalog.set_role(other.id, is_admin=False)
    for each in (expiring, revoked, lasting):
        assert await catalog.invitation_by_hash(each.token_hash) is None
        with pytest.raises(InvitationMissing):
            await catalog.create_invited_user(each.token_hash, "bob", "$argon2$b")
    await catalog.set_role(other.id, is_admin=True)
    assert await catalog.invitation_by_hash(lasting.token_hash) == lasting
    await catalog.remove_user(other.id)
    assert [each.created_by for each in await catalog.list_invitations()] == [admin.id] * 2
