"""The routes of a bot, which sees every message of its guild's channels."""

import hmac
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from discord_emulator.emulator import Emulator
from discord_emulator.errors import (
    InvalidForm,
    MissingAccess,
    MissingPermissions,
    Unauthorized,
    UnknownChannel,
    UnknownMessage,
)
from discord_emulator.guard import Guard
from discord_emulator.intake import read_text
from discord_emulator.operations import Operation
from discord_emulator.paging import page_of
from discord_emulator.payload import parse_json
from discord_emulator.permissions import Permission
from discord_emulator.posting import Sender, post_message
from discord_emulator.records import StoredMessage
from discord_emulator.webhook_routes import json_answer, snowflake

NAME = "Emulated Bot"
_MAX_URLS = 50
_CDN_PATH = re.compile(r"/attachments/[0-9]+/([0-9]{1,19})/[A-Za-z0-9._-]+$")


class _UrlList(msgspec.Struct):
    attachment_urls: list[str]


class BotRoutes:
    """Post, list, get and delete messages of any channel; sign attachment URLs anew."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def add_to(self, router: web.UrlDispatcher, api: str, guard: Guard) -> None:
        """Adds the routes below `api`, such as `/api/v10`."""
        messages = f"{api}/channels/{{channel_id}}/messages"
        message = f"{messages}/{{message_id}}"
        router.add_post(messages, guard.wrap(Operation.BOT_POST, self.post))
        router.add_get(messages, guard.wrap(Operation.BOT_LIST, self.messages), allow_head=False)
        router.add_get(message, guard.wrap(Operation.BOT_MESSAGE, self.message), allow_head=False)
        router.add_delete(message, guard.wrap(Operation.BOT_DELETE, self.delete))
        refresh = f"{api}/attachments/refresh-urls"
        router.add_post(refresh, guard.wrap(Operation.REFRESH_URLS, self.refresh_urls))

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Posts a message as the bot."""
        sender = Sender(self._channel(request), None, NAME)
        message = await post_message(request, self._emulator, sender)
        return json_answer(self._emulator.show(message))

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Answers messages of the channel, newest first; none without Read Message History."""
        channel_id = self._channel(request)
        ids: Sequence[int] = ()
        if self._may(channel_id, Permission.READ_MESSAGE_HISTORY):
            ids = await self._emulator.message_ids(channel_id)
        found = [
            await self._emulator.find(channel_id, each) for each in page_of(ids, request.query)
        ]
        return json_answer([self._show(message) for message in found if message is not None])

    async def message(self, request: web.Request) -> web.StreamResponse:
        """Answers a message, with fresh URLs."""
        return json_answer(self._show(await self._message(request)))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Deletes a message; those of others with the permission to manage messages only."""
        message = await self._message(request)
        if message.webhook_id is not None:
            self._require(message.channel_id, Permission.MANAGE_MESSAGES)
        if not await self._emulator.delete(message):
            raise UnknownMessage
        return web.Response(status=204)

    async def refresh_urls(self, request: web.Request) -> web.StreamResponse:
        """Answers attachment URLs with signatures that are valid now."""
        self._authorize(request)
        wanted = parse_json(await read_text(request.content), _UrlList)
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
        if not self._may(channel_id, Permission.VIEW_CHANNEL):
            raise MissingAccess
        return channel_id

    def _may(self, channel_id: int, permission: Permission) -> bool:
        return permission in self._emulator.permissions_in(channel_id)

    def _require(self, channel_id: int, permission: Permission) -> None:
        if not self._may(channel_id, permission):
            raise MissingPermissions

    def _show(self, message: StoredMessage) -> dict[str, Any]:
        """What the bot sees of a message: without the intent, of others only that they exist."""
        if message.webhook_id is not None and not self._may(
            message.channel_id, Permission.MESSAGE_CONTENT
        ):
            message = msgspec.structs.replace(message, content="", attachments=())
        return self._emulator.show(message)

    async def _message(self, request: web.Request) -> StoredMessage:
        channel_id = self._channel(request)
        self._require(channel_id, Permission.READ_MESSAGE_HISTORY)
        message = await self._emulator.find(channel_id, snowflake(request, "message_id"))
        if message is None:
            raise UnknownMessage
        return message
