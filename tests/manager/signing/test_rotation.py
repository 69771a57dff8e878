"""A rotation while managers run: what they have signed goes on, or ends at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from discord_emulator.testing import VirtualClock
from manager.app import create_app
from manager.app_keys import ACCOUNTS, CONTENT_LINKS, SIGNING_KEYS
from manager.signing.keys import LEAD_S, rotate_signing_key
from protocol import s2u
from tests.manager.links.making import link_to
from tests.manager.signing.forger import status_of
from tests.manager.sockets.peers import ClientPeer, client_query
from tests.manager.sockets.stage import (
    PASSWORD,
    Stage,
    cheap_passwords,
    running_stage,
    serving,
)
from tests.manager.tickets.test_uploads import connected, open_ticket
from tests.manager.world import World


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock(1_800_000_000.0)


@pytest.fixture
async def stage(tmp_path, clock) -> AsyncIterator[Stage]:
    """A manager that runs, whose clock stands."""
    async with running_stage(tmp_path, clock=clock) as running:
        yield running


@asynccontextmanager
async def second_manager(
    stage: Stage, clock: VirtualClock
) -> AsyncIterator[tuple[web.Application, str]]:
    """Another manager on the same catalog, and its URL."""
    app = create_app(stage.settings, clock=clock, passwords=cheap_passwords())
    async with serving(app) as url:
        yield app, url


async def rotate(stage: Stage, clock: VirtualClock, *, revoke: bool = False) -> None:
    """What the command does."""
    await rotate_signing_key(stage.catalog, stage.settings.keyring, now=clock(), revoke=revoke)


async def test_live_tokens_links_and_tickets_outlive_a_rotation(stage: Stage, world: World, clock):
    """Two managers take what either has signed, before and after."""
    async with second_manager(stage, clock) as (second, second_url), connected(stage) as service:
        file = await world.put("/f")
        contents = stage.app[CONTENT_LINKS]
        tokens = [await stage.token("alice")]
        payloads, paths = [await link_to(stage.app, file)], [contents.file(file.object_id)]
        ticket, _ = await open_ticket(stage, 5)
        await rotate(stage, clock)
        for app in (stage.app, second):
            await app[SIGNING_KEYS].refresh()
        clock.advance(LEAD_S)
        tokens.append((await second[ACCOUNTS].login("alice", PASSWORD)).token)
        payloads.append(await link_to(stage.app, file))
        paths.append(contents.file(file.object_id))
        for url in (stage.url, second_url):
            assert [await status_of(url, "/status", token=token) for token in tokens] == [200, 200]
            for payload in payloads:
                assert await status_of(url, "/signed-download", q=payload) == 200
            assert [await status_of(url, path) for path in paths] == [200, 200]
        assert len({*payloads, *paths}) == 4
        assert isinstance(await service.redeem(ticket), s2u.TicketAccepted)


async def test_revoking_ends_everything_at_once(stage: Stage, world: World, clock):
    """Connections are closed; a new login is good. Links to files have no signature, and go on."""
    file = await world.put("/f")
    token, payload = await stage.token("alice"), await link_to(stage.app, file)
    path = stage.app[CONTENT_LINKS].file(file.object_id)
    client = await stage.client("alice")
    async with connected(stage) as service:
        ticket, _ = await open_ticket(stage, 5)
        await rotate(stage, clock, revoke=True)
        await stage.app[SIGNING_KEYS].refresh()
        await client.ended()
        assert await status_of(stage.url, "/status", token=token) == 401
        assert await status_of(stage.url, "/signed-download", q=payload) == 200
        assert await status_of(stage.url, path) == 403
        assert not isinstance(await service.redeem(ticket), s2u.TicketAccepted)
    assert await status_of(stage.url, "/status", token=await stage.token("alice")) == 200


async def test_a_connection_in_the_making_ends_too(stage: Stage, clock, monkeypatch):
    """A token that was good when it was looked at does not outlive a revocation right afterwards."""
    token = await stage.token("alice")
    accounts = stage.app[ACCOUNTS]
    authenticate = accounts.authenticate

    async def authenticate_and_revoke(key: str, **options):
        login = await authenticate(key, **options)
        await rotate(stage, clock, revoke=True)
        await stage.app[SIGNING_KEYS].refresh()
        return login

    monkeypatch.setattr(accounts, "authenticate", authenticate_and_revoke)
    async with ClientPeer.connected(stage.socket_url, "s2c", client_query(token)) as client:
        await client.ended()
