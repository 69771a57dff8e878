"""Every packet that names a place is translated, and what is found is shown where its user sees it."""

from typing import Any, get_type_hints

import pytest

from manager.spaces.packets import PLACES
from protocol import c2s, generic, s2c
from protocol.codec import PACKETS, namespace_of
from protocol.packet import Packet
from protocol.values import parse_path

NAMES_A_FOLDER = frozenset({"path", "target_path", "folder_id", "source_id", "target_id"})
BY_ITSELF = frozenset({c2s.BundleRequest})


@pytest.mark.parametrize(
    "packet", [each for each in PACKETS.values() if namespace_of(each.id) == "c2s"]
)
def test_every_place_in_a_packet_is_translated(packet: type[Packet]):
    """A packet that is added with a folder in it has a row in the table, which names all its folders."""
    named = NAMES_A_FOLDER & get_type_hints(packet).keys()
    row = PLACES.get(packet)
    if row is None:
        assert not named
        return
    assert named == {name for name in (row.path, row.target_path, *row.ids) if name}


async def test_what_is_found_is_shown_where_the_user_sees_it(cloud, alice, bob):
    """By a search and among recent files; what is hidden is not found."""
    await cloud.put_at("alice", "/a/b/report.txt")
    await cloud.put_at("alice", "/secret/report 2.txt")
    await alice.order("c2s:create-folder", path="/a/b/reports")
    await alice.order("c2s:create-folder", path="/Common/reports")
    await cloud.share("alice", "/a/b", "read", user="bob")
    client = await cloud.stage.client("bob", extensions=["search", "overview"])

    async def found(**query: Any) -> list[str]:
        answer = await client.ask(c2s.SearchRequest(**query), s2c.SearchResults)
        return sorted(f"{each.path}:{(each.file or each.folder).name}" for each in answer.results)

    everything = ["/Common:reports", "/Shared/b:report.txt", "/Shared/b:reports"]
    assert await found(text="report") == everything
    assert await found(text="report", path="/") == everything
    assert await found(text="report", path="/Shared/b") == everything[1:]
    assert await found(text="b", entries="subfolders") == ["/Shared:b"]
    assert await found(text="alice") == []
    file = await cloud.stage.catalog.file_at(
        (*parse_path(await cloud.home_of("alice")), "a", "b"), "report.txt"
    )
    assert file is not None
    await cloud.stage.catalog.claim_job("w", lease_s=60, max_attempts=9)
    await cloud.stage.catalog.complete_job(
        file.object_id, worker="w", metadata={"title": "Figures"}, recipe_version=1
    )
    assert await found(text="figures") == ["/Shared/b:report.txt"]
    recent = await client.ask(c2s.RecentFilesRequest(), s2c.RecentFiles)
    assert {each.path for each in recent.files} <= {"/Shared/b"}
    own = await cloud.stage.client("alice", extensions=["overview"])
    recent = await own.ask(c2s.RecentFilesRequest(), s2c.RecentFiles)
    assert sorted(each.path for each in recent.files) == ["/a/b", "/secret"]


async def test_only_what_the_user_sees_is_starred_and_listed(cloud, alice, bob):
    """It is listed where the user sees it, and not while that is over."""
    del alice, bob
    await cloud.put_at("alice", "/a/f")
    await cloud.put_at("alice", "/secret/g")
    await cloud.share("alice", "/a", "read", user="bob")
    home, catalog = parse_path(await cloud.home_of("alice")), cloud.stage.catalog
    seen = await catalog.file_at((*home, "a"), "f")
    hidden = await catalog.file_at((*home, "secret"), "g")
    client = await cloud.stage.client("bob", extensions=["stars"])
    for file, success in ((seen, True), (hidden, False)):
        for packet in (
            c2s.StarFile(file_id=file.id, starred=True),
            c2s.StarFolder(folder_id=file.folder_id, starred=True),
        ):
            assert (await client.ask(packet, generic.Boolean)).success is success

    async def starred() -> list[str]:
        page = await client.ask(c2s.StarredRequest(), s2c.Starred)
        return [f"{each.path}:{(each.file or each.folder).name}" for each in page.entries]

    assert await starred() == ["/Shared:a", "/Shared/a:f"]
    await cloud.share("alice", "/a", None, user="bob")
    assert await starred() == []
