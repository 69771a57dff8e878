"""A new password ends what was connected with the old one."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from client_sdk.errors import CloudError
from manager.app_keys import ACCOUNTS, LOGINS
from manager.connections.workload import MAX_ACTIVE
from protocol import c2s, s2c
from tests.manager.sockets.flaky import running_flaky_stage
from tests.manager.sockets.peers import ClientPeer, client_query
from tests.manager.sockets.stage import PASSWORD, Stage

NEW = "new battery staple"


async def _change(stage: Stage, name: str) -> None:
    body = {"username": name, "previousPassword": PASSWORD, "newPassword": NEW}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{stage.url}/update-password", json=body) as response,
    ):
        assert response.status == 200


async def test_connections_of_the_user_end(stage: Stage):
    """All connections of the user are closed, those of others are not."""
    first, second = await stage.client("alice"), await stage.client("alice")
    other = await stage.client("bob")
    await _change(stage, "alice")
    await first.ended()
    await second.ended()
    await other.caught_up()


async def test_old_tokens_open_no_connection(stage: Stage):
    """Who comes back with the old token is refused, with the new one let in."""
    token = await stage.token("alice")
    await _change(stage, "alice")
    with pytest.raises(CloudError):
        async with ClientPeer.connected(stage.socket_url, "s2c", client_query(token)):
            pass
    new_token = (await stage.app[ACCOUNTS].login("alice", NEW)).token
    async with ClientPeer.connected(stage.socket_url, "s2c", client_query(new_token)) as client:
        await client.caught_up()


async def test_a_connection_in_the_making_ends_too(stage: Stage, monkeypatch):
    """A token that was good when it was looked at does not outlive a change right afterwards."""
    token = await stage.token("alice")
    accounts = stage.app[ACCOUNTS]
    authenticate = accounts.authenticate

    async def authenticate_and_change(key: str, **options):
        login = await authenticate(key, **options)
        await _change(stage, "alice")
        return login

    monkeypatch.setattr(accounts, "authenticate", authenticate_and_change)
    async with ClientPeer.connected(stage.socket_url, "s2c", client_query(token)) as client:
        await client.ended()


async def test_what_was_not_begun_by_then_is_not_done(tmp_path: Path):
    """However much a client has asked for: what waits for its turn is dropped with the login."""
    async with running_flaky_stage(tmp_path) as stage:
        client, other = await stage.client("alice"), await stage.client("bob")
        await stage.service()
        assert (await client.book(1), await other.book(1)) == (1, 0)
        held = stage.catalog.held["make_folders"] = asyncio.Event()
        for number in range(2 * MAX_ACTIVE):
            await client.send(c2s.CreateFolder(path=f"/{number}"))
        await stage.catalog.is_holding("make_folders")
        user = await stage.app[ACCOUNTS].change_password("alice", PASSWORD, NEW)
        stage.app[LOGINS].revoke(user.id, before_epoch=user.token_epoch)
        held.set()
        # By the time at which the service is free again all that waited has had its turn.
        await other.next(s2c.UploadBookingModify)
        assert (await other.order(c2s.CreateFolder(path="/last"))).success
        assert (await other.folder_status()).subfolder_count <= MAX_ACTIVE + 1
