"""Logins at an OpenID provider, which is a real one in a process of its own."""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from structlog.testing import capture_logs
from yarl import URL

from common.guesses import PER_ADDRESS
from manager.accounts.challenges import CHALLENGE_LIFE_S
from manager.accounts.openid_provider import KEY_REFRESH_S
from tests.manager.accounts.factor_users import Clock
from tests.manager.cloud import Cloud, running_cloud
from tests.manager.openid.running_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    RunningProvider,
    running_provider,
)

CALLBACK = "/login/oidc/callback"


@dataclass
class Browser:
    """What keeps cookies, and follows redirects from the manager to the provider and back."""

    http: ClientSession
    url: str

    async def come_back(self, path: str = "/login/oidc") -> str:
        """Where the page is opened at the end: the part behind the `#`."""
        async with self.http.get(f"{self.url}{path}") as response:
            assert response.status == 200, await response.text()
            page, _, fragment = response.history[-1].headers["Location"].partition("#")
        assert page == f"{self.url}/"
        return fragment

    async def returned(self) -> str:
        """Where the provider sends the browser, which is not followed any more."""
        async with self.http.get(f"{self.url}/login/oidc", allow_redirects=False) as response:
            address = response.headers["Location"]
        while not address.startswith(f"{self.url}{CALLBACK}"):
            async with self.http.get(address, allow_redirects=False) as response:
                following = response.headers["Location"]
            address = str(response.url.join(URL(following)))
        return address

    async def finish(self, *, status: int = 200) -> dict[str, Any]:
        """What the page gets of a login."""
        async with self.http.post(f"{self.url}/login/oidc", json={}) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == status, answer
            return answer

    async def logged_in(self) -> str:
        """Logs in; answers the token."""
        assert await self.come_back() == "oidc"
        return str((await self.finish())["token"])


@pytest.fixture
def clock() -> Clock:
    """The manager's time, by which nothing expires that the provider issues now."""
    return Clock(now=1_700_000_000.0)


@pytest.fixture
def later() -> Clock:
    """The manager's monotonic clock."""
    return Clock(now=1000.0)


@pytest.fixture
async def provider():
    """The provider."""
    async with running_provider() as running:
        yield running


@pytest.fixture
def manager(tmp_path, provider, clock, later):
    """Runs a manager with an administrator, which the provider knows."""

    @asynccontextmanager
    async def manager(**chosen):
        settings = {
            "oidc_issuer": provider.url,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_create_users": True,
            **chosen,
        }
        async with running_cloud(tmp_path, clock=clock, monotonic=later, **settings) as cloud:
            await cloud.token("alice")
            await register(provider, cloud)
            yield cloud

    return manager


async def register(provider: RunningProvider, cloud: Cloud) -> None:
    """Tells the provider where the manager is."""
    await provider.change(redirect_uri=f"{url_of(cloud)}{CALLBACK}")


def url_of(cloud: Cloud) -> str:
    """Where the manager is."""
    return str(cloud.client.make_url("/")).rstrip("/")


@asynccontextmanager
async def browsing(cloud: Cloud):
    """A browser without cookies."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        yield Browser(http, url_of(cloud))


async def user_of(cloud: Cloud, token: str) -> str:
    """The name of the user whose token it is."""
    response = await cloud.client.get("/token-status", params={"token": token})
    user = await cloud.catalog.user_by_id((await response.json())["user_id"])
    assert user is not None
    return str(user.name)


async def test_a_new_user_is_created_and_found_again(manager, provider):
    """By what the provider calls him for ever, whatever name and address he has there by then."""
    async with manager() as cloud:
        await provider.change(account={"sub": "s-1", "preferred_username": "Ünal.Öz+spam@x"})
        async with browsing(cloud) as browser:
            methods = await cloud.client.get("/login/methods")
            assert (await methods.json())["openid"] == "OpenID"
            assert await user_of(cloud, await browser.logged_in()) == "UnalOzspam"
        await provider.change(account={"sub": "s-1", "preferred_username": "other"})
        async with browsing(cloud) as browser:
            assert await user_of(cloud, await browser.logged_in()) == "UnalOzspam"
        await provider.change(account={"sub": "s-2", "preferred_username": "…"})
        async with browsing(cloud) as browser:
            name = await user_of(cloud, await browser.logged_in())
            assert (name[:4], len(name)) == ("user", 16)


async def test_a_login_is_a_session_like_others(manager, provider):
    """It is listed, and its token is good until it is logged out; the confirmation enrols a factor."""
    async with manager() as cloud:
        await provider.change(account={"sub": "s-1", "preferred_username": "bob"})
        async with browsing(cloud) as browser:
            await browser.come_back()
            answer = await browser.finish()
            # What was in the cookie is worth nothing any more.
            await browser.finish(status=403)
        headers = {"Authorization": f"Bearer {answer['token']}"}
        listed = await cloud.client.get("/account/sessions", headers=headers)
        assert len((await listed.json())["sessions"]) == 1
        begun = await cloud.client.post(
            "/account/factors/totp", json={"confirmation": answer["confirmation"]}
        )
        assert begun.status == 200
        assert (await cloud.client.post("/logout", headers=headers)).status == 200
        assert (await cloud.client.get("/status", headers=headers)).status == 401


async def test_a_local_user_of_the_name_is_not_taken_over(manager, provider):
    """The login is refused, until an administrator links the two; so is a second link of the one."""
    async with manager() as cloud:
        token = await cloud.token("alice")
        await cloud.token("bob")
        await provider.change(account={"sub": "s-1", "preferred_username": "Bob"})
        async with browsing(cloud) as browser:
            with capture_logs() as logs:
                assert await browser.come_back() == "oidc-error=openid-name-taken"
            assert "openid-login-refused" in {entry.get("action") for entry in logs}
        headers = {"Authorization": f"Bearer {token}"}
        identities = "/admin/users/2/identities"

        async def ask(path: str, subject: object) -> int:
            body = {"subject": subject}
            return int((await cloud.client.post(path, json=body, headers=headers)).status)

        assert await ask(identities, "s-1") == 200
        assert await ask("/admin/users/1/identities", "s-1") == 400
        assert await ask("/admin/users/9/identities", "s-1") == 404
        assert await ask(identities, "é") == 400
        async with browsing(cloud) as browser:
            assert await user_of(cloud, await browser.logged_in()) == "bob"
        listed = await (await cloud.client.get(identities, headers=headers)).json()
        assert [each["subject"] for each in listed["identities"]] == ["s-1"]
        assert await ask(f"{identities}/remove", "s-1") == 200
        assert await ask(f"{identities}/remove", "s-1") == 400
        async with browsing(cloud) as browser:
            assert await browser.come_back() == "oidc-error=openid-name-taken"


async def test_links_are_for_administrators(manager):
    """Others neither see nor change them."""
    async with manager() as cloud:
        headers = {"Authorization": f"Bearer {await cloud.token('bob')}"}
        path = "/admin/users/2/identities"
        assert (await cloud.client.get(path, headers=headers)).status == 403
        for each in (path, f"{path}/remove"):
            response = await cloud.client.post(each, json={"subject": "s"}, headers=headers)
            assert response.status == 403


async def test_unknown_users_may_be_kept_out(manager, provider):
    """Unless the operator wants them created; the first user is never one of the provider."""
    await provider.change(account={"sub": "s-1", "preferred_username": "bob"})
    async with manager(oidc_create_users=False) as cloud, browsing(cloud) as browser:
        assert await browser.come_back() == "oidc-error=openid-unknown-user"
        assert await cloud.catalog.user_by_name("bob") is None


async def test_the_first_user_is_never_one_of_the_provider(tmp_path, provider, clock):
    """It is whoever has the setup code."""
    await provider.change(account={"sub": "s-1", "preferred_username": "bob"})
    settings = {"oidc_issuer": provider.url, "oidc_client_id": CLIENT_ID}
    async with running_cloud(
        tmp_path,
        clock=clock,
        oidc_client_secret=CLIENT_SECRET,
        oidc_create_users=True,
        **settings,
    ) as cloud:
        await register(provider, cloud)
        async with browsing(cloud) as browser:
            assert await browser.come_back() == "oidc-error=openid-unknown-user"


async def test_the_provider_may_say_who_is_an_administrator(manager, provider):
    """At each login; the last administrator stays one."""
    async with manager(oidc_admin_value="admins") as cloud:
        for groups, expected in ((["users", "admins"], True), (["users"], False), ("admins", True)):
            account = {"sub": "s-1", "preferred_username": "bob", "groups": groups}
            await provider.change(account=account)
            async with browsing(cloud) as browser:
                await browser.logged_in()
            assert (await cloud.catalog.user_by_name("bob")).is_admin is expected
        await cloud.catalog.set_role(1, is_admin=False)
        await provider.change(account={"sub": "s-1", "groups": []})
        async with browsing(cloud) as browser:
            await browser.logged_in()
        assert (await cloud.catalog.user_by_name("bob")).is_admin


async def test_keys_are_rotated(manager, provider, later):
    """A key that is not known yet is looked up, though not for every token."""
    async with manager() as cloud:
        await provider.change(account={"sub": "s-1", "preferred_username": "bob"})
        async with browsing(cloud) as browser:
            await browser.logged_in()
        await register(provider, cloud)
        async with browsing(cloud) as browser:
            assert await browser.come_back() == "oidc-error=openid-failed"
        later.advance(KEY_REFRESH_S)
        async with browsing(cloud) as browser:
            await browser.logged_in()


async def test_a_provider_that_is_away(manager, provider):
    """The page says so, at either step; the manager works on, and the next login does."""
    async with manager() as cloud, browsing(cloud) as browser:
        await provider.change(account={"sub": "s-1", "preferred_username": "bob"}, failing=True)
        assert await browser.come_back() == "oidc-error=openid-unavailable"
        await provider.change(failing=False)
        returned = await browser.returned()
        await provider.change(failing=True)
        path = returned.removeprefix(browser.url)
        assert await browser.come_back(path) == "oidc-error=openid-unavailable"
        await provider.change(failing=False)
        await browser.logged_in()


async def test_what_comes_back_to_another_browser_is_refused(manager, provider, clock):
    """A code without the cookie, with that of another login, twice, changed, or too late gives nothing."""
    async with manager() as cloud:
        await provider.change(account={"sub": "s-1", "preferred_username": "bob"})
        expired = "oidc-error=challenge-expired"
        async with browsing(cloud) as browser, browsing(cloud) as victim:
            path = (await browser.returned()).removeprefix(browser.url)
            assert await victim.come_back(path) == expired
            await victim.returned()
            assert await victim.come_back(path) == expired
            await victim.finish(status=403)
            assert await browser.come_back(f"{CALLBACK}?error=access_denied") == expired
        async with browsing(cloud) as browser:
            path = (await browser.returned()).removeprefix(browser.url)
            assert await browser.come_back(path.replace("code=", "code=x")) == (
                "oidc-error=openid-failed"
            )
            assert await browser.come_back(path) == expired
        async with browsing(cloud) as browser:
            path = (await browser.returned()).removeprefix(browser.url)
            clock.advance(CHALLENGE_LIFE_S)
            assert await browser.come_back(path) == expired


async def test_codes_that_are_none_are_limited(manager):
    """Each costs a request to the provider: after some from one address the next is not made."""
    async with manager() as cloud, browsing(cloud) as browser:
        ends = []
        for _ in range(PER_ADDRESS.burst + 1):
            async with browser.http.get(
                f"{browser.url}/login/oidc", allow_redirects=False
            ) as response:
                state = URL(response.headers["Location"]).query["state"]
            ends.append(await browser.come_back(f"{CALLBACK}?state={state}&code=x"))
        assert set(ends[:-1]) == {"oidc-error=openid-failed"}
        assert ends[-1] == "oidc-error=too-many-attempts"
