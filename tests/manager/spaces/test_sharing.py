"""Folders and files that are shared, as clients of the base protocol see them."""

import io
import zipfile

from protocol import c2s, s2c
from tests.manager.spaces.test_homes import listing, status


async def test_a_shared_folder_is_seen_below_shared(cloud, alice, bob):
    """With all that is in it; its own path stays hidden."""
    await cloud.put_at("alice", "/a/b/trip/day/f.txt")
    await cloud.share("alice", "/a/b/trip", "read", user="bob")
    assert list(await listing(bob, "/Shared")) == ["trip"]
    assert list(await listing(bob, "/Shared/trip")) == ["day"]
    assert list(await listing(bob, "/Shared/trip/day")) == ["f.txt"]
    shown = await status(bob, "/Shared/trip")
    assert shown["folder_id"] == (await status(alice, "/a/b/trip"))["folder_id"]
    assert (await status(bob, "/Shared"))["subfolder_count"] == 1
    got = await cloud.get("bob", "/download", path="/Shared/trip/day", name="f.txt")
    assert got == (200, b"")
    assert (await cloud.get("bob", "/bulk-download", path="/Shared/trip"))[0] == 200


async def test_rights_are_kept_to(cloud, alice, bob):
    """Reading, writing and managing, one after the other."""
    await cloud.put_at("alice", "/trip/f.txt")
    await cloud.share("alice", "/trip", "read", user="bob")
    before = await cloud.everything()
    await bob.refusal("c2s:create-folder", path="/Shared/trip/new")
    await bob.refusal("c2s:empty-file-upload", path="/Shared/trip", name="new")
    await bob.refusal("c2s:rename-file", path="/Shared/trip", name="f.txt", target_name="g")
    await bob.refusal("c2s:rename-folder", path="/Shared/trip", target_name="g")
    folder_id = (await status(bob, "/Shared/trip"))["folder_id"]
    await bob.refusal("c2s:delete-file", folder_id=folder_id, name="f.txt")
    await bob.refusal("c2s:delete-folder", folder_id=folder_id)
    assert await cloud.everything() == before
    await cloud.share("alice", "/trip", "write", user="bob")
    await bob.order("c2s:create-folder", path="/Shared/trip/new")
    await bob.order("c2s:rename-file", path="/Shared/trip", name="f.txt", target_name="g")
    await bob.refusal(
        "c2s:file-share", path="/Shared/trip", name="g", target_user=bob.user.id, can_write=True
    )
    await bob.refusal("c2s:rename-folder", path="/Shared/trip", target_name="g")
    status_of_share, _ = await cloud.post(
        "bob", "/folders/sharing", path="/Shared/trip", user="cid", right="read"
    )
    assert status_of_share in {403, 404}
    await cloud.user("cid")
    await cloud.share("alice", "/trip", "manage", user="bob")
    await cloud.share("bob", "/Shared/trip", "read", user="cid")
    assert list(await listing(await cloud.frontend("cid"), "/Shared")) == ["trip"]


async def test_changes_are_told_at_the_path_at_which_they_are_seen(cloud, alice, bob):
    """And the share itself comes and goes while the client looks."""
    await alice.order("c2s:create-folder", path="/trip")
    await bob.news()
    await cloud.share("alice", "/trip", "read", user="bob")
    came = await bob.next("s2c:folder-modify", action="add")
    assert came["path"] == "/Shared/trip"
    assert came["handle"]["parent_folder"] == (await status(bob, "/Shared"))["folder_id"]
    await alice.order("c2s:empty-file-upload", path="/trip/day", name="f.txt")
    assert (await bob.next("s2c:folder-modify", action="add"))["path"] == "/Shared/trip/day"
    assert (await bob.next("s2c:file-modify", action="add"))["path"] == "/Shared/trip/day"
    await alice.order("c2s:create-folder", path="/elsewhere")
    organiser = await cloud.stage.client("alice", extensions=["organise"])
    await organiser.order(c2s.MoveFolder(path="/trip", target_path="/elsewhere"))
    await alice.order("c2s:rename-folder", path="/elsewhere", target_name="other")
    await alice.order("c2s:rename-file", path="/other/trip/day", name="f.txt", target_name="g.txt")
    changed = await bob.next("s2c:file-modify", action="modify")
    assert (changed["path"], changed["handle"]["name"]) == ("/Shared/trip/day", "g.txt")
    await alice.order("c2s:rename-folder", path="/other/trip", target_name="voyage")
    assert (await bob.next("s2c:folder-modify", action="delete"))["path"] == "/Shared/trip"
    assert (await bob.next("s2c:folder-modify", action="add"))["path"] == "/Shared/voyage"
    await cloud.share("alice", "/other/voyage", None, user="bob")
    assert (await bob.next("s2c:folder-modify", action="delete"))["path"] == "/Shared/voyage"
    assert await listing(bob, "/Shared/voyage") == {"": None}


async def test_a_single_file_is_shared(cloud, alice, bob):
    """It is seen in `Shared`, and read, changed and listed there as the share allows."""
    await cloud.put_at("alice", "/private/f.txt")
    await alice.order(
        "c2s:file-share", path="/private", name="f.txt", target_user=bob.user.id, can_write=True
    )
    shared = await listing(bob, "/Shared")
    assert shared["f.txt"]["status"] == "shared"
    assert shared["f.txt"]["can"] == "rw"
    assert (await cloud.get("bob", "/download", path="/Shared", name="f.txt"))[0] == 200
    await bob.order("c2s:rename-file", path="/Shared", name="f.txt", target_name="g.txt")
    assert list(await listing(alice, "/private")) == ["g.txt"]
    assert (await status(bob, "/Shared"))["file_count"] == 1
    folder_id = (await status(bob, "/Shared"))["folder_id"]
    await bob.order("c2s:delete-file", folder_id=folder_id, name="g.txt")
    assert await listing(alice, "/private") == {}


async def test_groups_get_rights_and_lose_them(cloud, alice, bob):
    """As members come and go."""
    await cloud.catalog.set_role(alice.user.id, is_admin=True)
    await cloud.put_at("alice", "/trip/f.txt")
    assert (await cloud.post("alice", "/admin/groups", name="family"))[0] == 200
    await cloud.share("alice", "/trip", "read", group="Family")
    assert await listing(bob, "/Shared") == {}
    assert (await cloud.post("bob", "/admin/groups/family/members", user="bob"))[0] == 403
    assert (await cloud.post("alice", "/admin/groups/family/members", user="bob"))[0] == 200
    assert list(await listing(bob, "/Shared")) == ["trip"]
    left, _ = await cloud.post("bob", "/folders/leave", path="/Shared/trip")
    assert left == 403
    shown = (await cloud.get("alice", "/folders/sharing", path="/trip"))[1]
    assert [(each["group"], each["right"]) for each in shown["grants"]] == [("family", "read")]
    assert (await cloud.get("bob", "/folders/sharing", path="/Shared/trip"))[1]["grants"] == []


async def test_a_share_is_left_and_a_folder_given_away(cloud, alice, bob):
    """By who has it."""
    await cloud.put_at("alice", "/trip/f.txt")
    await cloud.share("alice", "/trip", "write", user="bob")
    shared = (await cloud.get("bob", "/account/shared"))[1]
    assert [(each["path"], each["right"]) for each in shared["folders"]] == [
        ("/Shared/trip", "write")
    ]
    assert (await cloud.post("bob", "/folders/owner", path="/Shared/trip", user="bob"))[0] == 403
    assert (await cloud.post("bob", "/folders/leave", path="/Shared/trip"))[0] == 200
    assert await listing(bob, "/Shared") == {}
    assert (await cloud.post("alice", "/folders/owner", path="/trip", user="bob"))[0] == 200
    assert (await cloud.get("bob", "/folders/sharing", path="/Shared/trip"))[1]["right"] == "manage"


async def test_two_shares_of_one_name_are_told_apart(cloud, alice, bob):
    """The later one is numbered."""
    await alice.order("c2s:create-folder", path="/a/trip")
    await alice.order("c2s:create-folder", path="/b/trip")
    for parent in "ab":
        await cloud.share("alice", f"/{parent}/trip", "read", user="bob")
    assert list(await listing(bob, "/Shared")) == ["trip", "trip (1)"]
    position = await bob.ask("c2s:folder-status-request", path="/Shared/trip (1)")
    assert position["data"]["exists"]


async def test_the_heir_of_a_user_gets_the_home(cloud, alice, bob):
    """With all folders in it, as a folder that was shared."""
    await cloud.catalog.set_role(alice.user.id, is_admin=True)
    await cloud.put_at("bob", "/a/f.txt")
    admin = await cloud.stage.client("alice", extensions=["administer"])
    removal = await admin.ask(
        c2s.UserRemove(user_id=bob.user.id, heir_id=alice.user.id), s2c.UserRemoval
    )
    assert removal.remaining_files == 0
    assert list(await listing(alice, "/Shared")) == [f"bob {bob.user.id}"]
    assert list(await listing(alice, f"/Shared/bob {bob.user.id}/a")) == ["f.txt"]


async def test_only_administrators_share_with_everybody(cloud, alice, bob):
    """Nobody can turn that down."""
    await alice.order("c2s:create-folder", path="/news")
    refused, _ = await cloud.post(
        "alice", "/folders/sharing", path="/news", everybody=True, right="read"
    )
    assert refused == 403
    await cloud.catalog.set_role(alice.user.id, is_admin=True)
    await cloud.share("alice", "/news", "read", everybody=True)
    assert list(await listing(bob, "/Shared")) == ["news"]


async def test_the_common_space_is_archived_with_what_is_in_it(cloud, alice):
    """Also as one of the entries of the home, in which it only has a name; what is shared is left out."""
    await alice.order("c2s:empty-file-upload", path="/Common", name="all.txt")
    for name, entries in (("Common", ["Common/", "Common/all.txt"]), ("Shared", [])):
        status_, archive = await cloud.get("alice", "/bulk-download", path="/", name=name)
        assert status_ == 200
        assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == entries
