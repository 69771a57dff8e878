"""A bot deletes what it has posted."""

import aiohttp
import pytest

from storage.discord.bot import Bot
from storage.errors import DiscordRefused, MessageGone

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
