"""Files that strangers add to a folder by a link, from the ticket to Discord and back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from catalog.records import StorageQuota
from catalog.service_port import TICKET_SERVICE
from manager.app_keys import CATALOG
from tests.system.ticketing import form_of
from tests.system.whole import Whole, content_of

TEXT = {"type": "text/plain"}
MODIFIED = {"modified_at": "1970-01-01T00:00:01.500Z"}


class Stranger:
    """Somebody who has a link and no account."""

    def __init__(self, whole: Whole, http: aiohttp.ClientSession, link: dict[str, Any]) -> None:
        self.whole, self.http, self.link = whole, http, link

    async def call(
        self, method: str, route: str = "", body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and answer of a request about the link."""
        address, _, query = self.link["url"].partition("?")
        async with self.http.request(
            method, f"{address}{route}?{query}", json=body, headers=headers
        ) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.text())

    async def begin(self, name: str, size: int, **others: str) -> dict[str, Any]:
        """A form for a file."""
        body = {"name": name, "size": size} | others
        status, answer = await self.call("POST", "/uploads", body)
        assert status == 200, answer
        form: dict[str, Any] = answer
        return form

    async def send(self, form: dict[str, Any], content: bytes) -> int:
        """Sends the form; its status."""
        async with self.http.post(form["url"], data=form_of(form, content)) as answer:
            return answer.status

    async def add(self, name: str, content: bytes, **others: str) -> tuple[int, Any]:
        """Adds a file; status and answer of the end."""
        form = await self.begin(name, len(content), **others)
        assert await self.send(form, content) == 204
        return await self.call("POST", f"/uploads/{form['upload_id']}", {})


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def link(whole, http):
    """Makes a link for uploads to a folder of Alice's."""

    async def make(**options: Any) -> Stranger:
        await whole.app[CATALOG].make_folders(("inbox",))
        headers = {"Authorization": f"Bearer {await whole.token('alice')}"}
        body = {"path": "/inbox", "for_uploads": True} | options
        url = f"{whole.url}/account/folder-links"
        async with http.post(url, json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return Stranger(whole, http, (await answer.json())["link"])

    return make


async def in_folder(whole: Whole) -> dict[str, Any]:
    """The files of the folder, by name."""
    catalog = whole.app[CATALOG]
    folder = await catalog.folder_at(("inbox",))
    assert folder is not None
    files = await catalog.files_after(folder.id, viewer_id=None, after="", limit=100)
    return {file.name: file for file in files}


async def test_what_is_sent_is_a_file_of_who_made_the_link(whole, link):
    """With all its bytes and its time; a taken name is numbered, and the sender is told nothing of it."""
    stranger, content = await link(), content_of(2500)
    alice = await whole.app[CATALOG].user_by_name("alice")
    for _ in range(2):
        status, answer = await stranger.add("ä b.txt", content, **TEXT, **MODIFIED)
        assert (status, answer) == (200, {"error": False})
    files = await in_folder(whole)
    assert sorted(files) == ["ä b (1).txt", "ä b.txt"]
    assert {file.owner_id for file in files.values()} == {alice.id}
    assert {(file.is_public, file.modified_at) for file in files.values()} == {(False, 1.5)}
    headers = {"Authorization": f"Bearer {await whole.token('alice')}"}
    async with stranger.http.get(
        f"{whole.url}/download", params={"path": "/inbox", "name": "ä b.txt"}, headers=headers
    ) as response:
        assert await response.read() == content
    references = await whole.app[CATALOG].references_on(files["ä b.txt"].object_id)
    assert TICKET_SERVICE not in {each.service for each in references}


async def test_an_empty_file_is_there_at_once(whole, link):
    """Nothing has to be sent for it."""
    form = await (await link()).begin("empty.txt", 0, type="no type", **MODIFIED)
    assert (form["url"], form["fields"]) == (None, [])
    stored = (await in_folder(whole))["empty.txt"]
    assert (stored.size, stored.mime_type, stored.modified_at) == (0, "text/plain", 1.5)


async def test_who_has_the_link_sees_nothing_of_the_folder(whole, link):
    """Neither by the page, nor as a program; and may not read what is in it."""
    stranger = await link(max_files=3, max_total_size=5000)
    await stranger.add("secret.txt", content_of(10), **TEXT)
    status, page = await stranger.call("GET", Accept="text/html")
    assert status == 200
    assert "secret" not in page
    assert "inbox" not in page
    assert 'src="/page/' in page
    status, limits = await stranger.call("GET")
    assert limits == {
        "error": False,
        "for_uploads": True,
        "max_file_size": None,
        "remaining_files": 2,
        "remaining_size": 4990,
        "expires_at": limits["expires_at"],
    }
    stranger.link = {"url": f"{stranger.link['url']}&name=secret.txt"}
    assert "secret" not in str((await stranger.call("GET"))[1])


async def test_limits_are_kept(whole, link):
    """Before anything is sent, also with what is under way; what is given up makes room."""
    stranger = await link(max_files=2, max_file_size=3000, max_total_size=4000)
    refused = {"name": "a", "size": 3001}
    status, answer = await stranger.call("POST", "/uploads", refused)
    assert (status, answer["code"]) == (403, "link-full")
    first = await stranger.begin("a.txt", 3000, **TEXT)
    status, answer = await stranger.call("POST", "/uploads", {"name": "b", "size": 1001})
    assert (status, answer["code"]) == (403, "link-full")
    assert (await stranger.call("DELETE", f"/uploads/{first['upload_id']}"))[0] == 200
    assert await in_folder(whole) == {}
    await stranger.add("b.txt", content_of(1001), **TEXT)
    await stranger.add("c.txt", content_of(2), **TEXT)
    status, answer = await stranger.call("POST", "/uploads", {"name": "d", "size": 1})
    assert (status, answer["code"]) == (403, "link-used-up")


async def test_a_file_is_not_there_before_its_end(whole, link):
    """What was not sent cannot be finished, nor what another link has begun."""
    stranger, other = await link(), await link()
    form = await stranger.begin("a.txt", 10, **TEXT)
    route = f"/uploads/{form['upload_id']}"
    assert (await stranger.call("POST", route, {}))[0] == 400
    assert await stranger.send(form, content_of(10)) == 204
    assert (await other.call("POST", route, {}))[0] == 404
    assert await in_folder(whole) == {}
    done = await asyncio.gather(*(stranger.call("POST", route, {}) for _ in range(3)))
    assert [status for status, _ in done] == [200, 200, 200]
    assert list(await in_folder(whole)) == ["a.txt"]
    assert (await stranger.call("POST", "/uploads/none", {}))[0] == 404


async def test_the_quota_of_its_maker_counts(whole, link):
    """Before anything is sent, and when the file is put into the folder."""
    stranger = await link()
    catalog = whole.app[CATALOG]
    alice = await catalog.user_by_name("alice")
    form = await stranger.begin("a.txt", 100, **TEXT)
    await stranger.send(form, content_of(100))
    await catalog.set_quota(alice.id, StorageQuota(bytes=50))
    status, answer = await stranger.call("POST", f"/uploads/{form['upload_id']}", {})
    assert (status, answer["code"]) == (403, "link-storage-full")
    assert await in_folder(whole) == {}
    _, limits = await stranger.call("GET")
    assert limits["remaining_files"] is None
    assert (await catalog.folder_link_by_id(_id(stranger))).received_files == 0


async def test_a_revoked_link_takes_nothing(whole, link):
    """Also of what was begun before."""
    stranger = await link()
    form = await stranger.begin("a.txt", 10, **TEXT)
    await stranger.send(form, content_of(10))
    catalog = whole.app[CATALOG]
    alice = await catalog.user_by_name("alice")
    await catalog.revoke_folder_link(_id(stranger), owner_id=alice.id, at=1.0)
    status, answer = await stranger.call("POST", f"/uploads/{form['upload_id']}", {})
    assert (status, answer["code"]) == (403, "link-revoked")
    assert await in_folder(whole) == {}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a/b", "size": 1},
        {"name": "", "size": 1},
        {"name": "a", "size": -1},
        {"name": "a", "size": 1, "folder": "/"},
        {"name": "a"},
    ],
    ids=str,
)
async def test_wrong_requests(link, body):
    """Are refused, and change nothing."""
    assert (await (await link()).call("POST", "/uploads", body))[0] == 400


async def test_a_password_is_needed_for_all_of_it(link):
    """Not for the page alone; a link for reading takes nothing at all."""
    stranger = await link(password="open sesame")
    body = {"name": "a", "size": 1}
    status, answer = await stranger.call("POST", "/uploads", body)
    assert (status, answer["code"]) == (403, "link-password-required")
    basic = {"Authorization": "Basic Om9wZW4gc2VzYW1l"}
    assert (await stranger.call("POST", "/uploads", body, **basic))[0] == 200
    reading = await link(for_uploads=False)
    status, answer = await reading.call("POST", "/uploads", body)
    assert (status, answer["code"]) == (403, "wrong-link-kind")


def _id(stranger: Stranger) -> Any:
    return UUID(stranger.link["id"])
