"""Who may do what, cell by cell, through the packets."""

import pytest

from catalog.permits import Holder, Standing

STANDINGS = {
    "owner": Standing(holder=Holder.USER, is_public=False, can_write=None),
    "owner of a public file": Standing(holder=Holder.USER, is_public=True, can_write=None),
    "public": Standing(holder=Holder.OTHER, is_public=True, can_write=None),
    "public and shared r": Standing(holder=Holder.OTHER, is_public=True, can_write=False),
    "shared rw": Standing(holder=Holder.OTHER, is_public=False, can_write=True),
    "shared r": Standing(holder=Holder.OTHER, is_public=False, can_write=False),
    "restricted": Standing(holder=Holder.OTHER, is_public=False, can_write=None),
    "ownerless": Standing(holder=Holder.NOBODY, is_public=False, can_write=None),
}
ALL = {
    "rename",
    "move",
    "delete",
    "delete folder",
    "share",
    "unshare",
    "transfer",
    "link",
    "thumbnail",
}
WRITING = ALL - {"share", "unshare", "transfer", "link"}
CELLS = {
    "owner": ALL,
    "owner of a public file": ALL,
    "public": WRITING,
    "public and shared r": WRITING,
    "shared rw": WRITING,
    "shared r": {"thumbnail"},
    "restricted": set(),
    "ownerless": ALL,
}


async def attempt(world, bob, deed, file) -> bool:
    """Lets Bob try something on `/a/f`; returns whether he may."""
    cid = (await world.user("cid")).id
    share = {"path": "/a", "name": "f", "target_user": cid}
    packet_id, data = {
        "rename": ("c2s:rename-file", {"path": "/a", "name": "f", "target_name": "g"}),
        "move": ("c2s:move-files", {"source_id": file.folder_id, "files": ["f"]}),
        "delete": ("c2s:delete-file", {"folder_id": file.folder_id, "name": "f"}),
        "delete folder": ("c2s:delete-folder", {"folder_id": file.folder_id}),
        "share": ("c2s:file-share", share),
        "unshare": ("c2s:file-share", {**share, "is_deleting": True}),
        "transfer": ("c2s:transfer-ownership", {"file_id": file.id, "target_user_id": cid}),
        "link": ("c2s:signed-download-request", {"file_id": file.id}),
        "thumbnail": ("c2s:thumbnail-request", {"id": file.id}),
    }[deed]
    answer = (await bob.ask(packet_id, **data))["data"]
    if deed == "link":
        return "payload" in answer
    if deed == "thumbnail":
        return bool(answer["message"] == "this file has no thumbnail")
    if not answer["success"]:
        assert "right" in answer["message"] or "not yours" in answer["message"]
    return bool(answer["success"])


@pytest.mark.parametrize("deed", sorted(ALL))
async def test_cell(world, bob, deed):
    """Whoever stands so to a file may do this, or may not and then nothing changes."""
    cid = (await world.user("cid")).id
    for name, standing in STANDINGS.items():
        file = await world.put_standing("/a/f", standing)
        if deed == "unshare":
            await world.catalog.put_share(file.id, cid, can_write=True)
        before = await world.everything()
        assert await attempt(world, bob, deed, file) is (deed in CELLS[name]), name
        changes_nothing = deed in {"link", "thumbnail"} or deed not in CELLS[name]
        assert ((await world.everything()) == before) is changes_nothing, name
        await world.catalog.delete_file(file.id)


async def test_listings_tell_everybody_what_they_may_do(world, bob):
    """A listing shows every file, with the status and the access of the viewer."""
    for name, standing in STANDINGS.items():
        await world.put_standing(f"/{name}", standing)
    listed = await bob.get("c2s:list-request", "s2c:list-files", path="/", type="files", page=0)
    assert {
        file["name"]: (file["ownership"]["status"], file["ownership"]["can"])
        for file in listed["files"]
    } == {
        "owner": ("owned", "rw"),
        "owner of a public file": ("owned", "rw"),
        "public": ("public", "rw"),
        "public and shared r": ("public", "rw"),
        "shared rw": ("shared", "rw"),
        "shared r": ("shared", "r"),
        "restricted": ("restricted", "none"),
        "ownerless": ("owned", "rw"),
    }
