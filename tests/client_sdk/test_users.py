"""What administrators do with users, at a manager that runs; lost answers, at a scripted one."""

import pytest

from client_sdk import Client, Ownership
from client_sdk.errors import Forbidden, InvalidInput, NotFound, NotLoggedIn, Refused, ReplyTimeout
from protocol import c2s, generic, s2c
from tests.client_sdk.running import PASSWORD


async def arrived(alice: Client, tokens: dict[str, str], url: str, name: str) -> Client:
    """A client of a new user."""
    await alice.register(name, PASSWORD, admin_token=tokens["alice"])
    return Client(url, await alice.login(name, PASSWORD))


async def test_users_are_listed_with_what_they_own(alice: Client, bob: Client) -> None:
    """All of them, or those with a part of the name, in whatever case."""
    await bob.upload(b"12345", "/listed.txt")
    listed = {each.name: each async for each in alice.list_users()}
    assert (listed["alice"].is_admin, listed["bob"].is_admin) == (True, False)
    assert (listed["bob"].file_count, listed["bob"].total_size) == (1, 5)
    assert [each.name async for each in alice.list_users("BO")] == ["bob", "bobby"]
    assert await alice.find_account("Bob") == listed["bob"]
    with pytest.raises(NotFound):
        await alice.find_account("bo")
    with pytest.raises(InvalidInput):
        await alice.find_account("b b")


async def test_others_than_administrators_are_told_so(bob: Client) -> None:
    """Whatever they ask for, and nothing happens."""
    with pytest.raises(Forbidden):
        [each async for each in bob.list_users()]
    with pytest.raises(Forbidden):
        await bob.set_user_password("carl", "another horse")
    with pytest.raises(Forbidden):
        await bob.set_role("bob", is_admin=True)
    with pytest.raises(Forbidden):
        await bob.remove_user("carl", delete_files=True)


async def test_a_password_is_set(alice: Client, tokens: dict[str, str], cloud_url: str) -> None:
    """The old logins end, and the new password is good; the own one is changed otherwise."""
    async with await arrived(alice, tokens, cloud_url, "dora") as dora:
        await alice.set_user_password("dora", "another horse")
        with pytest.raises(NotLoggedIn):
            await dora.status()
    assert await alice.login("dora", "another horse")
    with pytest.raises(InvalidInput) as caught:
        await alice.set_user_password("dora", "short")
    assert "short" not in str(caught.value).split()
    with pytest.raises(Refused, match="present one"):
        await alice.set_user_password("alice", "another horse")


async def test_a_role_is_given_and_taken_but_for_the_last_administrator(
    alice: Client, bob: Client
) -> None:
    """It counts at once, also for connections that are open."""
    with pytest.raises(Refused, match="only administrator"):
        await alice.set_role("alice", is_admin=False)
    await alice.set_role("bob", is_admin=True)
    assert (await bob.find_account("BOB")).is_admin
    await alice.set_role("bob", is_admin=False)
    with pytest.raises(Forbidden):
        await bob.find_account("bob")
    with pytest.raises(NotFound):
        await alice.set_role("nobody", is_admin=True)


async def test_files_of_a_removed_user_are_given_or_deleted(
    alice: Client, bob: Client, tokens: dict[str, str], cloud_url: str
) -> None:
    """As was said, and the user is gone; the name is free."""
    async with await arrived(alice, tokens, cloud_url, "erik") as erik:
        await erik.upload(b"words", "/given.txt")
        told: list[int] = []
        await alice.remove_user("ERIK", heir="bob", progress=told.append)
    assert told[-1] == 0
    assert (await bob.find_file("/given.txt")).ownership is Ownership.OWNED
    with pytest.raises(NotFound):
        await alice.find_account("erik")
    async with await arrived(alice, tokens, cloud_url, "erik") as erik:
        await erik.upload(b"words", "/deleted.txt")
        await alice.remove_user("erik", delete_files=True)
    assert not await alice.exists("/deleted.txt")
    assert await alice.exists("/given.txt")


async def test_nothing_is_removed_without_a_word_about_the_files(
    alice: Client, tokens: dict[str, str], cloud_url: str
) -> None:
    """Neither is the user when the heir cannot be one."""
    async with await arrived(alice, tokens, cloud_url, "frank") as frank:
        await frank.upload(b"words", "/frank.txt")
        with pytest.raises(InvalidInput):
            await alice.remove_user("frank")
        with pytest.raises(InvalidInput):
            await alice.remove_user("frank", heir="alice", delete_files=True)
        with pytest.raises(InvalidInput, match="another user"):
            await alice.remove_user("frank", heir="FRANK")
        with pytest.raises(NotFound):
            await alice.remove_user("frank", heir="nobody")
        with pytest.raises(NotFound):
            await alice.remove_user("nobody", delete_files=True)
        assert (await frank.find_file("/frank.txt")).ownership is Ownership.OWNED
    with pytest.raises(Refused, match="another administrator"):
        await alice.remove_user("alice", delete_files=True)


class People:
    """The users of a scripted manager, of whose files one request takes at most two."""

    def __init__(self, manager, **files: int) -> None:
        self.accounts = [self.account(number, *each) for number, each in enumerate(files.items())]
        self.remaining = files["bob"]
        manager.on(c2s.UserListRequest, self.list)
        manager.on(c2s.UserRemove, self.remove)

    @staticmethod
    def account(number: int, name: str, files: int) -> s2c.Account:
        """A user with so many files of one byte."""
        return s2c.Account(
            id=number,
            name=name,
            is_admin=name == "alice",
            created_at="2026-01-01T00:00:00Z",
            file_count=files,
            total_size=files,
        )

    async def list(self, peer, frame, packet: c2s.UserListRequest) -> None:
        """Answers with a page of two users."""
        found = [each for each in self.accounts if (packet.query or "") in each.name]
        page = found[packet.page * 2 : packet.page * 2 + 2]
        listed = s2c.UserList(page=packet.page, page_size=2, total=len(found), users=tuple(page))
        await peer.send(listed, frame)

    async def remove(self, peer, frame, packet: c2s.UserRemove) -> None:
        """Takes some files, and in the end the user."""
        if packet.user_id not in {each.id for each in self.accounts}:
            refusal = generic.Boolean(success=False, message="there is no such user")
            await peer.send(refusal, frame)
            return
        self.remaining = max(0, self.remaining - 2)
        if self.remaining == 0:
            self.accounts = [each for each in self.accounts if each.id != packet.user_id]
        await peer.send(
            s2c.UserRemoval(user_id=packet.user_id, remaining_files=self.remaining), frame
        )


async def test_users_come_from_all_pages(manager, make_client) -> None:
    """However many there are, and without asking for a page too much."""
    People(manager, alice=0, bob=0, carl=0, dora=0)
    async with make_client() as client:
        assert [each.name async for each in client.list_users()] == ["alice", "bob", "carl", "dora"]
    assert manager.count(c2s.UserListRequest) == 2


async def test_a_removal_goes_on_until_no_file_remains(manager, make_client) -> None:
    """And tells how far it is."""
    People(manager, alice=0, bob=5)
    told: list[int] = []
    async with make_client() as client:
        await client.remove_user("bob", heir="alice", progress=told.append)
    assert told == [3, 1, 0]
    assert manager.count(c2s.UserRemove) == 3


async def test_a_removal_survives_lost_answers(manager, make_client) -> None:
    """Also that of the last answer, after which the manager knows no such user any more."""
    People(manager, alice=0, bob=3)
    async with make_client() as client:
        manager.lose(s2c.UserRemoval, 2)
        await client.remove_user("bob", delete_files=True)
        with pytest.raises(NotFound):
            await client.find_account("bob")


async def test_a_removal_that_is_never_answered_is_told(manager, make_client) -> None:
    """It may be going on, so it is not said to be done."""
    People(manager, alice=0, bob=99)
    manager.lose(s2c.UserRemoval, 99)
    async with make_client() as client:
        with pytest.raises(ReplyTimeout):
            await client.remove_user("bob", delete_files=True)
