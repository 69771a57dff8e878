"""Links to folders, and lists of links, where rights on folders count."""

from typing import Any


async def made_link(cloud, user, path) -> Any:
    """What the address of a new link holds."""
    status, answer = await cloud.post(user, "/account/folder-links", path=path)
    assert status == 200, answer
    return answer["link"]["url"].partition("?q=")[2]


async def opened(cloud, token) -> Any:
    """Status and answer of a link that is opened."""
    headers = {"Accept": "application/json"}
    async with cloud.session.get(
        f"{cloud.stage.url}/folder-link", params={"q": token}, headers=headers
    ) as answer:
        return answer.status, await answer.json()


async def test_who_manages_a_folder_makes_links_to_it(cloud, alice, bob):
    """Others do not, and a link ends with that right."""
    await cloud.put_at("alice", "/docs/a.txt")
    await cloud.share("alice", "/docs", "write", user="bob")
    assert (await cloud.post("bob", "/account/folder-links", path="/Shared/docs"))[0] == 403
    for hidden in ("/none", "/Shared", "/Common/none"):
        assert (await cloud.post("bob", "/account/folder-links", path=hidden))[0] == 404
    await cloud.share("alice", "/docs", "manage", user="bob")
    token = await made_link(cloud, "bob", "/Shared/docs")
    status, answer = await opened(cloud, token)
    assert (status, [each["name"] for each in answer["files"]]) == (200, ["a.txt"])
    _, answer = await cloud.get("bob", "/account/folder-links")
    assert [each["path"] for each in answer["links"]] == ["/Shared/docs"]
    await cloud.share("alice", "/docs", None, user="bob")
    status, answer = await opened(cloud, token)
    assert (status, answer["code"]) == (403, "link-not-permitted")
    _, answer = await cloud.get("bob", "/account/folder-links")
    assert [(each["path"], each["state"]) for each in answer["links"]] == [(None, "not-permitted")]


async def test_lists_of_links_name_no_hidden_files(cloud, alice, bob):
    """A link to a file that its maker may not see any more has neither path nor name."""
    file = await cloud.put_at("alice", "/docs/secret.txt")
    await cloud.share("alice", "/docs", "manage", user="bob")
    status, answer = await cloud.post("bob", "/account/links", file_id=file.id)
    assert status == 200
    _, answer = await cloud.get("bob", "/account/links")
    listed = answer["links"][0]
    assert (listed["name"], listed["path"], listed["state"]) == (
        "secret.txt",
        "/Shared/docs",
        "active",
    )
    await cloud.share("alice", "/docs", None, user="bob")
    _, answer = await cloud.get("bob", "/account/links")
    listed = answer["links"][0]
    assert (listed["name"], listed["path"], listed["state"]) == (None, None, "file-deleted")
