"""The routes of a bot, which sees every message of its guild's channels."""

import hmac
import re
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from discord_emulator.emulator import Emulator
from discord_emulator.errors import InvalidForm, Unauthorized, UnknownChannel, UnknownMessage
from discord_emulator.guard import Guard
from discord_emulator.intake import read_text
from discord_emulator.operations import Operation
from discord_emulator.posting import Sender, post_message
from discord_emulator.records import StoredMessage
from discord_emulator.webhook_routes import json_answer, snowflake

NAME = "Emulated Bot"
_MAX_URLS = 50
_CDN_PATH = re.compile(r"/attachments/[0-9]+/([0-9]{1,19})/[A-Za-z0-9._-]+$")


class _UrlList(msgspec.Struct):
    attachment_urls: list[str]


class BotRoutes:
    """Post, get and delete messages of any channel; sign attachment URLs anew."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def add_to(self, router: web.UrlDispatcher, api: str, guard: Guard) -> None:
        """Adds the routes below `api`, such as `/api/v10`."""
        messages = f"{api}/channels/{{channel_id}}/messages"
        message = f"{messages}/{{message_id}}"
        router.add_post(messages, guard.wrap(Operation.BOT_POST, self.post))
        router.add_get(message, guard.wrap(Operation.BOT_MESSAGE, self.message), allow_head=False)
        router.add_delete(message, guard.wrap(Operation.BOT_DELETE, self.delete))
        refresh = f"{api}/attachments/refresh-urls"
        router.add_post(refresh, guard.wrap(Operation.REFRESH_URLS, self.refresh_urls))

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Posts a message as the bot."""
        sender = Sender(self._channel(request), None, NAME)
        message = await post_message(request, self._emulator, sender)
        return json_answer(self._emulator.show(message))

    async def message(self, request: web.Request) -> web.StreamResponse:
        """Answers a message, with fresh URLs."""
        return json_answer(self._emulator.show(await self._message(request)))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Deletes a message, whoever posted it."""
        if not await self._emulator.delete(await self._message(request)):
            raise UnknownMessage
        return web.Response(status=204)

    async def refresh_urls(self, request: web.Request) -> web.StreamResponse:
        """Answers attachment URLs with signatures that are valid now."""
        self._authorize(request)
        try:
            wanted = msgspec.json.decode(await read_text(request.content), type=_UrlList)
        except msgspec.DecodeError as error:
            raise InvalidForm(f"Invalid Form Body: {error}") from error
        if not 1 <= len(wanted.attachment_urls) <= _MAX_URLS:
            raise InvalidForm(f"Invalid Form Body: 1 to {_MAX_URLS} attachment_urls")
        refreshed = [
            {"original": url, "refreshed": self._refresh(url)} for url in wanted.attachment_urls
        ]
        return json_answer({"refreshed_urls": refreshed})

    def _refresh(self, url: str) -> str:
        found = _CDN_PATH.search(urlsplit(url).path)
        if found is None:
            raise InvalidForm("Invalid Form Body: not the URL of an attachment")
        return self._emulator.signed_url(found.group(), int(found.group(1)))

    def _authorize(self, request: web.Request) -> None:
        token = self._emulator.settings.bot_token
        given = request.headers.get("Authorization", "")
        if token is None:
            raise Unauthorized
        if not hmac.compare_digest(f"Bot {token.get_secret_value()}".encode(), given.encode()):
            raise Unauthorized

    def _channel(self, request: web.Request) -> int:
        self._authorize(request)
        channel_id = snowflake(request, "channel_id")
        if channel_id not in self._emulator.registry.channels:
            raise UnknownChannel
        return channel_id

    async def _message(self, request: web.Request) -> StoredMessage:
        channel_id = self._channel(request)
        message = await self._emulator.find(channel_id, snowflake(request, "message_id"))
        if message is None:
            raise UnknownMessage
        return message
