"""Messages that are mostly holes: what is left moves and stays readable, the rest is given back."""

import os
import time
from collections.abc import Awaitable, Callable

import pytest

from catalog.records import Message, MessageUse
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from manager.downloads.content import content_of, expected_chunk
from manager.gc.compaction import (
    KEPT_S,
    LEAST_HOLES,
    MOST_MOVED,
    Compactor,
    is_mostly_holes,
)
from manager.metrics import ManagerMetrics
from manager.retrying import CatalogRetry
from manager.services.webhooks import WebhookDirectory
from storage.discord.http import DiscordHttp
from storage.discord.messages import WebhookClient
from storage.discord.routes import WebhookCredentials
from storage.errors import DiscordUnavailable
from storage.reader import AttachmentFinder, ChunkReader
from tests.orphans import orphans_of

SIZE = 40_000
"""Of each file: four of them in a message, of which three are deleted, leave enough holes."""


@pytest.fixture
async def http(cloud):
    """A way to the cloud's Discord."""
    async with DiscordHttp(api_url=cloud.settings.discord_api_url) as session:
        yield session


class Press:
    """A compactor on a running cloud."""

    def __init__(self, cloud, http) -> None:
        self.cloud = cloud
        self.is_idle = True
        self.before_post: Callable[[], Awaitable[None]] | None = None
        self.now = time.time()
        self.metrics = ManagerMetrics()
        self._http = http
        webhooks = [WebhookCredentials(*webhook) for webhook in cloud.emulator.webhooks]
        self.directory = WebhookDirectory(webhooks)
        self.reader = ChunkReader(
            http, AttachmentFinder(http, self.directory.readable), cloud.settings.keyring
        )
        self.compactor = Compactor(
            cloud.catalog,
            self.directory,
            lambda content, location: self.reader.read_sealed(
                expected_chunk(content_of(content), location)
            ),
            self._post,
            lambda: self.is_idle,
            CatalogRetry(),
            self.metrics,
            wake_reaper=lambda: None,
            clock=lambda: self.now,
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds

    async def _post(self, webhook, content):
        if self.before_post is not None:
            await self.before_post()
        return await WebhookClient(self._http, webhook).execute(content)

    async def contents(self, names) -> dict[str, bytes]:
        """What the files hold, as a reader gets it."""
        found = {}
        for name in names:
            file = await self.cloud.catalog.file_at(None, name)
            content = await self.cloud.catalog.object_by_id(file.object_id)
            (location,) = await self.cloud.catalog.chunks(content.id, first=0, limit=2)
            found[name] = bytes(
                await self.reader.read(expected_chunk(content_of(content), location))
            )
        return found


@pytest.fixture
def press(cloud, http):
    """A compactor that knows all webhooks."""
    return Press(cloud, http)


async def holes(cloud, number: int) -> dict[str, bytes]:
    """So many messages of four files each, of which only one is left; returns those."""
    left = {}
    for batch in range(number):
        files = {f"{batch}-{n}.txt": os.urandom(SIZE) for n in range(4)}
        await cloud.store_together(files)
        kept, *deleted = files
        left[kept] = files[kept]
        for name in deleted:
            file = await cloud.catalog.file_at(None, name)
            await cloud.catalog.delete_file(file.id)
    while await cloud.catalog.collect_objects(limit=100):
        pass
    return left


async def test_what_is_left_moves_together_and_stays_readable(cloud, press):
    """Three messages become one; the emptied ones are garbage once nobody may be reading there."""
    left = await holes(cloud, 3)
    old = [message.id for message in cloud.emulator.messages()]
    assert await press.compactor.sweep() == 3
    assert await press.contents(left) == left
    (new,) = (one for one in cloud.emulator.messages() if one.id not in old)
    assert len(cloud.emulator.content(new)) == sum(SIZE + 33 for _ in left)
    uses = await cloud.catalog.messages_in_use(after=0, limit=10)
    assert [use.message.id for use in uses] == [new.id]
    assert await orphans_of(cloud.catalog) == []
    assert "discord_cloud_compacted_bytes_total 360297.0" in press.metrics.render().decode()
    assert await press.compactor.sweep() == 0
    assert KEPT_S > 3600


async def test_nothing_is_posted_while_an_upload_runs(cloud, press):
    """Nor when one begins in the middle; the next search goes on."""
    left = await holes(cloud, 1)
    press.is_idle = False
    assert await press.compactor.sweep() == 0
    assert len(cloud.emulator.messages()) == 1
    press.is_idle = True
    assert await press.compactor.sweep() == 1
    assert await press.contents(left) == left


async def test_a_file_that_is_deleted_meanwhile_stays_deleted(cloud, press):
    """The new message is garbage if nothing else is in it; the old one is kept for readers."""
    (name,) = await holes(cloud, 1)

    async def delete() -> None:
        file = await cloud.catalog.file_at(None, name)
        await cloud.catalog.delete_file(file.id)
        assert await cloud.catalog.collect_objects(limit=10) == 1

    press.before_post = delete
    await press.compactor.sweep()
    assert await cloud.catalog.messages_in_use(after=0, limit=10) == []
    (new,) = await orphans_of(cloud.catalog)
    assert new.id == max(message.id for message in cloud.emulator.messages())


async def test_a_chunk_that_cannot_be_read_stays_where_it_is(cloud, press):
    """Damaged bytes are not carried on as if they were good, and the other messages move."""
    left = await holes(cloud, 2)
    message = cloud.emulator.messages()[0]
    path = cloud.emulator.store.attachment(message.channel_id, message.id, 0)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    del left["0-0.txt"]
    assert await press.compactor.sweep() == 1
    assert await press.contents(left) == left
    assert len(await cloud.catalog.messages_in_use(after=0, limit=10)) == 2


@pytest.mark.parametrize("status", [404, 500])
async def test_trouble_with_discord_ends_the_search(cloud, press, status):
    """What is left stays where it was, and readable."""
    left = await holes(cloud, 1)
    kind = FaultKind.WEBHOOK_GONE if status == 404 else FaultKind.ERROR
    order = Fault(kind=kind, route=Operation.EXECUTE, status=status, times=None)
    cloud.emulator.faults.add(order)
    if status == 500:
        press.before_post = _unavailable
    assert await press.compactor.sweep() == 0
    cloud.emulator.faults.clear()
    assert await press.contents(left) == left
    assert len(press.directory.quarantined) == (status == 404)


async def _unavailable() -> None:
    raise DiscordUnavailable("not now")


def use(stored: int, used: int) -> MessageUse:
    """A message of which some bytes are used."""
    message = Message(id=1, channel_id=1, webhook_id=1, stored_size=stored)
    return MessageUse(message=message, used_bytes=used)


@pytest.mark.parametrize(
    ("stored", "used", "expected"),
    [
        (2 * LEAST_HOLES, LEAST_HOLES, True),
        (2 * LEAST_HOLES, LEAST_HOLES + 1, False),
        (LEAST_HOLES + 9, 10, False),
        (3 * MOST_MOVED, MOST_MOVED, True),
        (3 * MOST_MOVED, MOST_MOVED + 1, False),
        (100, 100, False),
    ],
)
def test_a_message_is_mostly_holes_when_half_of_it_is(stored, used, expected):
    """And when that is worth a post, and what is left fits in one."""
    assert is_mostly_holes(use(stored, used)) is expected
