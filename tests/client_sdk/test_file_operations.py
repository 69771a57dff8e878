"""Renaming, moving, deleting, sharing and archives, at a manager that runs."""

import io
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import aiohttp
import pytest

from client_sdk import Client, Conflict, ConflictAnswer, FolderInfo, OnConflict, Outcome, Ownership
from client_sdk.errors import (
    CloudError,
    Forbidden,
    InvalidInput,
    NotFound,
    NotLoggedIn,
    Refused,
    TargetUnwritable,
    UploadFailed,
    WrongPassword,
)
from tests.client_sdk.cancelling import cancelled_at, held, names_in
from tests.client_sdk.running import PASSWORD

Put = Callable[..., Awaitable[None]]
Policy = Literal["overwrite", "rename", "skip"]


@pytest.fixture
async def home(request: pytest.FixtureRequest, alice: Client) -> str:
    """A remote folder for one test alone."""
    path = "/" + "".join(c if c.isalnum() else "-" for c in request.node.name)[-100:].strip("-")
    await alice.create_folder(path)
    return path


@pytest.fixture
def put(alice: Client, home: str) -> Put:
    """Makes files of alice's, each with its name as content."""

    async def put_all(*names: str) -> None:
        for name in names:
            await alice.upload(name.encode(), f"{home}/{name}")

    return put_all


async def tree(cloud: Client, path: str) -> list[str]:
    """Everything below a folder; folders end with a slash."""
    found: list[str] = []
    async for entry in cloud.list(path):
        if isinstance(entry, FolderInfo):
            inner = await tree(cloud, f"{path}/{entry.name}")
            found += [f"{entry.name}/", *(f"{entry.name}/{name}" for name in inner)]
        else:
            found.append(entry.name)
    return found


def files_in(folder: Path) -> list[Path]:
    """What a local folder holds."""
    return list(folder.iterdir())


async def test_folders_are_made_where_they_are_missing(alice: Client, home: str) -> None:
    """Making folders again is no error, and says that nothing had to be made."""
    assert await alice.make_folders(f"{home}/a/b")
    assert not await alice.make_folders(f"{home}/a/b/")
    assert not await alice.make_folders("/")
    with pytest.raises(Refused, match="exists already"):
        await alice.create_folder(f"{home}/a")
    assert await tree(alice, home) == ["a/", "a/b/"]


async def test_renaming(alice: Client, home: str, put: Put) -> None:
    """A taken name is numbered, and the words about it come back."""
    await put("a.txt", "b.txt", "x/c", "y/c")
    assert await alice.rename_file(f"{home}/a.txt", "c.txt") is None
    said = await alice.rename_file(f"{home}/b.txt", "c.txt")
    assert said == "the name was taken, so it is called c (1).txt"
    assert await alice.rename_folder(f"{home}/x", "z") is None
    assert await alice.rename_folder(f"{home}/y", "z") is not None
    assert await tree(alice, home) == ["z/", "z/c", "z (1)/", "z (1)/c", "c (1).txt", "c.txt"]
    with pytest.raises(NotFound, match="no such file"):
        await alice.rename_file(f"{home}/lost", "d")
    with pytest.raises(InvalidInput):
        await alice.rename_file(f"{home}/c.txt", "d/e")


async def test_files_of_several_folders_move_into_one(alice: Client, home: str, put: Put) -> None:
    """Taken names are numbered and told."""
    await put("a", "b", "x/a", "x/kept", "y/z")
    said = await alice.move_files([f"{home}/a", f"{home}/x/a", f"{home}/b"], f"{home}/y")
    assert said == "names were taken, so a is called a (1)"
    assert await tree(alice, home) == ["x/", "x/kept", "y/", "y/a", "y/a (1)", "y/b", "y/z"]
    with pytest.raises(Refused, match="there is no file lost"):
        await alice.move_files([f"{home}/y/a", f"{home}/y/lost"], home)
    with pytest.raises(NotFound):
        await alice.move_files([f"{home}/y/a"], f"{home}/missing")


async def test_a_folder_moves_into_another(alice: Client, home: str, put: Put) -> None:
    """With everything in it, and never into itself."""
    await put("a/b/c", "x/y")
    with pytest.raises(Refused, match="within the folder itself"):
        await alice.move_folder(f"{home}/a", f"{home}/a/b")
    assert await alice.move_folder(f"{home}/a", f"{home}/x") is None
    assert await tree(alice, home) == ["x/", "x/a/", "x/a/b/", "x/a/b/c", "x/y"]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("a", "b", ["d/", "d/a", "d/e/", "d/e/f", "b"]),
        ("a", "d/e/a", ["d/", "d/e/", "d/e/a", "d/e/f", "d/a"]),
        ("a", "d/e/new", ["d/", "d/e/", "d/e/f", "d/e/new", "d/a"]),
        ("d/a", "a", ["d/", "d/e/", "d/e/f", "a", "a (1)"]),
        ("d/a", "new", ["d/", "d/e/", "d/e/f", "a", "new"]),
        ("d/e", "new", ["d/", "d/a", "new/", "new/f", "a"]),
        ("d/e/", "e", ["d/", "d/a", "e/", "e/f", "a"]),
        ("d/e/", "a", ["a (1)/", "a (1)/f", "d/", "d/a", "a"]),
        ("d/e/f", "d/a", ["d/", "d/e/", "d/a", "d/a (1)", "a"]),
    ],
)
async def test_a_full_path_may_change_in_every_part(
    alice: Client, home: str, put: Put, source: str, target: str, expected: list[str]
) -> None:
    """Folder, name or both; nothing is replaced, and nothing else is touched."""
    await put("a", "d/a", "d/e/f")
    said = await alice.move(f"{home}/{source}", f"{home}/{target}")
    assert sorted(await tree(alice, home)) == sorted(expected)
    assert (said is not None) == any("(1)" in name for name in expected)


async def test_a_name_on_the_way_that_is_taken(alice: Client, home: str, put: Put) -> None:
    """Renaming and moving in one: another file of the new name beside the old one stays."""
    await put("a", "b", "x/a", "x/b")
    assert await alice.move(f"{home}/a", f"{home}/x/b") == (
        "the name was taken, so it is called b (1)"
    )
    assert await tree(alice, home) == ["x/", "x/a", "x/b", "x/b (1)", "b"]


@pytest.mark.parametrize(
    ("source", "target", "added"),
    [
        ("a", "b", ["b"]),
        ("a", "a", ["a (1)"]),
        ("a", "d/e/a", ["d/e/a"]),
        ("d/e", "new", ["new/", "new/f"]),
        ("d/e/", "d/e", ["d/e (1)/", "d/e (1)/f"]),
    ],
)
async def test_a_copy_gets_any_path(
    alice: Client, home: str, put: Put, tmp_path: Path, source, target, added
) -> None:
    """With the content of the original, which stays where it is; a taken name is told."""
    await put("a", "d/e/f")
    before = await tree(alice, home)
    said = await alice.copy(f"{home}/{source}", f"{home}/{target}")
    assert sorted(await tree(alice, home)) == sorted([*before, *added])
    assert (said is None) == (target == added[0].rstrip("/"))
    if not added[-1].endswith("/"):
        path = await alice.download(f"{home}/{added[-1]}", tmp_path)
        assert path.read_bytes() in {b"a", b"d/e/f"}


async def test_files_of_several_folders_are_copied_into_one(
    alice: Client, home: str, put: Put
) -> None:
    """Taken names are numbered and told."""
    await put("a", "x/a", "y/z")
    said = await alice.copy_files([f"{home}/a", f"{home}/x/a"], f"{home}/y")
    assert said == "names were taken, so a is called a (1)"
    assert await tree(alice, home) == ["x/", "x/a", "y/", "y/a", "y/a (1)", "y/z", "a"]


async def test_what_cannot_be_copied(alice: Client, bob: Client, home: str, put: Put) -> None:
    """Each refusal leaves everything as it was."""
    await put("a/f", "b")
    before = await tree(alice, home)
    for source, target, error in (
        ("lost", "x", NotFound),
        ("b", "missing/b", NotFound),
        ("a", "missing/a", NotFound),
        ("a", "a/c", Refused),
    ):
        with pytest.raises(error):
            await alice.copy(f"{home}/{source}", f"{home}/{target}")
    with pytest.raises(Refused, match="right to read b"):
        await bob.copy(f"{home}/b", f"{home}/c")
    with pytest.raises(Refused, match="not yours to read"):
        await bob.copy(f"{home}/a", f"{home}/c")
    assert await tree(alice, home) == before


async def test_what_cannot_be_moved(alice: Client, bob: Client, home: str, put: Put) -> None:
    """Each refusal leaves everything as it was, also one that comes after a first step."""
    await put("a/f", "b", "1/2/3/4/5/6/7/8/x")
    for source, target, error in (
        ("lost", "x", NotFound),
        ("b", "missing/b", NotFound),
        ("a", "a/a", Refused),
        ("a", "a/c", Refused),
        ("1", "1/2/c", Refused),
    ):
        with pytest.raises(error):
            await alice.move(f"{home}/{source}", f"{home}/{target}")
    with pytest.raises(InvalidInput):
        await alice.move("/", f"{home}/x")
    with pytest.raises(Refused, match="right to"):
        await bob.move(f"{home}/b", f"{home}/a/b")
    await put("deep/y/z/f")
    with pytest.raises(Refused, match="10 names at most"):
        await alice.move(f"{home}/deep", f"{home}/1/2/3/4/5/6/7/8/c")
    assert [name for name in await tree(alice, home) if not name.startswith("1/")] == [
        *("a/", "a/f", "deep/", "deep/y/", "deep/y/z/", "deep/y/z/f", "b")
    ]


async def test_deleting(alice: Client, bob: Client, home: str, put: Put) -> None:
    """Files one by one, folders with everything in them; never the root, nor files of others."""
    await put("a", "b", "x/y/c")
    await alice.delete_file(f"{home}/a")
    with pytest.raises(NotFound, match="no such file"):
        await alice.delete_file(f"{home}/a")
    with pytest.raises(NotFound):
        await alice.delete_file(f"{home}/missing/a")
    with pytest.raises(Refused, match="nothing was deleted"):
        await bob.delete_folder(f"{home}/x")
    await alice.delete_folder(f"{home}/x")
    with pytest.raises(NotFound):
        await alice.delete_folder(f"{home}/x")
    with pytest.raises(InvalidInput, match="root"):
        await alice.delete_folder("/")
    assert await tree(alice, home) == ["b"]


async def test_a_file_is_found_on_any_page(alice: Client, home: str) -> None:
    """Also among many, and one that is not there is not found, wherever it would be."""
    names = [f"{number:03}" for number in range(1, 230)]
    for name in names:
        await alice.upload(b"", f"{home}/{name}")
    for name in (names[0], names[99], names[100], names[150], names[-1]):
        assert (await alice.find_file(f"{home}/{name}")).name == name
    for name in ("000", "0995", "1", "999"):
        with pytest.raises(NotFound, match=name):
            await alice.find_file(f"{home}/{name}")
    with pytest.raises(NotFound):
        await alice.find_file(f"{home}/missing/a")


async def test_shares_are_added_changed_listed_and_removed(
    alice: Client, bob: Client, home: str, put: Put, tmp_path: Path
) -> None:
    """By user names; what the other one may do follows."""
    await put("a")
    remote = f"{home}/a"
    assert (await alice.access_of(remote)).shares == ()
    with pytest.raises(Forbidden):
        await bob.download(remote, tmp_path)
    await alice.share(remote, "BOB")
    assert (await bob.download(remote, tmp_path)).read_bytes() == b"a"
    assert (await bob.find_file(remote)).ownership is Ownership.SHARED
    await alice.share(remote, "bob", can_write=True)
    (share,) = (await alice.access_of(remote)).shares
    assert (share.user.name, share.can_write) == ("bob", True)
    with pytest.raises(Refused, match="only its owner"):
        await bob.access_of(remote)
    await alice.unshare(remote, "bob")
    assert (await alice.access_of(remote)).shares == ()
    with pytest.raises(Refused, match="not shared"):
        await alice.unshare(remote, "bob")
    with pytest.raises(NotFound, match="bo: there is no such user"):
        await alice.share(remote, "bo")
    with pytest.raises(NotFound, match="lost: there is no such file"):
        await alice.share(f"{home}/lost", "bob")
    with pytest.raises(NotFound, match="lost: there is no such file"):
        await alice.unshare(f"{home}/lost", "bob")
    with pytest.raises(NotFound, match="lost: there is no such file"):
        await alice.set_public(f"{home}/lost", is_public=True)


async def test_a_stored_file_is_made_public_and_private(
    alice: Client, bob: Client, home: str, put: Put, tmp_path: Path
) -> None:
    """Others read it as long as it is public; only its owner decides that."""
    await put("a")
    remote = f"{home}/a"
    with pytest.raises(Refused, match="only its owner"):
        await bob.set_public(remote, is_public=True)
    await alice.set_public(remote, is_public=True)
    assert (await alice.access_of(remote)).is_public is True
    assert (await bob.find_file(remote)).ownership is Ownership.PUBLIC
    assert (await bob.download(remote, tmp_path)).read_bytes() == b"a"
    await alice.set_public(remote, is_public=False)
    assert (await alice.access_of(remote)).is_public is False
    with pytest.raises(Forbidden):
        await bob.download(remote, tmp_path)


async def test_a_file_is_given_away(alice: Client, bob: Client, home: str, put: Put) -> None:
    """The giver keeps access if that is wanted; shares go if that is wanted."""
    await put("a")
    await alice.share(f"{home}/a", "bobby")
    await alice.transfer_ownership(f"{home}/a", "bob", delete_shares=True, keep_access=True)
    (share,) = (await bob.access_of(f"{home}/a")).shares
    assert (share.user.name, share.can_write) == ("alice", True)
    with pytest.raises(Refused, match="only its owner"):
        await alice.transfer_ownership(f"{home}/a", "alice")


async def test_users_are_found(alice: Client) -> None:
    """By a part of their names; a whole name finds its user alone."""
    assert [user.name for user in await alice.search_users("bob")] == ["bob", "bobby"]
    assert (await alice.find_user("Bobby")).name == "bobby"
    assert await alice.search_users("zzz") == []
    for query in ("", "a b", "ä"):
        with pytest.raises(InvalidInput):
            await alice.search_users(query)


async def test_a_signed_link_needs_no_account(
    alice: Client, bob: Client, home: str, put: Put
) -> None:
    """Whoever has it reads the file; who may not share the file gets none."""
    await put("a.txt")
    link = await alice.signed_link(f"{home}/a.txt")
    async with (
        aiohttp.ClientSession() as http,
        http.get(link) as response,
    ):
        assert (response.status, await response.read()) == (200, b"a.txt")
    with pytest.raises(Forbidden):
        await bob.signed_link(f"{home}/a.txt")
    with pytest.raises(NotFound):
        await alice.signed_link(f"{home}/b.txt")


async def test_a_folder_comes_as_an_archive(
    alice: Client, home: str, put: Put, tmp_path: Path
) -> None:
    """To a file, or piece by piece; a failure leaves what was there."""
    await put("a", "x/b")
    target = await alice.download_archive(f"{home}/x", tmp_path)
    assert target == tmp_path / "x.zip"
    assert zipfile.ZipFile(target).read("b") == b"x/b"
    pieces = [piece async for piece in alice.read_archive(home)]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert sorted(archive.namelist()) == ["a", "x/", "x/b"]
    with pytest.raises(NotFound):
        await alice.download_archive(f"{home}/missing", target)
    with pytest.raises(TargetUnwritable):
        await alice.download_archive(home, tmp_path / "no" / "folder.zip")
    assert [path.name for path in files_in(tmp_path)] == ["x.zip"]
    assert zipfile.ZipFile(target).namelist() == ["b"]


async def test_an_archive_that_is_cancelled_lets_its_target_go(
    alice: Client, home: str, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock goes although a thread was just about to take it, and nothing is left."""
    await put("a")
    target = tmp_path / "all.zip"
    with monkeypatch.context() as patched:
        events = held(patched, "open")
        await cancelled_at(alice.download_archive(home, target), *events)
    assert names_in(tmp_path) == []
    assert await alice.download_archive(home, target) == target


async def test_a_password_is_changed(cloud_url: str, tokens: dict[str, str]) -> None:
    """The old token dies with the old password; a wrong one changes nothing."""
    async with Client(cloud_url) as cloud:
        await cloud.register("dora", PASSWORD, admin_token=tokens["alice"])
        token = await cloud.login("dora", PASSWORD)
        with pytest.raises(WrongPassword):
            await cloud.change_password("dora", "wrong horse", "new password")
        await cloud.change_password("dora", PASSWORD, "new password")
        assert await cloud.login("dora", "new password")
    with pytest.raises(NotLoggedIn):
        async with Client(cloud_url, token):
            pass


async def test_a_manager_without_the_extension(manager, make_client) -> None:
    """Everything else works; what needs it is an error."""
    manager.files = {"/a": b"x"}
    async with make_client() as cloud:
        assert [entry.name async for entry in cloud.list("/")] == ["a"]
        with pytest.raises(CloudError):
            await cloud.move_folder("/a", "/b")


@pytest.mark.parametrize("content", [b"x", b""], ids=["some bytes", "no bytes"])
@pytest.mark.parametrize(
    ("policy", "outcome", "expected"),
    [
        ("rename", Outcome.RENAMED, ["d.x/", "d (1).x"]),
        ("skip", Outcome.SKIPPED, ["d.x/"]),
        ("overwrite", None, ["d.x/"]),
    ],
)
@pytest.mark.parametrize("is_asked", [True, False])
async def test_a_folder_has_the_name_of_an_upload(
    alice: Client,
    home: str,
    content: bytes,
    policy: Policy,
    outcome: Outcome | None,
    expected: list[str],
    is_asked: bool,
) -> None:
    """It can be renamed or skipped; the folder is never replaced, and the error names it."""
    path, asked = f"{home}/d.x", []

    def ask(conflict: Conflict) -> ConflictAnswer:
        asked.append(conflict)
        return ConflictAnswer(OnConflict(policy))

    await alice.create_folder(path)
    uploading = alice.upload(content, path, on_conflict=ask if is_asked else policy)
    if outcome is None:
        with pytest.raises(UploadFailed, match=f"{path} is a folder"):
            await uploading
    else:
        assert (await uploading).outcome is outcome
    assert await tree(alice, home) == expected
    assert asked == ([Conflict(path=path, is_folder=True)] if is_asked else [])


async def test_folders_are_asked_about_though_all_files_are_overwritten(
    alice: Client, home: str, put: Put
) -> None:
    """An answer for all that overwrites was given about files."""
    asked: list[str] = []

    def ask(conflict: Conflict) -> ConflictAnswer:
        asked.append(conflict.name)
        choice = OnConflict.RENAME if conflict.is_folder else OnConflict.OVERWRITE
        return ConflictAnswer(choice, use_on_all=not conflict.is_folder)

    await put("a", "b")
    await alice.create_folder(f"{home}/d")
    for name in ("a", "b", "d", "a"):
        await alice.upload(b"new", f"{home}/{name}", on_conflict=ask)
    assert asked == ["a", "d"]
    assert await tree(alice, home) == ["d/", "a", "b", "d (1)"]


@pytest.mark.parametrize("content", [b"x", b""], ids=["some bytes", "no bytes"])
async def test_nothing_is_uploaded_below_a_file(
    alice: Client, home: str, put: Put, content: bytes
) -> None:
    """The error names the file that stands where a folder would have to be."""
    await put("f")
    for path in (f"{home}/f/x", f"{home}/f/deep/x"):
        with pytest.raises((UploadFailed, Refused), match=f"{home}/f is a file"):
            await alice.upload(content, path)
    with pytest.raises(Refused, match=f"{home}/f is a file"):
        await alice.create_folder(f"{home}/f/new")
    assert await tree(alice, home) == ["f"]
