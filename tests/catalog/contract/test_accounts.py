"""The promises of `AccountStore`."""

import asyncio
from dataclasses import replace

import pytest

from catalog.errors import AlreadyClaimed, PasswordChanged, UserExists, UserMissing


async def test_first_user_is_administrator(catalog, clock):
    """The first user is an administrator with epoch 0, and is found by id and by name."""
    user = await catalog.create_first_user("Ann", "hash")
    assert (user.name, user.is_admin, user.token_epoch, user.created_at) == (
        "Ann",
        True,
        0,
        clock(),
    )
    assert await catalog.user_by_id(user.id) == user
    assert await catalog.user_by_name("aNN") == user


async def test_the_setup_code_is_the_first_that_was_proposed(backend):
    """Whoever asks, at once or after a restart, hears the same code as long as there is no user."""
    async with backend.open() as catalog:
        codes = await asyncio.gather(*(catalog.setup_code(f"code {each}") for each in range(5)))
        assert len(set(codes)) == 1
        assert codes[0] in {f"code {each}" for each in range(5)}
    async with backend.open() as catalog:
        assert await catalog.setup_code("another code") == codes[0]


async def test_the_setup_code_is_forgotten_with_the_first_user(catalog):
    """However that is made, and also when all users are gone: the next code is a new one."""
    assert await catalog.setup_code("first") == "first"
    user = await catalog.create_user("ann", "hash")
    assert await catalog.setup_code("second") is None
    await catalog.remove_user(user.id)
    assert await catalog.setup_code("third") == "third"


async def test_second_first_user_is_refused(catalog):
    """Once there is a user, nobody can claim the manager, and nothing is written."""
    await catalog.create_user("ann", "hash")
    with pytest.raises(AlreadyClaimed):
        await catalog.create_first_user("bob", "hash 2")
    assert await catalog.user_by_name("bob") is None


async def test_of_two_first_users_at_once_one_wins(catalog):
    """Of two simultaneous claims exactly one succeeds."""
    answers = await asyncio.gather(
        catalog.create_first_user("ann", "hash a"),
        catalog.create_first_user("bob", "hash b"),
        return_exceptions=True,
    )
    assert sorted(isinstance(answer, AlreadyClaimed) for answer in answers) == [False, True]
    assert len(await catalog.search_users("", limit=9)) == 1


async def test_names_are_unique_without_regard_to_case(catalog):
    """A name that differs in case only is taken."""
    await catalog.create_user("Ann", "hash")
    with pytest.raises(UserExists):
        await catalog.create_user("aNN", "other")


async def test_repeated_creation_is_the_same_user(catalog):
    """A call repeated after a lost answer gives the user that it made."""
    first = await catalog.create_first_user("ann", "salted a")
    assert await catalog.create_first_user("ann", "salted a") == first
    second = await catalog.create_user("bob", "salted b", is_admin=False)
    assert await catalog.create_user("bob", "salted b", is_admin=False) == second
    with pytest.raises(UserExists):
        await catalog.create_user("bob", "salted b", is_admin=True)


async def test_another_hash_of_the_same_password_ends_no_login(catalog):
    """The epoch stays, whatever the user has otherwise; the same call again changes nothing."""
    user = await catalog.create_first_user("ann", "old parameters")
    for _ in range(2):
        await catalog.replace_password_hash(user.id, previous="old parameters", renewed="new ones")
        assert await catalog.user_by_id(user.id) == replace(user, password_hash="new ones")


async def test_another_hash_does_not_bring_an_old_password_back(catalog):
    """Who got another password, or was locked out, while it was hashed anew keeps that."""
    user = await catalog.create_first_user("ann", "hash")
    changed = await catalog.set_password(user.id, "hash of another password")
    await catalog.replace_password_hash(user.id, previous="hash", renewed="hash anew")
    assert await catalog.user_by_id(user.id) == changed
    await catalog.replace_password_hash(user.id + 1, previous="hash", renewed="hash anew")
    assert await catalog.user_by_id(user.id + 1) is None


async def test_new_password_raises_the_epoch_once(catalog):
    """A new password raises the epoch by one; the same call again changes nothing."""
    user = await catalog.create_user("ann", "old")
    changed = await catalog.set_password(user.id, "new")
    assert (changed.password_hash, changed.token_epoch) == ("new", user.token_epoch + 1)
    assert await catalog.set_password(user.id, "new") == changed


async def test_of_two_new_passwords_in_place_of_one_the_first_counts(catalog):
    """Who looked at the password before somebody else changed it is refused, but not who asks again."""
    user = await catalog.create_user("ann", "old")
    changed = await catalog.set_password(user.id, "new", epoch=user.token_epoch)
    with pytest.raises(PasswordChanged):
        await catalog.set_password(user.id, "other", epoch=user.token_epoch)
    assert await catalog.set_password(user.id, "new", epoch=user.token_epoch) == changed
    assert await catalog.user_by_id(user.id) == changed


async def test_password_of_nobody(catalog):
    """A password for an unknown user is refused."""
    with pytest.raises(UserMissing):
        await catalog.set_password(99, "hash")


async def test_search_puts_prefixes_first(catalog):
    """Names that start with the query come first, then those that contain it, each by name."""
    for name in ("Hanna", "anna", "Joanna", "Andy", "bob"):
        await catalog.create_user(name, "hash")
    found = await catalog.search_users("AN", limit=10)
    assert [user.name for user in found] == ["Andy", "anna", "Hanna", "Joanna"]
    assert len(await catalog.search_users("an", limit=2)) == 2


@pytest.mark.parametrize("query", ["%", "_", "'", "\\"])
async def test_search_takes_the_query_literally(catalog, query):
    """Characters that mean something in SQL match only themselves."""
    await catalog.create_user("ann", "hash")
    assert await catalog.search_users(query, limit=10) == []
