"""Services receive a master key: with it nobody is let in."""

from uuid import UUID

from catalog.sqlite.adapter import SqliteCatalog
from client_sdk.errors import CloudError
from discord_emulator.testing import VirtualClock
from manager.accounts.credentials import TOKEN_LIFE_S
from protocol import generic
from tests.manager.signing.forger import Forger, status_of
from tests.manager.sockets.peers import ClientPeer, client_query
from tests.manager.sockets.stage import running_stage
from tests.manager.tickets.test_uploads import connected, open_ticket


async def lets_in(stage, token: str) -> bool:
    """Whether a token opens a connection."""
    try:
        async with ClientPeer.connected(stage.socket_url, "s2c", client_query(token)) as client:
            await client.caught_up()
    except CloudError:
        return False
    return True


async def test_forged_tokens_are_refused(stage):
    """Over HTTP and over WebSockets, whoever the user is."""
    await stage.token("alice")
    alice = await stage.catalog.user_by_name("alice")
    forged = Forger(stage.settings.keyring).token(alice.id)
    assert await status_of(stage.url, "/status", token=forged) == 401
    assert not await lets_in(stage, forged)


async def test_forged_links_are_refused(world):
    """Neither a file is sent nor content."""
    file = await world.put("/f")
    forger, url = Forger(world.stage.settings.keyring), world.stage.url
    assert await status_of(url, "/signed-download", q=forger.link(file)) == 403
    content = forger.content_link(file.object_id)
    assert await status_of(url, f"/files/{file.object_id}", q=content) == 403


async def test_forged_tickets_are_refused(stage):
    """Also for an upload that is open."""
    async with connected(stage) as service:
        _, file_id = await open_ticket(stage, 5)
        answer = await service.redeem(Forger(stage.settings.keyring).ticket(UUID(file_id)))
        assert isinstance(answer, generic.Boolean)
        assert answer.message == "this is no ticket of this manager"


async def test_what_an_earlier_release_has_signed_ends(tmp_path):
    """After the upgrade its tokens are accepted for as long as such a token can be valid, then refused."""
    clock = VirtualClock(1_800_000_000.0)
    async with SqliteCatalog.open(tmp_path / "catalog.sqlite3", clock=clock) as catalog:
        alice = await catalog.create_first_user("alice", "hash")
    async with running_stage(tmp_path, clock=clock) as stage:
        token = Forger(stage.settings.keyring).token(alice.id)
        assert await status_of(stage.url, "/status", token=token) == 200
        clock.advance(TOKEN_LIFE_S - 1)
        assert await lets_in(stage, token)
        clock.advance(1)
        assert await status_of(stage.url, "/status", token=token) == 401
        assert not await lets_in(stage, token)


async def test_links_of_an_earlier_release_have_a_time_of_their_own(tmp_path):
    """Which is configured; 0 ends them with the upgrade, and so does a setting of their own."""
    clock = VirtualClock(1_800_000_000.0)
    async with SqliteCatalog.open(tmp_path / "catalog.sqlite3", clock=clock) as catalog:
        await catalog.create_first_user("alice", "hash")
    link = "AAAAAAAAAAcBI0Vniat974EjRWeJq83vhbu4uYcGHBpK4VQkugC69A"
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    for grace_s, status in ((0, 403), (60, 404)):
        async with running_stage(
            tmp_path, clock=clock, message_encryption_key=key, signed_link_grace_s=grace_s
        ) as stage:
            assert await status_of(stage.url, "/signed-download", q=link) == status
    async with running_stage(
        tmp_path, clock=clock, message_encryption_key=key, legacy_signed_links=False
    ) as stage:
        assert await status_of(stage.url, "/signed-download", q=link) == 403
    clock.advance(60)
    async with running_stage(
        tmp_path, clock=clock, message_encryption_key=key, signed_link_grace_s=60
    ) as stage:
        assert await status_of(stage.url, "/signed-download", q=link) == 403
