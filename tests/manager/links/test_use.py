"""What a link is good for: it is checked at every use, and says why it does not open its file.

A gateway answers as the manager does.
"""

import asyncio
import json
from base64 import b64encode
from typing import Any

import pytest

from catalog.port import OverwriteOnConflict
from catalog.records import AuditQuery
from discord_emulator.testing import VirtualClock
from manager.app_keys import AUDIT, LINKS
from tests.commits import commit_file
from tests.manager.downloads.test_previews import BROWSER, CRAWLERS
from tests.manager.links.making import make_link


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock(1_800_000_000.0)


@pytest.fixture
async def cloud(tmp_path, running_either, clock):
    """A manager with Alice and Bob, whose clock stands."""
    async with running_either(tmp_path, clock=clock, trusted_proxies="127.0.0.0/8") as running:
        for name in ("alice", "bob"):
            await running.token(name)
        yield running


@pytest.fixture
async def file(cloud, content):
    """A file of Alice's."""
    return await cloud.store("/docs/secret.txt", content)


async def get(
    cloud, token: str, *, method: str = "GET", route: str = "/signed-download", **headers: str
) -> Any:
    """Uses a link."""
    return await cloud.reader.request(method, route, params={"q": token}, headers=headers)


async def outcome(cloud, token, **headers) -> tuple[int, str | None]:
    """The status, and the code of an error."""
    response = await get(cloud, token, **headers)
    is_error = response.content_type == "application/json"
    return response.status, (await response.json()).get("code") if is_error else None


async def revoke(cloud, link) -> None:
    """Ends a link of Alice's."""
    alice = await cloud.catalog.user_by_name("alice")
    await cloud.app[LINKS].revoke(link.id, user=alice)


async def test_an_expired_link_says_so(cloud, file, clock):
    """From the second on at which its time is over."""
    _, token = await make_link(cloud.app, file, life_s=60)
    clock.advance(59)
    assert await outcome(cloud, token) == (200, None)
    clock.advance(1)
    assert await outcome(cloud, token) == (403, "link-expired")
    assert (await get(cloud, token, route="/signed-download-metadata")).status == 403


async def test_a_link_without_an_expiry_lasts(cloud, file, clock):
    """For years."""
    _, token = await make_link(cloud.app, file, life_s=None)
    clock.advance(10 * 366 * 24 * 3600)
    assert await outcome(cloud, token) == (200, None)


async def test_a_revoked_link_says_so(cloud, file):
    """Also to who has used it before."""
    link, token = await make_link(cloud.app, file)
    assert await outcome(cloud, token) == (200, None)
    await revoke(cloud, link)
    assert await outcome(cloud, token) == (403, "link-revoked")


async def test_a_link_ends_with_its_makers_right(cloud, file):
    """Whoever gets the file does not answer for links of its last owner; given back, they work again."""
    _, token = await make_link(cloud.app, file)
    bob = await cloud.catalog.user_by_name("bob")
    await cloud.catalog.set_owner(file.id, bob.id, share_with=file.owner_id)
    assert await outcome(cloud, token) == (403, "link-not-permitted")
    await cloud.catalog.set_public(file.id, is_public=True)
    assert await outcome(cloud, token) == (403, "link-not-permitted")
    await cloud.catalog.set_owner(file.id, file.owner_id)
    assert await outcome(cloud, token) == (200, None)


async def test_a_link_goes_with_its_maker(cloud, content):
    """A user who is removed takes all links along, whoever has the files then."""
    file = await cloud.store("/of-bob.txt", content, owner="bob")
    _, token = await make_link(cloud.app, file)
    alice = await cloud.catalog.user_by_name("alice")
    await cloud.catalog.release_files(file.owner_id, heir_id=alice.id, limit=9)
    await cloud.catalog.remove_user(file.owner_id)
    assert await outcome(cloud, token) == (403, "invalid-link")


async def test_a_link_may_follow_the_content(cloud, file):
    """If its maker has said so; otherwise it ends with the content that it was made for."""
    _, fixed = await make_link(cloud.app, file)
    _, following = await make_link(cloud.app, file, follows_content=True)
    await commit_file(
        cloud.catalog,
        (await cloud.stored(b"newer")).id,
        ("docs",),
        "secret.txt",
        owner_id=file.owner_id,
        is_public=False,
        on_conflict=OverwriteOnConflict(file.id),
    )
    assert await outcome(cloud, fixed) == (404, None)
    response = await get(cloud, following)
    assert await response.read() == b"newer"


async def test_a_link_is_used_so_often(cloud, file, content):
    """A whole file counts, a range from the start counts; HEAD and a fresh copy do not."""
    link, token = await make_link(cloud.app, file, max_downloads=2)
    head = await get(cloud, token, method="HEAD")
    assert head.status == 200
    assert (await get(cloud, token, **{"If-None-Match": head.headers["ETag"]})).status == 304
    assert (await get(cloud, token, Range="bytes=9999-")).status == 416
    assert await outcome(cloud, token) == (200, None)
    first = await get(cloud, token, Range="bytes=0-9")
    assert (first.status, await first.read()) == (206, content[:10])
    assert await outcome(cloud, token) == (403, "link-used-up")
    assert (await cloud.catalog.link_by_id(link.id)).downloads == 2


async def test_a_download_that_has_begun_goes_on(cloud, file, content):
    """Its later ranges count nothing, also when the link is used up; another client begins anew."""
    _, token = await make_link(cloud.app, file, max_downloads=1)
    await (await get(cloud, token, Range="bytes=0-9")).read()
    for _ in range(2):
        rest = await get(cloud, token, Range="bytes=10-")
        assert (rest.status, await rest.read()) == (206, content[10:])
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    assert await outcome(cloud, token, Range="bytes=10-", **elsewhere) == (403, "link-used-up")
    assert await outcome(cloud, token) == (403, "link-used-up")


async def test_who_begins_in_the_middle_is_counted(cloud, file):
    """No order of ranges gets around the limit."""
    link, token = await make_link(cloud.app, file, max_downloads=1)
    assert await outcome(cloud, token, Range="bytes=10-") == (206, None)
    assert (await cloud.catalog.link_by_id(link.id)).downloads == 1
    assert await outcome(cloud, token, Range="bytes=0-9") == (403, "link-used-up")


async def test_downloads_at_once_do_not_exceed_the_limit(cloud, file):
    """However many clients begin together."""
    _, token = await make_link(cloud.app, file, max_downloads=3)
    outcomes = await asyncio.gather(*(outcome(cloud, token) for _ in range(10)))
    assert sorted(outcomes, key=str) == [(200, None)] * 3 + [(403, "link-used-up")] * 7


async def test_a_browser_is_told_on_a_page(cloud, file):
    """In words, without a script, and without anything of the file."""
    link, token = await make_link(cloud.app, file)
    await revoke(cloud, link)
    response = await get(cloud, token, Accept="text/html", **{"User-Agent": BROWSER})
    page = await response.text()
    assert (response.status, response.content_type) == (403, "text/html")
    assert "This link was revoked" in page
    assert "secret" not in page
    assert "script" not in response.headers["Content-Security-Policy"]


@pytest.fixture
async def protected(cloud, file):
    """A link with a password."""
    return await make_link(cloud.app, file, password="open sésame")


async def test_a_password_is_asked_for(cloud, protected, content):
    """A browser gets a form, and after the right password the file, and its ranges, for some hours."""
    _, token = protected
    page = await get(cloud, token, Accept="text/html")
    text = await page.text()
    assert (page.status, page.content_type) == (403, "text/html")
    assert '<form method="post">' in text
    assert "secret" not in text
    response = await cloud.reader.post(
        "/signed-download",
        params={"q": token},
        data={"password": "open sésame"},
        headers={"Accept": "text/html"},
    )
    assert response.status == 200
    assert await response.read() == content
    [cookie] = [each for each in cloud.reader.session.cookie_jar if each.key.startswith("link-")]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (
        True,
        "Lax",
        "/signed-download",
    )
    assert await outcome(cloud, token, Range="bytes=0-1") == (206, None)


async def test_a_wrong_password_opens_nothing(cloud, protected):
    """The form says so; no cookie is set."""
    _, token = protected
    response = await cloud.reader.post(
        "/signed-download",
        params={"q": token},
        data={"password": "wrong"},
        headers={"Accept": "text/html"},
    )
    assert response.status == 403
    assert "Wrong password" in await response.text()
    assert not [each for each in cloud.reader.session.cookie_jar if each.key.startswith("link-")]
    assert await outcome(cloud, token) == (403, "link-password-required")


async def test_a_remembered_password_ends(cloud, protected, clock):
    """After some hours, and with another password."""
    link, token = protected

    async def enter() -> None:
        data = {"password": "open sésame"}
        await cloud.reader.post("/signed-download", params={"q": token}, data=data)
        assert await outcome(cloud, token) == (200, None)

    await enter()
    clock.advance(4 * 3600)
    assert await outcome(cloud, token) == (403, "link-password-required")
    await enter()
    alice = await cloud.catalog.user_by_name("alice")
    await cloud.app[LINKS].change(link, {}, user=alice, password="another one")
    assert await outcome(cloud, token) == (403, "link-password-required")


async def test_programs_send_the_password_by_basic_authentication(cloud, protected, content):
    """With any user name; the name of the file comes with the password alone."""
    _, token = protected
    right = {"Authorization": basic("open sésame")}
    wrong = {"Authorization": basic("wrong")}
    assert await (await get(cloud, token, **right)).read() == content
    assert await outcome(cloud, token, **wrong) == (403, "wrong-link-password")
    assert await outcome(cloud, token) == (403, "link-password-required")
    route = "/signed-download-metadata"
    assert (await get(cloud, token, route=route)).status == 403
    assert (await (await get(cloud, token, route=route, **right)).json())["name"] == "secret.txt"


def basic(password: str) -> str:
    """The value of `Authorization`."""
    return "Basic " + b64encode(f"any:{password}".encode()).decode()


async def test_guesses_are_limited(cloud, protected):
    """For each address, and for all addresses together, with other limits than those of other links."""
    _, token = protected
    codes = []
    for _ in range(25):
        response = await get(cloud, token, Authorization=basic("wrong"))
        codes.append(response.status)
    assert codes == [403] * 20 + [429] * 5
    assert response.headers["Retry-After"]
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    assert await outcome(cloud, token, Authorization=basic("open sésame"), **elsewhere) == (
        200,
        None,
    )


@pytest.mark.parametrize("agent", CRAWLERS.values(), ids=CRAWLERS.keys())
async def test_previews_hide_what_a_password_protects(cloud, protected, agent):
    """A crawler learns neither name nor size, even with the password."""
    _, token = protected
    for headers in ({}, {"Authorization": basic("open sésame")}):
        response = await get(cloud, token, **{"User-Agent": agent, **headers})
        page = await response.text()
        assert response.status == 200
        assert "secret" not in page
        assert "3.4" not in page
        assert "needs a password" in page


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 400),
        (b"password=a&password=b", "application/x-www-form-urlencoded", 400),
        (b"password=" + b"a" * 9000, "application/x-www-form-urlencoded", 400),
        (b"password=%ff", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
    ],
)
async def test_other_forms_are_refused(cloud, protected, data, content_type, status):
    """With what is wrong about them."""
    _, token = protected
    response = await cloud.reader.post(
        "/signed-download",
        params={"q": token},
        data=data,
        headers={"Content-Type": content_type},
    )
    assert response.status == status


async def test_uses_are_in_the_audit_log(cloud, protected):
    """Those that began, and those that were refused, with the reason; never what the address holds."""
    link, token = protected
    await outcome(cloud, token)
    await outcome(cloud, token, Authorization=basic("wrong"))
    await outcome(cloud, token, Authorization=basic("open sésame"))
    await outcome(cloud, "forged")
    await revoke(cloud, link)
    await outcome(cloud, token)
    await cloud.app[AUDIT].flush()
    events = await cloud.catalog.audit_events(AuditQuery(), before=None, limit=99)
    told = {
        (event.action, event.subject, json.loads(event.details).get("reason"))
        for event in events
        if event.action.startswith("link-")
    }
    subject = str(link.id)
    assert told == {
        ("link-made", subject, None),
        ("link-refused", subject, "wrong-link-password"),
        ("link-used", subject, None),
        ("link-refused", None, "invalid-link"),
        ("link-revoked", subject, None),
        ("link-refused", subject, "link-revoked"),
    }
    assert token not in str(events)
