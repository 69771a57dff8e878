"""Looking around over a WebSocket: folders, listings with pages and sorting, sizes; empty files."""

from pathlib import Path

import pytest

from protocol import c2s, s2c
from protocol.values import PAGE_SIZE, NamePolicy
from tests.manager.sockets.peers import ClientPeer
from tests.manager.sockets.stage import Stage, running_stage


async def add(client: ClientPeer, *names: str, path: str = "/") -> None:
    """Makes empty files."""
    for name in names:
        answer = await client.order(c2s.EmptyFileUpload(path=path, name=name))
        assert answer.success, answer.message


async def test_the_root_always_exists(stage: Stage):
    """It has no id on the wire, and nothing in it at first."""
    client = await stage.client()
    assert await client.folder_status("/") == s2c.FolderStatus(
        path="/", folder_id=None, exists=True, file_count=0, subfolder_count=0, page_size=PAGE_SIZE
    )


async def test_a_missing_folder_is_said_to_be_missing(stage: Stage):
    """Status and listings of it are answers too, not errors."""
    client = await stage.client()
    status = await client.folder_status("/nowhere")
    assert (status.exists, status.folder_id) == (False, None)
    assert not (await client.list_files("/nowhere")).success
    assert not (await client.list_folders("/nowhere")).success


async def test_creating_a_folder_makes_its_parents_and_tells_everybody(stage: Stage):
    """Outermost first; each with the folder in which it lies."""
    client, other = await stage.client("alice"), await stage.client("bob")
    assert (await client.order(c2s.CreateFolder(path="/a/b/"))).success
    outer, inner = [await other.next(s2c.FolderModify, action="add") for _ in range(2)]
    assert (outer.path, outer.handle.parent_folder) == ("/a", None)
    assert (inner.path, inner.handle.parent_folder) == ("/a/b", outer.handle.id)
    status = await other.folder_status("/a")
    assert (status.exists, status.folder_id, status.subfolder_count) == (True, outer.handle.id, 1)


async def test_creating_a_folder_that_exists_is_refused(stage: Stage):
    """Nothing was created, so no client gets a change."""
    client, other = await stage.client("alice"), await stage.client("bob")
    await client.order(c2s.CreateFolder(path="/a"))
    assert "exists" in await client.refusal(c2s.CreateFolder(path="/a"))
    await other.caught_up()
    assert len(other.unread(s2c.FolderModify)) == 1


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "//",
        "/a//b",
        "/..",
        "/a/../b",
        "/.",
        "/a\\b",
        "/a\x00b",
        "/ a",
        "/a.",
        "/" + "x" * 128,
        "/x" * 11,
    ],
)
async def test_paths_that_break_the_rules_are_refused(stage: Stage, path: str):
    """In whatever they appear, and nothing is made of them."""
    client = await stage.client()
    for packet in (
        c2s.CreateFolder(path=path),
        c2s.EmptyFileUpload(path=path, name="a"),
        c2s.UploadRequest(name="a", path=path, size=1, is_public=False),
        c2s.ListRequest(path=path, type="files", page=0),
    ):
        assert "path" in await client.refusal(packet)
    assert (await client.folder_status("/")).subfolder_count == 0


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "a\x00", "a\n", " a", "a ", "a.", "x" * 128]
)
async def test_names_that_break_the_rules_are_refused(stage: Stage, name: str):
    """No file gets such a name."""
    client = await stage.client()
    for packet in (
        c2s.EmptyFileUpload(path="/", name=name),
        c2s.UploadRequest(name=name, path="/", size=1, is_public=False),
    ):
        assert "name" in await client.refusal(packet)
    assert await client.names() == []


async def test_ten_levels_of_the_longest_names_are_fine(stage: Stage):
    """The rules' own limits are within them."""
    client = await stage.client()
    path = "".join(f"/{number}{'x' * 126}" for number in range(10))
    assert (await client.order(c2s.CreateFolder(path=path))).success
    await add(client, "ü" * 127, path=path)
    assert await client.names(path) == ["ü" * 127]


async def test_the_base_policy_restricts_new_names(tmp_path: Path):
    """With it, names that old frontends could not show are refused; as replies."""
    async with running_stage(tmp_path, name_policy=NamePolicy.BASE) as stage:
        await stage.service()
        client = await stage.client()
        await client.book(1)
        await client.refusal(c2s.EmptyFileUpload(path="/", name="日本.txt"))
        await client.refusal(c2s.CreateFolder(path="/日本"))
        response = await client.request_upload("日本.txt")
        assert not response.accepted
        assert "name" in (response.rejection_reason or "")
        response = await client.request_upload("a.txt", path="/日本")
        assert "path" in (response.rejection_reason or "")
        assert (await client.request_upload("Grüße (1).txt")).accepted


async def test_files_are_listed_in_pages(stage: Stage):
    """Page by page, without gaps or repetitions, and empty after the last."""
    client = await stage.client()
    names = [f"{number:03d}" for number in range(PAGE_SIZE + 5)]
    await add(client, *names)
    pages = [await client.list_files(page=page, ascending_sort=True) for page in range(3)]
    assert [len(page.files) for page in pages] == [PAGE_SIZE, 5, 0]
    assert [file.name for page in pages for file in page.files] == names
    assert all(page.success for page in pages)


async def test_a_page_far_beyond_the_end_is_empty(stage: Stage):
    """The largest number that the wire knows is no trouble."""
    client = await stage.client()
    listing = await client.list_files(page=2**53 - 1)
    assert (listing.success, listing.files) == (True, ())


async def test_listings_are_descending_by_name_unless_told_otherwise(stage: Stage):
    """As the protocol says."""
    client = await stage.client()
    await add(client, "b", "a", "c")
    assert [file.name for file in (await client.list_files()).files] == ["c", "b", "a"]
    ascending = await client.list_files(sort_by="updated_at", ascending_sort=True)
    assert [file.name for file in ascending.files] == ["b", "a", "c"]


async def test_sorting_by_size(stage: Stage):
    """The largest first, unless ascending."""
    service, client = await stage.service(), await stage.client()
    await client.book(1)
    for name, size in (("m", 20), ("l", 30), ("s", 10)):
        await client.request_upload(name, size=size)
        await service.take_upload()
        await client.next(s2c.FileModify)
    listing = await client.list_files(sort_by="size")
    assert [(file.name, file.size) for file in listing.files] == [("l", 30), ("m", 20), ("s", 10)]


async def test_folders_are_listed_by_name(stage: Stage):
    """With the id of the folder in which they lie."""
    client = await stage.client()
    for path in ("/b", "/a", "/a/inner"):
        await client.order(c2s.CreateFolder(path=path))
    listed = await client.list_folders(ascending_sort=True)
    assert [(folder.name, folder.parent_folder) for folder in listed.folders] == [
        ("a", None),
        ("b", None),
    ]
    (inner,) = (await client.list_folders("/a")).folders
    assert inner.parent_folder == listed.folders[0].id


async def test_a_listing_shows_what_its_viewer_may_do(stage: Stage):
    """The owner reads and writes, others see name and size of a restricted file only."""
    owner, other = await stage.client("alice"), await stage.client("bob")
    await add(owner, "a.txt")
    (own,) = (await owner.list_files()).files
    (seen,) = (await other.list_files()).files
    assert (own.ownership.status, own.ownership.can) == ("owned", "rw")
    assert (seen.ownership.status, seen.ownership.can) == ("restricted", "none")


async def test_an_empty_file_is_announced_like_any_other(stage: Stage):
    """0 bytes, its type from its name; the folder is made for it."""
    client, other = await stage.client("alice"), await stage.client("bob")
    await add(client, "empty.txt", path="/new")
    await other.next(s2c.FolderModify, path="/new")
    modified = await other.next(s2c.FileModify)
    assert (modified.path, modified.action) == ("/new", "add")
    assert (modified.handle.size, modified.handle.type) == (0, "text/plain")
    assert modified.handle.ownership.status == "restricted"


async def test_an_empty_file_does_not_replace_another(stage: Stage):
    """A taken name is refused."""
    client = await stage.client()
    await add(client, "a")
    assert "exists" in await client.refusal(c2s.EmptyFileUpload(path="/", name="a"))


async def test_folder_sizes_count_the_whole_subtree(stage: Stage):
    """By type, and the root is asked for with null."""
    service, client = await stage.service(), await stage.client()
    await client.book(1)
    for name, path, size in (("a", "/x", 150), ("b", "/x/y", 50), ("c", "/", 7)):
        await client.request_upload(name, path=path, size=size)
        await service.take_upload()
        await client.next(s2c.FileModify)
    folder_id = (await client.folder_status("/x")).folder_id
    subtree = await client.ask(c2s.FolderSizeRequest(folder_id=folder_id), s2c.FolderSize)
    assert (subtree.total_size, subtree.types, subtree.folder_id) == (
        200,
        {"text/plain": 200},
        folder_id,
    )
    whole = await client.ask(c2s.FolderSizeRequest(folder_id=None), s2c.FolderSize)
    assert (whole.total_size, whole.folder_id) == (207, None)


async def test_the_size_of_a_missing_folder_is_refused(stage: Stage):
    """There is no such id."""
    client = await stage.client()
    assert "no such folder" in await client.refusal(c2s.FolderSizeRequest(folder_id=2**53 - 1))
