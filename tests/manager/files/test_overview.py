"""The extension `overview`: sizes and dates of folders, and the files that were changed last."""

from contextlib import AbstractAsyncContextManager

from protocol import c2s, s2c
from protocol.extensions import OVERVIEW
from tests.manager.sockets.peers import ClientPeer, client_query


async def _connected(world, name: str) -> AbstractAsyncContextManager[ClientPeer]:
    query = client_query(await world.stage.token(name))
    return ClientPeer.connected(world.stage.socket_url, "s2c", query, extensions=[OVERVIEW])


async def test_folders_have_size_and_date(world):
    """In the order of the listing, by the ids that it has; a folder that is missing has none."""
    await world.put("/a/b/f")
    await world.put("/z/f")
    a, b, z = [await world.folder_id(path) for path in ("/a", "/a/b", "/z")]
    async with await _connected(world, "alice") as alice:
        top = await alice.ask(
            c2s.FolderSummariesRequest(path="/", page=0, ascending_sort=True), s2c.FolderSummaries
        )
        inner = await alice.ask(c2s.FolderSummariesRequest(path="/a", page=0), s2c.FolderSummaries)
        beyond = await alice.ask(c2s.FolderSummariesRequest(path="/", page=1), s2c.FolderSummaries)
        lost = await alice.ask(
            c2s.FolderSummariesRequest(path="/lost", page=0), s2c.FolderSummaries
        )
    assert [each.id for each in top.folders] == [a, z]
    assert [each.id for each in inner.folders] == [b]
    assert top.folders[0].total_size == inner.folders[0].total_size == 0
    assert all(each.changed_at is not None for each in top.folders)
    assert beyond.folders == lost.folders == ()


async def test_recent_files_are_listed_with_their_folders(world):
    """As in a listing, with what the user may do; a restricted file is not told of."""
    await world.put("/a/own")
    await world.put("/a/b/public", owner="bob", is_public=True)
    await world.put("/a/secret", owner="bob")
    async with await _connected(world, "alice") as alice:
        recent = await alice.ask(c2s.RecentFilesRequest(), s2c.RecentFiles)
    told = {(each.path, each.file.name): each.file.ownership.status for each in recent.files}
    assert told == {("/a", "own"): "owned", ("/a/b", "public"): "public"}
