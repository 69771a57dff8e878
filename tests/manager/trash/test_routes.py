"""The trash and earlier contents of files, over HTTP, and what clients see of it."""

from typing import Any

from catalog.port import OverwriteOnConflict, Trashing, UploadCommit
from catalog.records import StorageQuota
from manager.app_keys import AUDIT


async def ask(cloud, method: str, path: str, name: str, **options: Any) -> tuple[int, Any]:
    """Status and answer of a request by a user."""
    headers = {"Authorization": f"Bearer {await cloud.token(name)}"}
    response = await cloud.client.request(method, path, headers=headers, **options)
    return response.status, await response.json()


async def test_clients_delete_into_the_trash(world, alice, bob, cid):
    """With the frames of ever; a restored file is one that was added, with its folder where that is new."""

    async def restore(*items: tuple[str, int]) -> Any:
        response = await world.session.post(
            f"{world.stage.url}/account/trash/restore",
            headers={"Authorization": f"Bearer {await world.stage.token('alice')}"},
            json={"items": [{"kind": kind, "id": item_id} for kind, item_id in items]},
        )
        return await response.json()

    file = await world.put("/a/f.txt", bob="r")
    folder_id = await world.folder_id("/a")
    await alice.order("c2s:delete-file", folder_id=folder_id, name="f.txt")
    for frontend in (alice, bob, cid):
        [change] = await frontend.news()
        assert (change["action"], change["handle"]["id"]) == ("delete", file.id)
    await alice.order("c2s:delete-folder", folder_id=folder_id)
    for frontend in (alice, bob, cid):
        [change] = await frontend.news()
        assert (change["id"], change["action"]) == ("s2c:folder-modify", "delete")
    assert await world.paths() == []
    answer = await restore(("file", file.id), ("folder", 99))
    assert answer["restored"] == [{"kind": "file", "id": file.id, "path": "/a", "name": "f.txt"}]
    assert [each["code"] for each in answer["refused"]] == ["not-in-trash"]
    for frontend in (alice, bob, cid):
        made, added = await frontend.news()
        assert (made["action"], made["path"]) == ("add", "/a")
        assert (added["action"], added["path"], added["handle"]["id"]) == ("add", "/a", file.id)
    answer = await restore(("folder", folder_id))
    assert answer["restored"][0]["name"] == "a (1)"
    for frontend in (alice, bob, cid):
        [change] = await frontend.news()
        assert (change["action"], change["path"]) == ("add", "/a (1)")


async def test_emptying_frees_space_at_once(cloud):
    """What a user has thrown away counts until then; administrators see none of it."""
    await cloud.token("alice")
    await cloud.token("bob")
    bob = await cloud.catalog.user_by_name("bob")
    await cloud.catalog.set_quota(bob.id, StorageQuota(bytes=40))
    for name in ("a", "b"):
        file = await cloud.store(f"/{name}.txt", b"x" * 15, owner="bob")
        trashing = Trashing(user_id=bob.id, keep_s=1000.0)
        await cloud.catalog.delete_file(file.id, trashing=trashing)
    _, answer = await ask(cloud, "GET", "/account/trash", "bob")
    assert (answer["bytes"], answer["files"], answer["next"]) == (30, 2, None)
    assert [item["name"] for item in answer["items"]] == ["b.txt", "a.txt"]
    _, answer = await ask(cloud, "GET", "/account/trash", "alice")
    assert answer["items"] == []
    body = {"items": [{"kind": "file", "id": file.id}]}
    assert (await ask(cloud, "POST", "/account/trash/delete", "bob", json=body))[0] == 200
    assert (await cloud.catalog.user_storage(bob.id)).used_bytes == 15
    assert (await ask(cloud, "POST", "/account/trash/empty", "bob", json={}))[0] == 200
    assert (await cloud.catalog.user_storage(bob.id)).used_bytes == 0
    _, answer = await ask(cloud, "GET", "/account/trash", "bob")
    assert answer["items"] == []
    await cloud.app[AUDIT].flush()
    _, answer = await ask(cloud, "GET", "/admin/audit?action=trash-emptied", "alice")
    assert {event["actor"] for event in answer["events"]} == {"bob"}


async def test_versions_are_read_and_restored(cloud):
    """By who may change the file; the present content is kept instead."""
    await cloud.token("alice")
    await cloud.token("bob")
    file = await cloud.store("/docs/a.txt", b"old content", is_public=False)
    content = await cloud.stored(b"new")
    await cloud.catalog.commit_upload(
        UploadCommit(
            object_id=content.id,
            mime_type="",
            hash_hex="",
            folder=("docs",),
            name="a.txt",
            owner_id=file.owner_id,
            is_public=False,
            on_conflict=OverwriteOnConflict(file.id),
            keep_versions=3,
        )
    )
    bob = await cloud.catalog.user_by_name("bob")
    await cloud.catalog.put_share(file.id, bob.id, can_write=False)
    path = f"/versions/{file.id}"
    _, answer = await ask(cloud, "GET", path, "alice")
    [version] = answer["versions"]
    assert version["size"] == 11
    query = {"path": "/docs", "name": "a.txt", "version": str(version["id"])}
    for name, status, body in (("alice", 200, b"old content"), ("bob", 403, None)):
        headers = {"Authorization": f"Bearer {await cloud.token(name)}"}
        response = await cloud.client.get("/download", params=query, headers=headers)
        assert response.status == status
        assert body is None or await response.read() == body
    assert (await ask(cloud, "GET", path, "bob"))[0] == 403
    _, granted = await ask(cloud, "POST", "/page/content-access", "alice")
    content_path = f"{granted['path']}/{file.id}"
    for version_id, expected in ((version["id"], b"old content"), (None, b"new")):
        query = {} if version_id is None else {"version": str(version_id)}
        response = await cloud.client.get(content_path, params=query)
        assert await response.read() == expected
    assert (await ask(cloud, "POST", f"{path}/{version['id']}/restore", "bob"))[0] == 403
    assert (await ask(cloud, "POST", f"{path}/{version['id']}/restore", "alice"))[0] == 200
    restored = await cloud.catalog.file_by_id(file.id)
    assert (restored.size, restored.object_id) == (11, file.object_id)
    _, answer = await ask(cloud, "GET", path, "alice")
    [version] = answer["versions"]
    assert version["size"] == 3
    assert (await ask(cloud, "DELETE", f"{path}/{version['id']}", "alice"))[0] == 200
    assert (await ask(cloud, "DELETE", f"{path}/{version['id']}", "alice"))[0] == 404
