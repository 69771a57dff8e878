"""The promises of `SessionStore` and `AppPasswordStore`."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from catalog.errors import (
    AppPasswordNameTaken,
    FolderMissing,
    TooManyAppPasswords,
    UserMissing,
)
from catalog.records import AppPassword, LoginSession

LIFE_S = 1000.0


@pytest.fixture
async def user(catalog):
    """A user."""
    return await catalog.create_first_user("alice", "hash")


@pytest.fixture
def begin(catalog, clock, user):
    """Begins a login of the user."""

    async def begin(device="laptop", *, limit=9, life_s=LIFE_S, of=user) -> LoginSession:
        session = LoginSession(
            id=uuid4(),
            user_id=of.id,
            epoch=of.token_epoch,
            device=device,
            address="192.0.2.1",
            created_at=clock(),
            last_seen_at=clock(),
            expires_at=clock() + life_s,
            renewed_at=clock(),
        )
        session_ended = await catalog.add_session(session, limit=limit)
        assert session.id not in session_ended
        clock.advance(1.25)
        return session

    return begin


@pytest.fixture
def add(catalog, clock, user):
    """Adds an app password of the user, and answers it."""

    async def add(name="backup", *, limit=9, folder_id=None, life_s=None, secret=1) -> AppPassword:
        app_password = AppPassword(
            id=uuid4(),
            user_id=user.id,
            name=name,
            secret_hash=bytes([secret]) * 32,
            is_read_only=False,
            folder_id=folder_id,
            created_at=clock(),
            expires_at=None if life_s is None else clock() + life_s,
        )
        await catalog.add_app_password(app_password, limit=limit)
        return app_password

    return add


async def test_a_session_brings_its_user(catalog, user, begin):
    """One query answers with both; a repeated beginning changes nothing."""
    session = await begin()
    login = await catalog.session_login(session.id)
    assert (login.user, login.session) == (user, session)
    await catalog.add_session(replace(session, device="another"), limit=1)
    assert await catalog.sessions_of(user.id) == [session]
    assert await catalog.session_login(uuid4()) is None


async def test_a_session_ends_at_its_time(catalog, user, begin, clock):
    """Then nothing finds it, and the collector of rows deletes it."""
    session = await begin(life_s=10.0)
    lasting = await begin()
    assert await catalog.drop_ended_sessions(limit=9) == 0
    clock.advance(10.0)
    assert await catalog.session_login(session.id) is None
    assert await catalog.sessions_of(user.id) == [lasting]
    assert await catalog.live_sessions([session.id, lasting.id]) == {lasting.id}
    assert await catalog.renew_session(session.id, generation=0, leeway_s=60) is None
    assert await catalog.drop_ended_sessions(limit=9) == 1


async def test_another_password_ends_sessions_but_one(catalog, user, begin):
    """Only the session in which it was changed is carried over, and only from the epoch it had."""
    here, elsewhere = await begin("here"), await begin("elsewhere")
    changed = await catalog.set_password(user.id, "new hash")
    assert await catalog.live_sessions([here.id, elsewhere.id]) == set()
    epochs = {"from_epoch": user.token_epoch, "to_epoch": changed.token_epoch}
    await catalog.carry_session(here.id, **epochs)
    await catalog.carry_session(here.id, **epochs)
    login = await catalog.session_login(here.id)
    assert login.user == changed
    assert await catalog.session_login(elsewhere.id) is None
    await catalog.set_password(user.id, "newest hash")
    await catalog.carry_session(here.id, **epochs)
    assert await catalog.session_login(here.id) is None


async def test_the_number_of_sessions_is_limited(catalog, user, begin, clock):
    """The one seen least lately makes room; what has ended does not count."""
    first, second = await begin("first"), await begin("second")
    await catalog.touch_session(first.id, address="192.0.2.9", seen_at=clock())
    clock.advance(1)
    third = await begin("third", limit=2)
    assert [each.id for each in await catalog.sessions_of(user.id)] == [third.id, first.id]
    assert await catalog.session_login(second.id) is None


async def test_who_goes_for_a_session_is_answered(catalog, begin, clock):
    """So that their connections can be closed."""
    first = await begin()
    new = replace(first, id=uuid4(), last_seen_at=clock())
    assert await catalog.add_session(new, limit=1) == [first.id]


async def test_a_use_is_noted(catalog, begin, clock):
    """With its address; an older one that comes late changes nothing."""
    session = await begin()
    await catalog.touch_session(session.id, address="2001:db8::1", seen_at=clock())
    await catalog.touch_session(session.id, address="192.0.2.7", seen_at=clock() - 0.5)
    found = (await catalog.session_login(session.id)).session
    assert (found.address, found.last_seen_at) == ("2001:db8::1", clock())


async def test_renewing(catalog, begin, clock):
    """Each generation is good once; for a while the last one is answered again without a change."""
    session = await begin()
    renewed = await catalog.renew_session(session.id, generation=0, leeway_s=60)
    assert (renewed.session.generation, renewed.session.renewed_at) == (1, clock())
    clock.advance(59)
    again = await catalog.renew_session(session.id, generation=0, leeway_s=60)
    assert again == renewed
    assert (await catalog.renew_session(session.id, generation=1, leeway_s=60)) is not None


@pytest.mark.parametrize("generation", [0, 5])
async def test_a_generation_used_again_ends_the_session(catalog, begin, clock, generation):
    """It was stolen, from whoever has the other copy."""
    session = await begin()
    await catalog.renew_session(session.id, generation=0, leeway_s=60)
    clock.advance(60)
    assert await catalog.renew_session(session.id, generation=generation, leeway_s=60) is None
    assert await catalog.session_login(session.id) is None
    assert await catalog.renew_session(session.id, generation=1, leeway_s=60) is None


async def test_ending_sessions(catalog, user, begin):
    """One by one by their user, or all but one."""
    other = await catalog.create_user("bob", "hash")
    first, second, third = await begin(), await begin(), await begin()
    theirs = await begin(of=other)
    assert not await catalog.end_session(first.id, user_id=other.id)
    assert await catalog.end_session(first.id, user_id=user.id)
    assert not await catalog.end_session(first.id, user_id=user.id)
    assert await catalog.end_sessions_of(user.id, keep=third.id) == [second.id]
    assert await catalog.end_sessions_of(user.id, keep=None) == [third.id]
    assert await catalog.live_sessions([theirs.id]) == {theirs.id}


async def test_logins_need_their_user(catalog, user, begin, add):
    """There is none of a missing user, and they go with him."""
    await catalog.create_user("admin", "hash", is_admin=True)
    session = await begin()
    app_password = await add()
    await catalog.remove_user(user.id)
    assert await catalog.live_sessions([session.id]) == set()
    assert await catalog.app_passwords_of(user.id) == []
    with pytest.raises(UserMissing):
        await catalog.add_session(session, limit=9)
    with pytest.raises(UserMissing):
        await catalog.add_app_password(app_password, limit=9)


async def test_an_app_password_brings_its_user(catalog, user, add, clock):
    """Found by its hash alone; a repeated call adds nothing."""
    app_password = await add()
    await catalog.add_app_password(app_password, limit=1)
    found = await catalog.app_password_login(app_password.secret_hash)
    assert (found.user, found.app_password) == (user, app_password)
    assert await catalog.app_password_login(bytes(32)) is None
    await catalog.touch_app_password(app_password.id, used_at=clock())
    await catalog.touch_app_password(app_password.id, used_at=clock() - 1)
    [listed] = await catalog.app_passwords_of(user.id)
    assert listed == replace(app_password, last_used_at=clock())


async def test_names_and_numbers_of_app_passwords(catalog, user, add):
    """No two of a user have one name, and a user has so many at most."""
    await add("b", secret=1)
    with pytest.raises(AppPasswordNameTaken):
        await add("b", secret=2)
    await add("a", secret=3)
    with pytest.raises(TooManyAppPasswords):
        await add("c", secret=4, limit=2)
    assert [each.name for each in await catalog.app_passwords_of(user.id)] == ["a", "b"]


async def test_an_app_password_follows_its_folder(catalog, add):
    """Wherever the folder is moved, and to its end."""
    made = await catalog.make_folders(("a", "b"))
    target = await catalog.make_folders(("c",))
    app_password = await add(folder_id=made.folder.id)
    found = await catalog.app_password_login(app_password.secret_hash)
    assert found.app_password.folder == ("a", "b")
    await catalog.move_folder(made.folder.id, target.folder.id)
    [live] = await catalog.live_app_passwords([app_password.id])
    assert live.folder == ("c", "b")
    await catalog.delete_folder(target.folder.id)
    assert await catalog.app_password_login(app_password.secret_hash) is None
    with pytest.raises(FolderMissing):
        await add(folder_id=made.folder.id)


async def test_an_app_password_ends(catalog, user, add, clock):
    """At its time, which is still listed; by its user; and while the user is locked."""
    passing = await add("passing", life_s=10, secret=1)
    lasting = await add("lasting", secret=2)
    ids: list[UUID] = [passing.id, lasting.id]
    clock.advance(10)
    assert await catalog.app_password_login(passing.secret_hash) is None
    assert await catalog.live_app_passwords(ids) == [lasting]
    assert len(await catalog.app_passwords_of(user.id)) == 2
    other = await catalog.create_user("bob", "hash", is_admin=True)
    assert not await catalog.remove_app_password(passing.id, user_id=other.id)
    assert await catalog.remove_app_password(passing.id, user_id=user.id)
    assert not await catalog.remove_app_password(passing.id, user_id=user.id)
    await catalog.lock_user(user.id)
    assert await catalog.app_password_login(lasting.secret_hash) is None
    assert await catalog.live_app_passwords(ids) == []
