"""A bot deletes what it has posted."""

import asyncio

import aiohttp
import pytest
from structlog.testing import capture_logs

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from storage.discord.messages import Bot, ChunkAddress
from storage.errors import BotUnusable, DiscordRefused, MessageGone
from storage.keys import KeyRing, MasterKey
from storage.reader import AttachmentFinder, ChunkReader

NO_CHANNEL = 10**17


@pytest.fixture
async def channel_id(emulator) -> int:
    """A channel that the bot can post to."""
    channel: int = emulator.webhooks[0].channel_id
    return channel


@pytest.fixture
async def message_id(emulator, http, channel_id) -> int:
    """A message that the bot has posted."""
    form = aiohttp.FormData()
    form.add_field("files[0]", b"chunk", filename="a")
    url = f"{emulator.base_url}/api/v10/channels/{channel_id}/messages"
    headers = {"Authorization": "Bot bot-token"}
    async with http.session.post(url, data=form, headers=headers) as response:
        posted = await response.json()
    return int(posted["id"])


async def test_deletes_a_message(emulator, http, channel_id, message_id):
    """A deleted message is gone for everybody, and deleting it again is as good."""
    bot = Bot(http, "bot-token")
    assert (await bot.message(channel_id, message_id)).id == message_id
    await bot.delete(channel_id, message_id)
    assert emulator.messages() == []
    await bot.delete(channel_id, message_id)
    with pytest.raises(MessageGone):
        await bot.message(channel_id, message_id)


async def test_a_message_goes_with_its_channel(http, message_id):
    """In a channel that does not exist there is nothing left to delete."""
    await Bot(http, "bot-token").delete(NO_CHANNEL, message_id)


async def test_a_wrong_token_is_refused(emulator, http, channel_id, message_id):
    """Nothing counts as deleted only because Discord refuses to talk, and no error has the token."""
    with pytest.raises(DiscordRefused) as refused:
        await Bot(http, "wrong-token").delete(channel_id, message_id)
    assert refused.value.status == 401
    assert "wrong-token" not in str(refused.value)
    assert len(emulator.messages()) == 1


async def test_a_wrong_token_is_asked_with_once(emulator, http, channel_id, message_id):
    """However many read and delete with it, Discord hears of it once, and the operator as well."""
    address = ChunkAddress(
        message_id=message_id,
        channel_id=channel_id,
        webhook_id=None,
        attachment_id=None,
        offset=0,
        stored_size=5,
    )
    reader = ChunkReader(
        http, AttachmentFinder(http, {}, bot_token="revoked"), KeyRing(MasterKey(bytes(32)))
    )
    with capture_logs() as logs:
        reads = [reader.fetch(address) for _ in range(20)]
        answers = await asyncio.gather(*reads, return_exceptions=True)
        with pytest.raises(BotUnusable) as refused:
            await Bot(http, "revoked").delete(channel_id, message_id)
    assert {type(answer) for answer in answers} == {BotUnusable}
    assert emulator.requests.count(Operation.BOT_MESSAGE, 401) == 1
    assert emulator.requests.count(Operation.BOT_DELETE) == 0
    (told,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert "token is wrong" in told["reason"]
    assert "revoked" not in repr(told).replace("was revoked", "")
    assert refused.value.channel_id is None


async def test_another_bot_is_not_blamed(http, channel_id, message_id):
    """A wrong token stops nobody but its own bot."""
    with pytest.raises(BotUnusable):
        await Bot(http, "wrong-token").message(channel_id, message_id)
    assert (await Bot(http, "bot-token").message(channel_id, message_id)).id == message_id


@pytest.mark.parametrize("code", [50001, 50013])
async def test_a_missing_permission_is_asked_for_once(emulator, http, channel_id, message_id, code):
    """A bot that may not delete in a channel does not try again there, and still reads."""
    refusal = Fault(kind=FaultKind.ERROR, route=Operation.BOT_DELETE, status=403, code=code)
    emulator.faults.add(refusal)
    bot = Bot(http, "bot-token")
    for _ in range(3):
        with pytest.raises(BotUnusable, match=str(channel_id)):
            await bot.delete(channel_id, message_id)
    assert emulator.requests.count(Operation.BOT_DELETE) == 1
    assert (await bot.message(channel_id, message_id)).id == message_id
    await bot.delete(emulator.webhooks[1].channel_id, message_id)
    assert emulator.requests.count(Operation.BOT_DELETE) == 2
