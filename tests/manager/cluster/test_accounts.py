"""What ends a login, and who guesses, is known to all managers."""

from common.guesses import PER_ADDRESS
from manager.app_keys import WEBHOOKS
from tests.manager.cluster.managers import Managers
from tests.manager.sockets.peers import client_query
from tests.manager.sockets.stage import PASSWORD, Stage


async def _post(managers: Managers, stage: Stage, route: str, **body: str) -> int:
    async with managers[0].session.post(f"{stage.url}{route}", json=body) as response:
        return response.status


async def test_a_changed_password_ends_connections_everywhere(managers: Managers):
    """At once, rather than when the catalog is looked at the next time; those of others stay."""
    one, two = (world.stage for world in managers.worlds)
    here, there, bob = await one.client("alice"), await two.client("alice"), await two.client("bob")
    body = {"username": "alice", "previousPassword": PASSWORD, "newPassword": "new battery staple"}
    assert await _post(managers, one, "/update-password", **body) == 200
    await here.ended()
    await there.ended()
    await bob.caught_up()


async def test_a_logout_ends_the_session_everywhere(managers: Managers):
    """Also a connection of the same session to another manager."""
    one, two = managers.worlds
    await one.user("alice")
    login = {"username": "alice", "password": PASSWORD}
    async with one.session.post(f"{one.stage.url}/login", json=login) as response:
        token = (await response.json())["token"]
    socket = await two.socket(client_query(token))
    headers = {"Authorization": f"Bearer {token}"}
    async with one.session.post(f"{one.stage.url}/logout", headers=headers) as response:
        assert response.status == 200
    while not socket.closed:
        await socket.receive()


async def test_guesses_are_counted_together(managers: Managers):
    """Who has used up the attempts at one manager has none at another."""
    one, two = (world.stage for world in managers.worlds)
    await one.token("alice")
    wrong = {"username": "alice", "password": "wrong password"}
    while await _post(managers, one, "/login", **wrong) != 429:
        pass
    let_through = 0
    while await _post(managers, two, "/login", **wrong) != 429:
        let_through += 1
    assert let_through < PER_ADDRESS.burst / 4
    assert await _post(managers, two, "/login", username="alice", password=PASSWORD) == 429


async def test_a_webhook_in_quarantine_is_used_by_nobody(managers: Managers):
    """Another manager learns of it within moments."""
    one, two = (world.stage.app[WEBHOOKS] for world in managers.worlds)
    webhook_id = next(iter(one.configured))
    one.quarantine(webhook_id, "forbidden")
    while webhook_id not in two.quarantined:
        await managers[1].stage.status()
    assert two.quarantined[webhook_id].reason == "forbidden"
