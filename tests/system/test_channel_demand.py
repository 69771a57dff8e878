"""Channels move to the upload processes whose posts wait, and back, while everything runs."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from cli.servers.http_serving import listen, serving, url_of
from discord_emulator.emulator import Emulator
from discord_emulator.operations import Operation
from discord_emulator.testing import running_emulator
from manager.app import create_app
from manager.app_keys import ACCOUNTS, CATALOG, UPLOAD_SLOTS
from protocol import s2c
from protocol.chunks import chunk_count
from storage.envelope import ENVELOPE_OVERHEAD
from tests.manager.sockets.stage import PASSWORD, cheap_passwords, settings_for
from tests.system.whole import CHUNK_SIZE, User, content_of, upload_service_at, visiting_user

CHANNELS, PROCESSES, CHUNKS = 10, 4, 400
PATIENCE_S = 30.0


class Fleet:
    """A manager, several upload processes and a Discord that limits its channels."""

    def __init__(self, app: web.Application, emulator: Emulator, user: User) -> None:
        self._slots = app[UPLOAD_SLOTS]
        self._webhooks = [webhook.id for webhook in emulator.webhooks]
        self.user = user

    def channels_of(self, response: s2c.UploadResponse) -> int:
        """How many channels the process has that takes this upload."""
        (slot,) = (each for each in self._slots if each.address == response.upload_address)
        assert slot.process is not None
        return sum(self._slots.leases_to(slot.process, webhook) for webhook in self._webhooks)

    async def send_until(
        self, response: s2c.UploadResponse, content: bytes, is_reached: Callable[[], bool]
    ) -> int:
        """Sends one chunk after the other, several at a time, until a state is reached; returns how many."""
        indexes = itertools.count()
        sent = 0

        async def send_some() -> None:
            nonlocal sent
            while not is_reached():
                await self.user.send(response, next(indexes), content)
                sent += 1

        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as senders:
            for _ in range(5):
                senders.create_task(send_some())
        return sent


@asynccontextmanager
async def running_fleet(folder: Path, emulator: Emulator) -> AsyncIterator[Fleet]:
    """Everything, and a user who has booked all slots."""
    app = create_app(
        settings_for(emulator, folder, chunk_size=CHUNK_SIZE), passwords=cheap_passwords()
    )
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(listen("127.0.0.1", 0))
        await stack.enter_async_context(serving(app, listening))
        url = url_of(listening)
        for number in range(PROCESSES):
            own = stack.enter_context(listen("127.0.0.1", 0))
            service = upload_service_at(
                url, folder, 1, own_address=url_of(own), reports_folder=folder / f"reports-{number}"
            )
            await stack.enter_async_context(serving(service.intake, own))
            await stack.enter_async_context(service.run())
        await app[CATALOG].create_user("alice", await cheap_passwords().hash(PASSWORD))
        token = (await app[ACCOUNTS].login("alice", PASSWORD)).token
        user = await stack.enter_async_context(visiting_user(url, token))
        for _ in range(PROCESSES - await user.peer.book(PROCESSES)):
            await user.booking_changed(1)
        yield Fleet(app, emulator, user)


async def test_channels_follow_the_uploads(tmp_path: Path):
    """An upload alone gets all channels, a second one half of them; nothing is lost, doubled, or refused."""
    content = content_of(CHUNKS * CHUNK_SIZE)
    assert chunk_count(len(content), CHUNK_SIZE) == CHUNKS
    async with (
        running_emulator(tmp_path / "discord", limits="real", channels=CHANNELS) as emulator,
        running_fleet(tmp_path, emulator) as fleet,
    ):
        alone = await fleet.user.request("alone.bin", len(content))
        assert fleet.channels_of(alone) < CHANNELS
        sent = await fleet.send_until(alone, content, lambda: fleet.channels_of(alone) == CHANNELS)
        other = await fleet.user.request("other.bin", len(content))
        assert fleet.channels_of(other) == 0
        sent += await fleet.send_until(
            other, content, lambda: fleet.channels_of(other) == CHANNELS // 2
        )
        assert fleet.channels_of(alone) == CHANNELS // 2
        stored = [each for message in emulator.messages() for each in message.attachments]
        assert sum(each.size for each in stored) == sent * (CHUNK_SIZE + ENVELOPE_OVERHEAD)
        assert emulator.requests.count(Operation.EXECUTE) == len(emulator.messages())
