"""How often the password of services may be guessed."""

import aiohttp
import pytest

from common.service_secret import PER_ADDRESS
from tests.manager.cloud import Cloud, running_cloud

ATTACKER, SERVICE = "203.0.113.5", "203.0.113.6"


@pytest.fixture
async def cloud(tmp_path):
    """A manager behind a proxy that tells where requests come from."""
    async with running_cloud(tmp_path, trusted_proxies="127.0.0.1") as running:
        yield running


def password_of(cloud: Cloud) -> str:
    """The right one."""
    password = cloud.settings.password_of_services
    assert password is not None
    return password


async def metrics(cloud: Cloud, address: str, password: str) -> aiohttp.ClientResponse:
    """Asks for what only services may know."""
    headers = {"X-Forwarded-For": address, "Authorization": f"Bearer {password}"}
    return await cloud.client.get("/metrics", headers=headers)


async def connect(cloud: Cloud, address: str, **query: str) -> int:
    """The status with which a connection is answered; 101 lets it in."""
    headers = {"X-Forwarded-For": address}
    try:
        async with cloud.client.ws_connect("/", params=query, headers=headers):
            return 101
    except aiohttp.WSServerHandshakeError as refusal:
        return refusal.status


def processing(password: str) -> dict[str, str]:
    """The query of a processing service."""
    return {"type": "thumbnail", "key": password, "extensions": "processing"}


async def guess(cloud: Cloud) -> None:
    """Guesses for as long as it is let, both ways."""
    for number in range(PER_ADDRESS.burst):
        if number % 2:
            assert (await metrics(cloud, ATTACKER, f"guess {number}")).status == 401
        else:
            assert await connect(cloud, ATTACKER, **processing(f"guess {number}")) == 401


async def test_guesses_end_and_others_go_on(cloud):
    """Whoever guesses learns nothing any more; services of other addresses notice nothing."""
    await guess(cloud)
    refused = await metrics(cloud, ATTACKER, password_of(cloud))
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert await connect(cloud, ATTACKER, **processing(password_of(cloud))) == 429
    assert await connect(cloud, SERVICE, **processing(password_of(cloud))) == 101
    assert (await metrics(cloud, SERVICE, password_of(cloud))).status == 200


async def test_users_of_the_same_address_go_on(cloud):
    """Passwords of users are counted by themselves."""
    token = await cloud.token()
    await guess(cloud)
    assert await connect(cloud, ATTACKER, type="client", key=token) == 101
    login = {"username": "alice", "password": "correct horse"}
    headers = {"X-Forwarded-For": ATTACKER}
    assert (await cloud.client.post("/login", json=login, headers=headers)).status == 200


async def test_the_right_password_costs_nothing(cloud):
    """However many links a service has, and loses, and makes again."""
    for _ in range(PER_ADDRESS.burst + 1):
        assert (await metrics(cloud, SERVICE, password_of(cloud))).status == 200
    assert await connect(cloud, SERVICE, **processing(password_of(cloud))) == 101
