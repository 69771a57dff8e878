"""The extension `administer`: users as administrators see, change and remove them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from manager.accounts.credentials import Passwords
from protocol import s2u
from protocol.extensions import ADMINISTER
from tests.manager.frontend import Frontend
from tests.manager.sockets.peers import client_query
from tests.manager.sockets.stage import PASSWORD
from tests.manager.world import World

Administrator = Callable[[], Awaitable[Frontend]]
NEW = "new battery staple"


@pytest.fixture
def administrator(world: World) -> Administrator:
    """Connects a client with the extension, whose user is administrator."""

    async def connect(name: str = "root") -> Frontend:
        user = await world.user(name)
        await world.catalog.set_role(user.id, is_admin=True)
        query = {**client_query(await world.stage.token(name)), "extensions": ADMINISTER}
        frontend = Frontend(await world.socket(query), user, extension=ADMINISTER)
        assert await frontend.next("generic:primitives") == {"string_value": ADMINISTER}
        return frontend

    return connect


async def logs_in(world: World, name: str, password: str) -> bool:
    """Whether a user can log in with a password."""
    async with world.session.post(
        f"{world.stage.url}/login", json={"username": name, "password": password}
    ) as response:
        return response.status == 200


async def is_closed(frontend: Frontend) -> bool:
    """Waits for the end of a connection."""
    async with asyncio.timeout(10):
        async for _ in frontend.socket:
            pass
    return frontend.socket.closed


async def remove(root: Frontend, user_id: int, **heir: int) -> None:
    """Removes a user to the end."""
    while True:
        answer = await root.get("c2s:user-remove", "s2c:user-removal", user_id=user_id, **heir)
        assert answer["user_id"] == user_id
        if answer["remaining_files"] == 0:
            return


async def test_users_are_listed_with_what_they_own(world, administrator, alice, bob):
    """By name, with roles; a query finds some of them."""
    root = await administrator()
    await world.put("/a", owner="alice")
    await world.put("/b", owner=None)
    listed = await root.get("c2s:user-list-request", "s2c:user-list", page=0)
    assert (listed["page"], listed["page_size"], listed["total"]) == (0, 100, 3)
    assert [
        (user["name"], user["is_admin"], user["file_count"], user["total_size"])
        for user in listed["users"]
    ] == [("alice", False, 1, 0), ("bob", False, 0, 0), ("root", True, 0, 0)]
    found = await root.get("c2s:user-list-request", "s2c:user-list", page=0, query="LI")
    assert [user["name"] for user in found["users"]] == ["alice"]
    beyond = await root.get("c2s:user-list-request", "s2c:user-list", page=1)
    assert (beyond["users"], beyond["total"]) == ([], 3)


@pytest.mark.parametrize(
    ("packet_id", "fields"),
    [
        ("c2s:user-list-request", {"page": 0}),
        ("c2s:user-password-set", {"user_id": 1, "password": NEW}),
        ("c2s:user-role-set", {"user_id": 1, "is_admin": True}),
        ("c2s:user-remove", {"user_id": 1}),
    ],
)
async def test_others_are_refused(world, administrator, packet_id, fields):
    """Also who was administrator when the connection was made."""
    await administrator("first")
    demoted = await administrator("second")
    await world.catalog.set_role(demoted.user.id, is_admin=False)
    before = await world.catalog.search_users("", limit=9)
    assert await demoted.refusal(packet_id, **fields) == "only an administrator may do this"
    assert await world.catalog.search_users("", limit=9) == before


async def test_without_the_extension_there_are_no_such_packets(alice):
    """A connection that has not asked for it is told so."""
    assert "user-list-request" in await alice.refusal("c2s:user-list-request", page=0)


async def test_a_new_password_ends_the_users_logins(world, administrator, alice):
    """The old password and the old connections are worth nothing, and no log has the new one."""
    root = await administrator()
    with capture_logs() as logs:
        await root.order("c2s:user-password-set", user_id=alice.user.id, password=NEW)
    assert await is_closed(alice)
    assert not await logs_in(world, "alice", PASSWORD)
    assert await logs_in(world, "alice", NEW)
    assert any(entry.get("action") == "password-reset" for entry in logs)
    assert NEW not in str(logs)


@pytest.mark.parametrize("end", ["role", "login"])
async def test_who_may_not_any_more_when_it_is_done_is_refused(
    world, administrator, monkeypatch, end
):
    """An administrator who is shut out does not take over the account of another one meanwhile."""
    root, other = await administrator(), await administrator("other")
    hash_only = Passwords.hash

    async def hash_and_shut_out(passwords: Passwords, password: str) -> str:
        password_hash = await hash_only(passwords, password)
        if end == "role":
            await world.catalog.set_role(other.user.id, is_admin=False)
        else:
            await world.catalog.set_password(other.user.id, "another hash")
        return password_hash

    monkeypatch.setattr(Passwords, "hash", hash_and_shut_out)
    reason = await other.refusal("c2s:user-password-set", user_id=root.user.id, password=NEW)
    assert reason == "only an administrator may do this"
    assert await logs_in(world, "root", PASSWORD)


async def test_the_own_account_is_left_alone(world, administrator):
    """The own password needs the present one, and administrators cannot remove themselves."""
    await administrator("other")
    root = await administrator()
    me = root.user.id
    reason = await root.refusal("c2s:user-password-set", user_id=me, password=NEW)
    assert reason == "change your own password with the present one"
    assert "another administrator" in await root.refusal("c2s:user-remove", user_id=me)
    assert await logs_in(world, "root", PASSWORD)


@pytest.mark.parametrize("password", ["short", "x" * 257])
async def test_bad_passwords_are_named_and_not_repeated(administrator, alice, password):
    """The answer says which field, and not what was in it."""
    root = await administrator()
    reason = await root.refusal("c2s:user-password-set", user_id=alice.user.id, password=password)
    assert "password" in reason
    assert "8 to 256" in reason
    assert password not in reason


async def test_roles_are_given_and_taken_but_for_the_last(world, administrator, alice):
    """A user who was made administrator acts as one at once."""
    root = await administrator()
    reason = await root.refusal("c2s:user-role-set", user_id=root.user.id, is_admin=False)
    assert "the only administrator" in reason
    await root.order("c2s:user-role-set", user_id=alice.user.id, is_admin=True)
    await root.order("c2s:user-role-set", user_id=root.user.id, is_admin=False)
    users = await world.catalog.search_users("", limit=9)
    assert {user.name: user.is_admin for user in users} == {"alice": True, "root": False}


async def test_a_removed_users_files_go_to_the_heir(world, administrator, alice, bob, cid):
    """Everybody hears it of every file; shares stay, but for the heir's own."""
    root = await administrator()
    file = await world.put("/in/one", owner="alice", bob="rw", cid="r")
    await world.put("/two", owner="alice")
    await remove(root, alice.user.id, heir_id=bob.user.id)
    assert await is_closed(alice)
    assert not await logs_in(world, "alice", PASSWORD)
    assert await world.catalog.user_by_id(alice.user.id) is None
    news = [(each["path"], each["action"], each["handle"]["name"]) for each in await cid.news()]
    assert news == [("/in", "modify", "one"), ("/", "modify", "two")]
    owned = [each["handle"]["ownership"]["status"] for each in await bob.news()]
    assert owned == ["owned", "owned"]
    shares = await world.catalog.shares_of(file.id)
    assert [share.user_id for share in shares] == [cid.user.id]


async def test_without_an_heir_the_files_are_deleted(world, administrator, alice, bob):
    """Those of others stay."""
    root = await administrator()
    await world.put("/in/gone", owner="alice")
    await world.put("/in/kept", owner="bob")
    await remove(root, alice.user.id)
    assert await world.paths() == ["/in/kept"]
    (change,) = await bob.news()
    assert (change["action"], change["handle"]["name"]) == ("delete", "gone")


async def test_an_administrator_is_removed_by_another_one(world, administrator):
    """The role ends first, so nothing is done in that name meanwhile."""
    root, other = await administrator(), await administrator("other")
    await remove(root, other.user.id)
    users = await world.catalog.search_users("", limit=9)
    assert [user.name for user in users] == ["root"]


@pytest.mark.parametrize("heir", ["alice", "nobody"])
async def test_a_bad_heir_leaves_everything_as_it_was(world, administrator, alice, heir):
    """The user is not even logged out."""
    root = await administrator()
    await world.put("/a", owner="alice")
    heir_id = alice.user.id if heir == "alice" else 99
    reason = await root.refusal("c2s:user-remove", user_id=alice.user.id, heir_id=heir_id)
    assert reason.startswith("heir_id:")
    assert await alice.news() == []
    assert await logs_in(world, "alice", PASSWORD)


async def test_who_is_being_removed_is_no_heir(world, administrator, alice, bob, monkeypatch):
    """Nor counts as an administrator, whatever role the user was given meanwhile."""
    root = await administrator()
    for number in range(2):
        await world.put(f"/bob{number}", owner="bob")
    monkeypatch.setattr("manager.accounts.administration.FILES_AT_ONCE", 1)
    monkeypatch.setattr("manager.accounts.administration.WORK_S", 0.0)
    await root.get("c2s:user-remove", "s2c:user-removal", user_id=bob.user.id)
    reason = await root.refusal("c2s:user-remove", user_id=alice.user.id, heir_id=bob.user.id)
    assert reason == "heir_id: the removal of that user has begun"
    assert await alice.news()
    await root.order("c2s:user-role-set", user_id=bob.user.id, is_admin=True)
    reason = await root.refusal("c2s:user-role-set", user_id=root.user.id, is_admin=False)
    assert "the only administrator" in reason


async def test_who_is_not_there_cannot_be_changed(administrator):
    """Also a user who was removed a moment ago."""
    root = await administrator()
    for packet_id, fields in (
        ("c2s:user-password-set", {"password": NEW}),
        ("c2s:user-role-set", {"is_admin": True}),
        ("c2s:user-remove", {}),
    ):
        reason = await root.refusal(packet_id, user_id=99, **fields)
        assert reason == "there is no such user"


async def test_a_removal_goes_on_where_it_was_broken_off(world, administrator, alice, monkeypatch):
    """Each request does what it has time for, and tells what remains."""
    root = await administrator()
    for number in range(5):
        await world.put(f"/{number}", owner="alice")
    monkeypatch.setattr("manager.accounts.administration.FILES_AT_ONCE", 2)
    monkeypatch.setattr("manager.accounts.administration.WORK_S", 0.0)
    answers = [
        await root.get("c2s:user-remove", "s2c:user-removal", user_id=alice.user.id)
        for _ in range(3)
    ]
    assert [answer["remaining_files"] for answer in answers] == [3, 1, 0]
    assert await world.paths() == []


async def test_a_removal_ends_with_the_role_of_who_asked_for_it(
    world, administrator, alice, monkeypatch
):
    """What was not given or deleted by then is for the administrators who are left to decide."""
    await administrator()
    other = await administrator("other")
    for number in range(3):
        await world.put(f"/{number}", owner="alice")
    monkeypatch.setattr("manager.accounts.administration.FILES_AT_ONCE", 1)
    release = world.catalog.release_files

    async def release_and_shut_out(user_id: int, **options):
        released = await release(user_id, **options)
        await world.catalog.set_role(other.user.id, is_admin=False)
        return released

    monkeypatch.setattr(world.catalog, "release_files", release_and_shut_out)
    reason = await other.refusal("c2s:user-remove", user_id=alice.user.id)
    assert reason == "only an administrator may do this"
    assert await world.paths() == ["/1", "/2"]


async def test_a_file_that_arrives_at_the_last_moment_is_given_too(
    world, administrator, alice, bob, monkeypatch
):
    """A user is never removed while a file is left that would belong to everybody."""
    root = await administrator()
    await world.put("/early", owner="alice")
    release = world.catalog.release_files
    is_late = True

    async def release_and_commit(user_id: int, **options):
        nonlocal is_late
        released = await release(user_id, **options)
        if is_late:
            is_late = False
            await world.put("/late", owner="alice")
        return released

    monkeypatch.setattr(world.catalog, "release_files", release_and_commit)
    # The world logs its people in, which this one cannot any more.
    monkeypatch.setattr(world.stage, "token", lambda _: asyncio.sleep(0))
    await remove(root, alice.user.id, heir_id=bob.user.id)
    assert await world.catalog.user_by_name("alice") is None
    for name in ("early", "late"):
        file = await world.catalog.file_at((), name)
        assert file.owner_id == bob.user.id


async def test_an_upload_of_a_removed_user_ends(world, administrator, alice):
    """What is not stored yet is nobody's."""
    service = await world.stage.service()
    await alice.get("c2s:upload-booking-request", "s2c:upload-booking", desired_amount=1)
    upload = await alice.get(
        "c2s:upload-request", "s2c:upload-response", name="a", path="/", size=5, is_public=False
    )
    assert upload["accepted"]
    root = await administrator()
    await remove(root, alice.user.id)
    assert await is_closed(alice)
    await service.next(s2u.UploadAbort)
    assert await world.paths() == []
