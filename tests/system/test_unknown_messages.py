"""Messages that nobody knows: they are told of, and with a bot they are found and deleted."""

import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from manager.app_keys import UNKNOWN_MESSAGES
from manager.gc.unknown_messages import AGE_S, ListMessages
from storage.discord.http import DiscordHttp
from storage.discord.messages import Bot
from tests.system.whole import CHUNK_SIZE, Whole, content_of, running_whole

CONTENT = content_of(2 * CHUNK_SIZE + 1)
CHUNKS = 3


class LateClock:
    """The time, and a little more where a test says so."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.ahead_s


async def messages_of(whole: Whole) -> dict[str, Any]:
    """What the status tells of messages."""
    headers = {"Authorization": f"Bearer {await whole.token('observer')}"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{whole.url}/status", headers=headers) as response,
    ):
        shown: dict[str, Any] = (await response.json())["messages"]
    return shown


def lose_answers(whole: Whole, number: int) -> None:
    """So many posts are saved, and their answers lost."""
    fault = Fault(kind=FaultKind.RESET, route=Operation.EXECUTE, after_commit=True, times=number)
    whole.emulator.faults.add(fault)


async def test_a_bot_finds_what_nobody_knows(tmp_path: Path):
    """The file stays as it is; what was posted in vain is gone from Discord an hour later."""
    clock = LateClock()
    async with running_whole(
        tmp_path,
        create={"clock": clock},
        emulator_settings={"bot_token": "bot"},
        discord_bot_token="bot",
    ) as whole:
        lose_answers(whole, 2)
        user = await whole.user(booked=1)
        await user.put("a.bin", CONTENT)
        assert len(whole.emulator.messages()) == CHUNKS + 2
        unknown = whole.app[UNKNOWN_MESSAGES]
        async with DiscordHttp(api_url=f"{whole.emulator.base_url}/api/v10") as http:
            list_messages: ListMessages = Bot(http, "bot").messages_after
            await unknown.sweep(list_messages)
            assert len(whole.emulator.messages()) == CHUNKS + 2, "they may still be on their way"
            clock.ahead_s = AGE_S + 60
            await unknown.keep_watch()
            await unknown.sweep(list_messages)
        await whole.messages_left(CHUNKS)
        assert await user.get("a.bin") == CONTENT
        shown = await messages_of(whole)
        assert (shown["has_bot"], shown["unknown_found"]) == (True, 2)
        assert shown["swept_at"] is not None


@pytest.mark.parametrize("lost", [1, 3])
async def test_without_a_bot_their_number_is_estimated(whole: Whole, lost: int):
    """Upload services count posts whose answer was lost, and the status tells how many."""
    lose_answers(whole, lost)
    user = await whole.user(booked=1)
    await user.put("a.bin", CONTENT)
    assert await messages_of(whole) == {
        "stuck": 0,
        "uncertain_posts": lost,
        "has_bot": False,
        "unknown_found": 0,
        "swept_at": None,
    }
