"""The extension `organise`: moving folders, who may use a file, and finding entries by name."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from protocol import c2s, s2c
from protocol.extensions import ORGANISE
from tests.manager.frontend import Frontend
from tests.manager.sockets.peers import ClientPeer, client_query

Organiser = Callable[[str], Awaitable[Frontend]]


@pytest.fixture
def organiser(world) -> Organiser:
    """Connects a user's client that has the extension."""

    async def connect(name: str) -> Frontend:
        user = await world.user(name)
        query = {**client_query(await world.stage.token(name)), "extensions": ORGANISE}
        socket = await world.socket(query)
        frontend = Frontend(socket, user)
        granted = await frontend.next("generic:primitives")
        assert granted == {"string_value": ORGANISE}
        return frontend

    return connect


async def test_a_folder_moves_with_everything_in_it(world, organiser, bob):
    """Everybody hears where it was and is, in terms of the base protocol."""
    await world.put("/a/b/c/f")
    await world.put("/x/f")
    folder_id, a, x = [await world.folder_id(path) for path in ("/a/b", "/a", "/x")]
    alice = await organiser("alice")
    assert await alice.order("c2s:move-folder", path="/a/b", target_path="/x/") is None
    assert await world.paths() == ["/x/b/c/f", "/x/f"]
    change = {
        "id": "s2c:folder-modify",
        "path": "/x/b",
        "handle": {"id": folder_id, "name": "b", "parent_folder": x},
        "action": "move",
        "parent_folder_origin": a,
    }
    assert [await alice.news(), await bob.news()] == [[change], [change]]


async def test_a_taken_name_is_numbered(world, organiser):
    """The answer says under which name the folder stands, and so does the news."""
    await world.put("/a/f")
    await world.put("/x/a/g")
    alice = await organiser("alice")
    message = await alice.order("c2s:move-folder", path="/x/a", target_path="/")
    assert message == "the name was taken, so it is called a (1)"
    assert await world.paths() == ["/a (1)/g", "/a/f"]
    (change,) = await alice.news()
    assert (change["path"], change["rename_origin"]) == ("/a (1)", "a")


@pytest.mark.parametrize(
    ("path", "target", "reason"),
    [
        ("/a", "/a", "is within the folder itself"),
        ("/a", "/a/b/c", "is within the folder itself"),
        ("/a/b", "/a", "is there already"),
        ("/a", "/", "is there already"),
        ("/", "/a", "root"),
        ("/lost", "/a", "there is no such folder"),
        ("/a", "/lost", "target_path: there is no such folder"),
        ("/a", "x", "data.target_path"),
        ("a", "/", "data.path"),
    ],
)
async def test_what_cannot_be_moved(world, organiser, path, target, reason):
    """A folder never ends in itself; a refusal says why, and changes nothing."""
    await world.put("/a/b/c/f")
    before = await world.everything()
    alice = await organiser("alice")
    assert reason in await alice.refusal("c2s:move-folder", path=path, target_path=target)
    assert await world.everything() == before
    assert await alice.news() == []


@pytest.mark.parametrize(("inner", "fits"), [("", True), ("/8/9", True), ("/8/9/10", False)])
async def test_no_folder_gets_deeper_than_a_path_can_say(world, organiser, inner, fits):
    """What lies below counts too: ten names are the most."""
    alice = await organiser("alice")
    for number in range(101):
        await alice.order("c2s:create-folder", path=f"/m/{number}")
    await alice.order("c2s:create-folder", path="/a/b/c/d/e/f/g")
    if inner:
        await alice.order("c2s:create-folder", path=f"/m/99{inner}")
    packet = {"path": "/m/99" if inner else "/m", "target_path": "/a/b/c/d/e/f/g"}
    if fits:
        await alice.order("c2s:move-folder", **packet)
    else:
        assert "10 names at most" in await alice.refusal("c2s:move-folder", **packet)


async def test_the_deepest_folder_takes_no_other(world, organiser):
    """Below ten names nothing can lie."""
    alice = await organiser("alice")
    await alice.order("c2s:create-folder", path="/1/2/3/4/5/6/7/8/9/10")
    await alice.order("c2s:create-folder", path="/m")
    refusal = await alice.refusal("c2s:move-folder", path="/m", target_path="/1/2/3/4/5/6/7/8/9/10")
    assert "10 names at most" in refusal


async def test_the_owner_sees_the_shares(world):
    """By user, with name and rights, whether it is public, and whether it has an owner."""
    file = await world.put("/a/f", bob="r", cid="rw")
    await world.put("/a/g", is_public=True)
    await world.put("/a/h", owner=None)
    users = [await world.user(name) for name in ("bob", "cid")]
    query = client_query(await world.stage.token("alice"))
    url = world.stage.socket_url
    async with ClientPeer.connected(url, "s2c", query, extensions=[ORGANISE]) as alice:
        found = await alice.ask(c2s.ShareListRequest(path="/a", name="f"), s2c.ShareList)
        unshared = await alice.ask(c2s.ShareListRequest(path="/a", name="g"), s2c.ShareList)
        unowned = await alice.ask(c2s.ShareListRequest(path="/a", name="h"), s2c.ShareList)
    assert (found.file_id, found.is_public, unshared.is_public) == (file.id, False, True)
    assert [(share.user, share.can_write) for share in found.shares] == [
        (s2c.UserHandle(id=users[0].id, name="bob"), False),
        (s2c.UserHandle(id=users[1].id, name="cid"), True),
    ]
    assert unshared.shares == ()
    assert [each.has_owner for each in (found, unshared, unowned)] == [True, True, False]


async def test_only_who_may_share_sees_the_shares(world, organiser):
    """Whoever a file is shared with is not told of the others."""
    await world.put("/f", bob="rw", cid="r")
    bob = await organiser("bob")
    packet = "c2s:share-list-request"
    assert "only its owner" in await bob.refusal(packet, path="/", name="f")
    assert await bob.refusal(packet, path="/", name="lost") == "there is no such file"


async def test_a_stored_file_is_made_public_and_private(world, organiser, bob):
    """Everybody hears at once what it is to them."""
    await world.put("/a/f")
    alice = await organiser("alice")
    for is_public, status in ((True, "public"), (False, "restricted")):
        assert await alice.order("c2s:set-public", path="/a", name="f", is_public=is_public) is None
        (to_bob,) = await bob.news()
        assert (to_bob["id"], to_bob["action"]) == ("s2c:file-modify", "modify")
        assert to_bob["handle"]["ownership"] == {"status": status}
        (to_alice,) = await alice.news()
        assert to_alice["handle"]["ownership"] == {"status": "owned"}


async def test_only_who_may_share_makes_public(world, organiser):
    """Whoever may write a file may still not open it to everybody, or close it."""
    await world.put("/f", bob="rw")
    before = await world.everything()
    bob = await organiser("bob")
    packet = {"path": "/", "name": "f", "is_public": True}
    assert "only its owner" in await bob.refusal("c2s:set-public", **packet)
    assert "no such file" in await bob.refusal("c2s:set-public", **{**packet, "name": "lost"})
    assert "is_public" in await bob.refusal("c2s:set-public", **{**packet, "is_public": 1})
    assert await world.everything() == before


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("sort_by", ["name", "size", "updated_at", None])
async def test_an_entry_is_where_the_listing_has_it(world, sort_by, ascending):
    """In every order, files and subfolders each among themselves, for everybody who lists them."""
    for name in ("b", "Ba", "a", "c"):
        await world.put(f"/f/{name}")
        await world.put(f"/f/{name}x/inside")
    query = client_query(await world.stage.token("bob"))
    order = {"path": "/f", "sort_by": sort_by, "ascending_sort": ascending}
    url = world.stage.socket_url
    async with ClientPeer.connected(url, "s2c", query, extensions=[ORGANISE]) as bob:

        async def position(kind: c2s.ListType, name: str, **fields: Any) -> s2c.Position:
            packet = c2s.PositionRequest(type=kind, name=name, **fields, **order)
            return await bob.ask(packet, s2c.Position)

        files = [file.name for file in (await bob.list_files(**order)).files]
        folders = [folder.name for folder in (await bob.list_folders(**order)).folders]
        lists: dict[c2s.ListType, list[str]] = {"files": files, "subfolders": folders}
        for kind, listed in lists.items():
            for index, name in enumerate(listed):
                assert await position(kind, name) == s2c.Position(index=index, name=name)
            hits = [index for index, name in enumerate(listed) if name[0] in "bB"]
            for start, index in ((0, hits[0]), (hits[0] + 1, hits[1])):
                found = await position(kind, "B", is_prefix=True, start=start)
                assert found == s2c.Position(index=index, name=listed[index])
            nothing = await position(kind, "B", is_prefix=True, start=hits[1] + 1)
            assert nothing == s2c.Position(index=None, name=None)
            missing = await position(kind, "bb", is_prefix=True)
            is_by_name = kind == "subfolders" or sort_by in {None, "name"}
            before = [name.casefold() < "bb" for name in listed]
            place = before.count(bool(ascending)) if is_by_name else None
            assert missing == s2c.Position(index=None, name=None, place=place)


async def test_a_folder_that_is_not_there_has_no_positions(world, organiser):
    """The answer is the one for a name that is not there; a bad request is refused."""
    query = client_query(await world.stage.token("bob"))
    url = world.stage.socket_url
    async with ClientPeer.connected(url, "s2c", query, extensions=[ORGANISE]) as bob:
        packet = c2s.PositionRequest(path="/lost", type="files", name="a")
        assert await bob.ask(packet, s2c.Position) == s2c.Position(index=None, name=None)
    again = await organiser("bob")
    for field, value in {"name": "", "start": -1, "type": "all"}.items():
        bad = {"path": "/", "type": "files", "name": "a", field: value}
        assert f"data.{field}" in await again.refusal("c2s:position-request", **bad)


async def test_without_the_extension_the_packets_do_not_exist(world, alice):
    """A base-protocol client gets none of them."""
    await world.put("/a/f")
    assert "not a known packet" in await alice.refusal(
        "c2s:move-folder", path="/a", target_path="/"
    )
    assert "not a known packet" in await alice.refusal(
        "c2s:share-list-request", path="/a", name="f"
    )
    assert "not a known packet" in await alice.refusal(
        "c2s:set-public", path="/a", name="f", is_public=True
    )
    assert "not a known packet" in await alice.refusal(
        "c2s:position-request", path="/a", type="files", name="f"
    )
