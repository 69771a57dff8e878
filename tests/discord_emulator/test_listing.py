"""Listing the messages of a channel, and what a bot may do in it."""

import pytest

from discord_emulator.settings import EmulatorSettings, Permission
from discord_emulator.testing import running_emulator

BOT = {"Authorization": "Bot bot"}


class Bot:
    """Lists messages of a channel as a bot does."""

    def __init__(self, caller, emulator) -> None:
        self.emulator = emulator
        self.channel_id = emulator.webhooks[0].channel_id
        self._caller = caller

    async def ask(self, method: str, path: str, **params):
        """Sends a request below the channel; returns status and JSON."""
        self._caller.url = f"{self.emulator.base_url}/api/v10/channels/{self.channel_id}"
        return await self._caller.call(method, path, headers=BOT, params=params)

    async def list(self, **params) -> list[str]:
        """Ids of the messages that are listed."""
        status, found = await self.ask("GET", "/messages", **params)
        assert status == 200, found
        return [message["id"] for message in found]


@pytest.fixture
def bot(caller, emulator) -> Bot:
    """A bot in the webhook's channel."""
    return Bot(caller, emulator)


@pytest.fixture
async def posted(caller) -> list[str]:
    """Ids of seven messages of a webhook, oldest first."""
    posts = [await caller.post(b"x") for _ in range(7)]
    return [message["id"] for _, message in posts]


async def test_newest_come_first(bot, posted):
    """Without a query the newest fifty are answered, the newest first."""
    assert await bot.list() == posted[::-1]
    assert await bot.list(limit=2) == [posted[6], posted[5]]


@pytest.mark.parametrize(
    ("anchor", "index", "shown"),
    [
        ("before", 3, [2, 1]),
        ("before", 1, [0]),
        ("before", 0, []),
        ("after", 3, [5, 4]),
        ("after", 5, [6]),
        ("after", 6, []),
        ("around", 3, [3, 2]),
        ("around", 0, [1, 0]),
    ],
)
async def test_pages(bot, posted, anchor, index, shown):
    """`before` shows those right before a message, `after` those right after it."""
    wanted = [posted[each] for each in shown]
    assert await bot.list(limit=2, **{anchor: posted[index]}) == wanted


async def test_a_page_holds_a_hundred_at_most(emulator, bot, posted):
    """The limit is at most 100, and 50 by default; paging by `after` misses nothing."""
    message = emulator.messages()[0]
    for number in range(1, 120):
        emulator.sink_messages[number] = type(message)(
            id=number,
            channel_id=message.channel_id,
            webhook_id=1,
            author="",
            content="",
            attachments=(),
        )
    assert len(await bot.list()) == 50
    first = await bot.list(limit=100, after="0")
    second = await bot.list(limit=100, after=first[0])
    assert second[::-1][-7:] == posted
    assert len({*first, *second}) == 126


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "9" * 5000},
        {"limit": "x"},
        {"limit": -1},
        {"after": "x"},
        {"after": "1", "before": "9"},
    ],
)
async def test_bad_queries(bot, params):
    """A limit outside of 1 to 100, no snowflake, or two anchors at once are 400 with 50035."""
    status, error = await bot.ask("GET", "/messages", **params)
    assert (status, error["code"]) == (400, 50035)


async def test_a_list_tells_who_posted(bot, posted, caller, emulator):
    """A webhook's message names the webhook, the bot's own does not; URLs are signed."""
    caller.url = f"{emulator.base_url}/api/v10/channels/{bot.channel_id}/messages"
    await caller.post(b"by the bot", headers=BOT)
    _, found = await bot.ask("GET", "/messages", limit=2)
    assert [each.get("webhook_id") for each in found] == [None, str(emulator.webhooks[0].id)]
    assert (await caller.get(found[1]["attachments"][0]["url"])) == (200, b"x")


async def test_a_list_shows_its_own_channel_alone(bot, posted, emulator):
    """Messages of another channel are not listed; an unknown channel is 404 with 10003."""
    bot.channel_id = emulator.add_webhook().channel_id
    assert await bot.list() == []
    bot.channel_id = 5
    status, error = await bot.ask("GET", "/messages")
    assert (status, error["code"]) == (404, 10003)


async def test_listing_needs_the_token(bot, caller, posted):
    """Another token is 401."""
    caller.url = f"{bot.emulator.base_url}/api/v10/channels/{bot.channel_id}"
    wrong = {"Authorization": "Bot wrong"}
    assert (await caller.call("GET", "/messages", headers=wrong))[0] == 401


async def test_listing_has_a_bucket_per_channel(limited, calling):
    """The answers announce a bucket of the route, of which each channel has one."""
    limited.add_webhook()
    bots = [Bot(calling(limited), limited) for _ in range(2)]
    bots[1].channel_id = limited.webhooks[1].channel_id
    statuses = [(await bots[0].ask("GET", "/messages"))[0] for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    caller = calling(limited)
    url = f"{limited.base_url}/api/v10/channels/{bots[1].channel_id}/messages"
    async with caller.http.get(url, headers=BOT) as response:
        assert response.status == 200
        assert response.headers["X-RateLimit-Remaining"] == "4"
        assert len(response.headers["X-RateLimit-Bucket"]) == 32


def without(permission: Permission) -> frozenset[Permission]:
    """All permissions but one."""
    return frozenset(Permission) - {permission}


async def test_a_hidden_channel(bot, posted, emulator):
    """Without View Channel every route is 403 with 50001, in that channel alone."""
    emulator.bot_permissions[bot.channel_id] = without(Permission.VIEW_CHANNEL)
    for method, path in (
        ("GET", "/messages"),
        ("GET", f"/messages/{posted[0]}"),
        ("DELETE", f"/messages/{posted[0]}"),
    ):
        status, error = await bot.ask(method, path)
        assert (status, error["code"]) == (403, 50001)
    bot.channel_id = emulator.add_webhook().channel_id
    assert await bot.list() == []


async def test_without_the_history_a_list_is_empty(bot, posted, emulator):
    """Without Read Message History a list is empty and no error; a single message is 403."""
    emulator.bot_permissions[bot.channel_id] = without(Permission.READ_MESSAGE_HISTORY)
    assert await bot.list() == []
    status, error = await bot.ask("GET", f"/messages/{posted[0]}")
    assert (status, error["code"]) == (403, 50013)


async def test_deleting_messages_of_others_needs_a_permission(bot, posted, caller, emulator):
    """Without Manage Messages a bot deletes its own messages and no others."""
    emulator.bot_permissions[bot.channel_id] = without(Permission.MANAGE_MESSAGES)
    caller.url = f"{emulator.base_url}/api/v10/channels/{bot.channel_id}/messages"
    _, own = await caller.post(b"by the bot", headers=BOT)
    status, error = await bot.ask("DELETE", f"/messages/{posted[0]}")
    assert (status, error["code"]) == (403, 50013)
    assert (await bot.ask("DELETE", f"/messages/{own['id']}"))[0] == 204


async def test_without_the_intent_messages_of_others_look_empty(bot, posted, emulator):
    """Without the message content intent a list has the authors, but no attachments."""
    emulator.bot_permissions[bot.channel_id] = without(Permission.MESSAGE_CONTENT)
    _, (message, *_) = await bot.ask("GET", "/messages")
    assert (message["attachments"], message["content"]) == ([], "")
    assert message["webhook_id"] == str(emulator.webhooks[0].id)
    _, single = await bot.ask("GET", f"/messages/{message['id']}")
    assert single["attachments"] == []


async def test_permissions_are_a_setting(tmp_path, monkeypatch, calling):
    """`EMULATOR_BOT_PERMISSIONS` says what the bot may do everywhere."""
    monkeypatch.setenv("EMULATOR_BOT_PERMISSIONS", "view_channel, manage_messages")
    monkeypatch.chdir(tmp_path)
    assert set(EmulatorSettings().bot_permissions) == {"view_channel", "manage_messages"}
    async with running_emulator(
        tmp_path, limits="off", bot_token="bot", bot_permissions=()
    ) as emulator:
        status, error = await Bot(calling(emulator), emulator).ask("GET", "/messages")
        assert (status, error["code"]) == (403, 50001)
