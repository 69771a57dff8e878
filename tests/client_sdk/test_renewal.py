"""Logins that a client renews: at a real manager, and what may go wrong on the way."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from client_sdk import Client, NotLoggedIn, RenewableLogin, Unreachable
from client_sdk.errors import CloudError, UnexpectedAnswer
from client_sdk.renewal import PAUSE_S
from common.base64url import to_base64url
from tests.client_sdk.running import PASSWORD

LIFE_S = 900
DUE_S = LIFE_S * 0.8


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def token(number: int) -> str:
    """A token as a manager issues it."""
    claims = json.dumps({"iat": 5, "exp": 5 + LIFE_S, "number": number}).encode()
    return f"head.{to_base64url(claims)}.signature"


class Manager:
    """Renews a login as often as it is asked, by a secret that is good once."""

    def __init__(self) -> None:
        self.count = 0
        self.error: CloudError | None = None
        self.answering = asyncio.Event()
        self.answering.set()
        self.asked = asyncio.Event()

    async def renew(self, renewal: str) -> Mapping[str, Any]:
        """The answer of `POST /account/token`."""
        self.asked.set()
        await self.answering.wait()
        if self.error is not None:
            raise self.error
        assert renewal == f"secret {self.count}"
        self.count += 1
        return {"token": token(self.count), "renewal": f"secret {self.count}"}


async def test_a_client_stays_longer_than_its_token(cloud_url: str, tokens: dict[str, str]) -> None:
    """The manager takes each secret, over HTTP and for new connections; whoever wants to is told."""
    clock, told = Clock(), []
    async with Client(cloud_url) as cloud:
        begun = await cloud.login_renewable("bob", PASSWORD, device="nightly backup")
    async with Client(cloud_url, begun) as cloud:
        assert "nightly backup" in [each.device for each in await cloud.sessions()]
    login = RenewableLogin(begun.renewal, lambda login: told.append(login.renewal), monotonic=clock)
    for _ in range(2):
        async with Client(cloud_url, login) as cloud:
            assert (await cloud.folder_status("/")).exists
            clock.now += DUE_S
            assert len([each for each in await cloud.sessions() if each.is_current]) == 1
    assert len(told) == len(set(told)) == 3
    assert login.renewal == told[-1]


async def test_a_session_that_was_ended_is_not_renewed(
    cloud_url: str, tokens: dict[str, str]
) -> None:
    """Whoever has used its secret since, or has logged out, is told to log in."""
    async with Client(cloud_url) as cloud:
        login = await cloud.login_renewable("bob", PASSWORD)
    async with Client(cloud_url, login) as cloud:
        await cloud.logout()
    with pytest.raises(NotLoggedIn):
        async with Client(cloud_url, RenewableLogin(login.renewal)):
            pass


async def test_who_asks_at_the_same_time_shares_a_renewal() -> None:
    """A secret that is used twice would end the session."""
    manager, clock = Manager(), Clock()
    login = RenewableLogin("secret 0", monotonic=clock)
    for number in (1, 2):
        asked = [login.token(manager.renew) for _ in range(5)]
        assert await asyncio.gather(*asked) == [token(number)] * 5
        clock.now += DUE_S - 1
        assert await login.token(manager.renew) == token(number)
        clock.now += 1


async def test_a_renewal_outlives_who_asked_for_it() -> None:
    """The next secret is known, although nobody waited for the answer."""
    manager = Manager()
    manager.answering.clear()
    login = RenewableLogin("secret 0", monotonic=Clock())
    asking = asyncio.create_task(login.token(manager.renew))
    await manager.asked.wait()
    asking.cancel()
    manager.answering.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert login.renewal == "secret 1"
    assert await login.token(manager.renew) == token(1)


async def test_a_token_is_used_to_its_end_while_it_cannot_be_renewed() -> None:
    """It is tried again after a while, and told only when nothing is left."""
    manager, clock = Manager(), Clock()
    login = RenewableLogin("secret 0", monotonic=clock)
    await login.token(manager.renew)
    manager.error = Unreachable("away")
    clock.now += DUE_S
    manager.asked.clear()
    assert await login.token(manager.renew) == token(1)
    assert manager.asked.is_set()
    manager.asked.clear()
    assert await login.token(manager.renew) == token(1)
    assert not manager.asked.is_set()
    manager.error = None
    clock.now += PAUSE_S
    assert await login.token(manager.renew) == token(2)
    manager.error = Unreachable("away")
    clock.now += LIFE_S
    with pytest.raises(Unreachable):
        await login.token(manager.renew)


async def test_a_session_that_has_ended_is_told_at_once() -> None:
    """Though the token would be good for a while."""
    manager, clock = Manager(), Clock()
    login = RenewableLogin("secret 0", monotonic=clock)
    await login.token(manager.renew)
    manager.error = NotLoggedIn("the session has ended")
    clock.now += DUE_S
    with pytest.raises(NotLoggedIn):
        await login.token(manager.renew)


@pytest.mark.parametrize(
    "issued",
    [
        {"token": token(1)},
        {"renewal": "secret"},
        {"token": "none", "renewal": "secret"},
        {"token": "head.e30.signature", "renewal": "secret"},
        {"token": "head.!.signature", "renewal": "secret"},
    ],
)
def test_an_answer_without_all_that_is_needed(issued: Mapping[str, Any]) -> None:
    """What answers there is no manager, and nothing of it is used."""
    login = RenewableLogin("before")
    with pytest.raises(UnexpectedAnswer):
        login.take(issued)
    assert login.renewal == "before"
