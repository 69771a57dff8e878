"""The extension `copy`: more names for content that is there."""

from collections.abc import Awaitable, Callable

import pytest

from manager.files import copying
from protocol import c2s, s2c
from protocol.extensions import BUNDLE, COPY, REJECTIONS
from tests.manager.frontend import Frontend
from tests.manager.sockets.peers import ClientPeer, client_query

Copier = Callable[[str], Awaitable[Frontend]]


@pytest.fixture
def copier(world) -> Copier:
    """Connects a user's client that has the extension."""

    async def connect(name: str) -> Frontend:
        user = await world.user(name)
        query = {**client_query(await world.stage.token(name)), "extensions": COPY}
        frontend = Frontend(await world.socket(query), user)
        assert await frontend.next("generic:primitives") == {"string_value": COPY}
        return frontend

    return connect


async def test_files_are_copied(world, copier, bob):
    """Everybody hears of each copy, which belongs to who made it; taken names are told."""
    await world.put("/a/1", owner="bob")
    await world.put("/a/2")
    await world.put("/b/2")
    alice = await copier("alice")
    with_public = await world.catalog.file_at(("a",), "1")
    await world.catalog.set_public(with_public.id, is_public=True)
    message = await alice.order("c2s:copy-files", path="/a", target_path="/b", files=["1", "2"])
    assert message == "names were taken, so 2 is called 2 (1)"
    assert await world.paths() == ["/a/1", "/a/2", "/b/1", "/b/2", "/b/2 (1)"]
    copy = await world.catalog.file_at(("b",), "1")
    assert (copy.owner_id, copy.object_id) == (alice.user.id, with_public.object_id)
    for news in (await alice.news(), await bob.news()):
        assert [(each["path"], each["action"], each["handle"]["name"]) for each in news] == [
            ("/b", "add", "1"),
            ("/b", "add", "2 (1)"),
        ]


async def test_a_file_is_copied_beside_itself_under_a_name(world, copier):
    """Or under the next free one."""
    await world.put("/a/1.txt")
    alice = await copier("alice")
    packet = {"path": "/a", "target_path": "/a", "files": ["1.txt"]}
    assert "1 (1).txt" in await alice.order("c2s:copy-files", **packet)
    assert await alice.order("c2s:copy-files", **packet, target_name="2.txt") is None
    assert await world.paths() == ["/a/1 (1).txt", "/a/1.txt", "/a/2.txt"]


async def test_a_folder_is_copied_with_all_in_it(world, copier, bob):
    """Everybody hears of its folders, outermost first, then of its files."""
    for path in ("/a/1", "/a/b/2", "/a/b/c/3", "/t/a/x"):
        await world.put(path)
    alice = await copier("alice")
    message = await alice.order("c2s:copy-folder", path="/a", target_path="/t")
    assert message == "the name was taken, so it is called a (1)"
    assert [path for path in await world.paths() if path.startswith("/t/a (1)")] == [
        "/t/a (1)/1",
        "/t/a (1)/b/2",
        "/t/a (1)/b/c/3",
    ]
    for news in (await alice.news(), await bob.news()):
        assert [(each["id"], each["path"], each["action"]) for each in news] == [
            ("s2c:folder-modify", "/t/a (1)", "add"),
            ("s2c:folder-modify", "/t/a (1)/b", "add"),
            ("s2c:folder-modify", "/t/a (1)/b/c", "add"),
            ("s2c:file-modify", "/t/a (1)", "add"),
            ("s2c:file-modify", "/t/a (1)/b", "add"),
            ("s2c:file-modify", "/t/a (1)/b/c", "add"),
        ]


async def test_clients_that_take_files_together_get_them_so(world):
    """A folder's files come in one packet."""
    for number in range(4):
        await world.put(f"/a/{number}")
    query = client_query(await world.stage.token("alice"))
    url = world.stage.socket_url
    async with ClientPeer.connected(
        url, "s2c", query, extensions=[BUNDLE, COPY, REJECTIONS]
    ) as peer:
        packet = c2s.CopyFolder(path="/a", target_path="/", target_name="b")
        assert (await peer.order(packet)).success
        assert (await peer.next(s2c.FolderModify)).path == "/b"
        together = await peer.next(s2c.FilesModify)
        assert [handle.name for handle in together.handles] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        ({"path": "/a", "target_path": "/a/b"}, "is within the folder itself"),
        ({"path": "/a", "target_path": "/a"}, "is within the folder itself"),
        ({"path": "/", "target_path": "/a"}, "the root folder cannot be copied"),
        ({"path": "/lost", "target_path": "/a"}, "there is no such folder"),
        ({"path": "/a", "target_path": "/lost"}, "target_path: there is no such folder"),
        ({"path": "/a", "target_path": "/", "target_name": "x/y"}, "data.target_name"),
        ({"path": "/secret", "target_path": "/"}, "1 of the 2 files in this folder is not yours"),
        ({"path": "/a", "target_path": "/", "files": ["1", "no"]}, "there is no file no"),
        ({"path": "/secret", "target_path": "/", "files": ["s"]}, "no right to read s"),
        ({"path": "/a", "target_path": "/lost", "files": ["1"]}, "target_path"),
        ({"path": "/a", "target_path": "/", "files": ["1", "2"], "target_name": "x"}, "one name"),
    ],
)
async def test_what_cannot_be_copied(world, copier, packet, reason):
    """A refusal says why, and changes nothing."""
    for path in ("/a/1", "/a/2", "/a/b/3", "/secret/o"):
        await world.put(path)
    await world.put("/secret/s", owner="bob")
    before = await world.everything()
    alice = await copier("alice")
    kind = "c2s:copy-files" if "files" in packet else "c2s:copy-folder"
    assert reason in await alice.refusal(kind, **packet)
    assert await world.everything() == before
    assert await alice.news() == []


async def test_a_copy_is_bounded(world, copier, monkeypatch):
    """A folder with too much in it is not copied, and the refusal says what to do."""
    for number in range(3):
        await world.put(f"/a/{number}")
    monkeypatch.setattr(copying, "MAX_COPIED_ENTRIES", 3)
    alice = await copier("alice")
    refusal = await alice.refusal("c2s:copy-folder", path="/a", target_path="/")
    assert "copy the folders in it one by one" in refusal
