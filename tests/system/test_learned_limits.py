"""Limits of messages, learned by the real service: raised, lowered in use, and of several channels."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from discord_emulator.operations import Operation
from discord_emulator.settings import SizeLimits
from manager.app_keys import SIZE_PROBER
from protocol import c2s
from protocol.values import CHUNK_SIZE, LARGEST_CHUNK_SIZE
from tests.manager.sockets.peers import ClientPeer, client_query
from tests.system.whole import User, Whole, running_whole

MIB = 1024 * 1024


@asynccontextmanager
async def modern_user(whole: Whole) -> AsyncIterator[User]:
    """A user whose client takes chunks of any size."""
    token = await whole.token("alice")
    peer = ClientPeer.connected(
        whole.url.replace("http", "ws", 1), "s2c", client_query(token), extensions=["large-chunks"]
    )
    async with aiohttp.ClientSession() as http, peer as connected:
        await connected.book(1)
        yield User(connected, http, whole.url, token)


async def learn(whole: Whole) -> None:
    """Makes all tries that there are to make."""
    prober = whole.app[SIZE_PROBER]
    channels = [webhook.channel_id for webhook in whole.emulator.webhooks]
    for channel in channels * 6:
        await prober.step([channel])


async def limits_of(whole: Whole) -> list[tuple[int, int]]:
    """The MiB of attachments and messages of each channel, as an operator sees them."""
    token = await whole.token("observer")
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
        http.get(f"{whole.url}/status") as response,
    ):
        channels = (await response.json())["channels"]
    return [
        (-(-each["attachment_bytes"] // MIB), -(-each["request_bytes"] // MIB)) for each in channels
    ]


async def test_what_channels_take_is_learned_and_used(tmp_path):
    """A boosted guild, today's limits and those of the year before; nothing of the tries stays on Discord."""
    async with running_whole(tmp_path, slots=1, channels=3, chunk_size="auto") as whole:
        boosted, _, narrow = (webhook.channel_id for webhook in whole.emulator.webhooks)
        whole.emulator.size_limits[boosted] = SizeLimits(50 * MIB, 100 * MIB, 10)
        whole.emulator.size_limits[narrow] = SizeLimits(10 * MIB, 25 * MIB, 10)
        await learn(whole)
        assert await limits_of(whole) == [(50, 100), (20, 200), (10, 25)]
        assert whole.emulator.messages() == []
        async with modern_user(whole) as user:
            assert (await user.request("a", 50 * MIB)).chunk_size == CHUNK_SIZE


async def test_a_limit_that_falls_in_the_middle_of_an_upload_fails_nothing(tmp_path):
    """Its large chunks go out in parts and come back whole; the next upload has smaller ones."""
    async with running_whole(tmp_path, slots=1, channels=2, chunk_size="auto") as whole:
        await learn(whole)
        async with modern_user(whole) as user:
            content = os.urandom(2 * LARGEST_CHUNK_SIZE + 5)
            response = await user.request("film", len(content))
            assert response.chunk_size == LARGEST_CHUNK_SIZE
            await user.send(response, 0, content)
            for webhook in whole.emulator.webhooks:
                whole.emulator.size_limits[webhook.channel_id] = SizeLimits(8 * MIB, 200 * MIB, 10)
            for index in (1, 2):
                await user.send(response, index, content)
            assert (await user.finished(response)).success
            counts = [len(message.attachments) for message in whole.emulator.messages()]
            assert sorted(counts) == [1, 1, 3]
            assert await user.get("film") == content
            around = LARGEST_CHUNK_SIZE - 10
            tail = await user.get("film", byte_range=f"{around}-{around + 20 * MIB}")
            assert tail == content[around : around + 20 * MIB + 1]
            refused = whole.emulator.requests.count(Operation.EXECUTE, 413)
            assert refused >= 2
            again = await user.request("next", 50 * MIB)
            assert again.chunk_size in {8 * MIB - 1024, 10 * MIB - 1024}
            assert (
                await user.peer.order(c2s.UploadAbortRequest(upload_id=again.upload_id))
            ).success
