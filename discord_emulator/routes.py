"""The routes of the API and of the CDN.

A webhook's token lets a caller post, and read, edit and delete the messages of this webhook. The bot sees
every message of its guild's channels, as far as its permissions go. The CDN serves attachments by signed
URLs.
"""

import hmac
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from discord_emulator.emulator import Emulator
from discord_emulator.errors import (
    ContentUnavailable,
    InvalidForm,
    InvalidWebhookToken,
    MissingAccess,
    MissingPermissions,
    Unauthorized,
    UnknownChannel,
    UnknownMessage,
    UnknownWebhook,
)
from discord_emulator.faults import StoredFile
from discord_emulator.guard import Guard
from discord_emulator.messages import (
    EmulatedWebhook,
    Payload,
    StoredAttachment,
    StoredMessage,
    is_snowflake,
    json_answer,
    message_of_attachment,
    parse_json,
    parse_payload,
    read_text,
)
from discord_emulator.operations import Operation
from discord_emulator.posting import Sender, post_message
from discord_emulator.settings import Permission

WEBHOOK_NAME = "Emulated Webhook"
BOT_NAME = "Emulated Bot"
MAX_PAGE = 100
_PAGE_SIZE = re.compile(r"[0-9]{1,4}")
DEFAULT_PAGE = 50
"""Messages on a page of a list."""
_MAX_URLS = 50
_NO_CONTENT = 204
_ANCHORS = ("before", "after", "around")
_CDN_PATH = re.compile(r"/attachments/[0-9]+/([0-9]{1,19})/[A-Za-z0-9._-]+$")


def snowflake(request: web.Request, name: str) -> int:
    """Return an id from the request's path; raises `InvalidForm` when it is none."""
    text = request.match_info[name]
    if not is_snowflake(text):
        raise InvalidForm(f"Invalid Form Body: {name} is not a snowflake")
    return int(text)


class WebhookRoutes:
    """Execute a webhook, look it up, delete it; get, edit and delete its messages."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def add_to(self, router: web.UrlDispatcher, api: str, guard: Guard) -> None:
        """Add the routes below `api`, such as `/api/v10`."""
        webhook = f"{api}/webhooks/{{webhook_id}}/{{token}}"
        message = f"{webhook}/messages/{{message_id}}"
        router.add_post(webhook, guard.wrap(Operation.EXECUTE, self.execute))
        router.add_get(webhook, guard.wrap(Operation.WEBHOOK, self.info), allow_head=False)
        router.add_delete(webhook, guard.wrap(Operation.REMOVE_WEBHOOK, self.remove))
        router.add_get(message, guard.wrap(Operation.MESSAGE, self.message), allow_head=False)
        router.add_patch(message, guard.wrap(Operation.EDIT, self.edit))
        router.add_delete(message, guard.wrap(Operation.DELETE, self.delete))

    async def execute(self, request: web.Request) -> web.StreamResponse:
        """Post a message. Without `wait=true` the answer hides a failure to store it."""
        webhook = self._webhook(request)
        wait = request.query.get("wait", "").lower() in ("true", "1")
        sender = Sender(webhook.channel_id, webhook.id, WEBHOOK_NAME)
        try:
            message = await post_message(request, self._emulator, sender)
        except ConnectionError:
            raise
        except OSError as error:
            if wait:
                raise
            self._emulator.disk_failed(error)
            return web.Response(status=_NO_CONTENT)
        if not wait:
            return web.Response(status=_NO_CONTENT)
        return json_answer(self._emulator.show(message))

    async def info(self, request: web.Request) -> web.StreamResponse:
        """Answer with the webhook."""
        webhook = self._webhook(request)
        return json_answer(
            {
                "id": str(webhook.id),
                "type": 1,
                "name": WEBHOOK_NAME,
                "avatar": None,
                "application_id": None,
                "channel_id": str(webhook.channel_id),
                "guild_id": str(self._emulator.registry.guild_id),
                "token": webhook.token,
                "url": self._emulator.webhook_url(webhook),
            }
        )

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """Delete the webhook; no webhook can get its messages from then on."""
        self._emulator.delete_webhook(self._webhook(request).id)
        return web.Response(status=_NO_CONTENT)

    async def message(self, request: web.Request) -> web.StreamResponse:
        """Answer with a message of this webhook, with new URLs."""
        return json_answer(self._emulator.show(await self._own_message(request)))

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """Change a message's text, or remove attachments from it."""
        message = await self._own_message(request)
        payload = parse_payload(await read_text(request.content))
        edited = self._edited(message, payload)
        if not await self._emulator.in_thread(self._emulator.store.replace, edited):
            raise UnknownMessage
        return json_answer(self._emulator.show(edited))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Delete a message of this webhook."""
        if not await self._emulator.delete(await self._own_message(request)):
            raise UnknownMessage
        return web.Response(status=_NO_CONTENT)

    def _webhook(self, request: web.Request) -> EmulatedWebhook:
        webhook = self._emulator.registry.webhook(snowflake(request, "webhook_id"))
        if webhook is None:
            raise UnknownWebhook
        given = request.match_info["token"]
        if not hmac.compare_digest(webhook.token.encode(), given.encode()):
            raise InvalidWebhookToken
        return webhook

    async def _own_message(self, request: web.Request) -> StoredMessage:
        webhook = self._webhook(request)
        message_id = snowflake(request, "message_id")
        message = await self._emulator.find(webhook.channel_id, message_id)
        if message is None or message.webhook_id != webhook.id:
            raise UnknownMessage
        return message

    def _edited(self, message: StoredMessage, payload: Payload) -> StoredMessage:
        kept: tuple[StoredAttachment, ...] = message.attachments
        if payload.attachments is not None:
            notes = payload.notes()
            kept = tuple(attachment for attachment in kept if str(attachment.id) in notes)
        content = message.content if payload.content is None else payload.content
        return msgspec.structs.replace(
            message, content=content, attachments=kept, edited_at=self._emulator.clock()
        )


class _UrlList(msgspec.Struct):
    attachment_urls: list[str]


class BotRoutes:
    """Post, list, get and delete messages of any channel; renew signed attachment URLs."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def add_to(self, router: web.UrlDispatcher, api: str, guard: Guard) -> None:
        """Add the routes below `api`, such as `/api/v10`."""
        messages = f"{api}/channels/{{channel_id}}/messages"
        message = f"{messages}/{{message_id}}"
        router.add_post(messages, guard.wrap(Operation.BOT_POST, self.post))
        router.add_get(messages, guard.wrap(Operation.BOT_LIST, self.messages), allow_head=False)
        router.add_get(message, guard.wrap(Operation.BOT_MESSAGE, self.message), allow_head=False)
        router.add_delete(message, guard.wrap(Operation.BOT_DELETE, self.delete))
        refresh = f"{api}/attachments/refresh-urls"
        router.add_post(refresh, guard.wrap(Operation.REFRESH_URLS, self.refresh_urls))

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Post a message as the bot."""
        sender = Sender(self._channel(request), None, BOT_NAME)
        message = await post_message(request, self._emulator, sender)
        return json_answer(self._emulator.show(message))

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Answer with messages of the channel, newest first; none without Read Message History."""
        channel_id = self._channel(request)
        ids: Sequence[int] = ()
        if self._may(channel_id, Permission.READ_MESSAGE_HISTORY):
            ids = await self._emulator.message_ids(channel_id)
        found = [
            await self._emulator.find(channel_id, each) for each in page_of(ids, request.query)
        ]
        return json_answer([self._show(message) for message in found if message is not None])

    async def message(self, request: web.Request) -> web.StreamResponse:
        """Answer with a message, with new URLs."""
        return json_answer(self._show(await self._message(request)))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Delete a message; one of another author only with the permission to manage messages."""
        message = await self._message(request)
        if message.webhook_id is not None:
            self._require(message.channel_id, Permission.MANAGE_MESSAGES)
        if not await self._emulator.delete(message):
            raise UnknownMessage
        return web.Response(status=204)

    async def refresh_urls(self, request: web.Request) -> web.StreamResponse:
        """Answer with attachment URLs whose signatures are valid now."""
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
        """A message as the bot sees it: without the intent, those of other authors are empty."""
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


def page_of(ids: Sequence[int], query: Mapping[str, str]) -> list[int]:
    """Return the messages that a list shows, newest first.

    Args:
        ids: all messages of the channel, oldest first.
        query: may hold `limit` (1 to 100, else 50) and one of `before`, `after` and `around`.

    Raises:
        InvalidForm: a value is invalid, or two of those three are given.
    """
    limit = _limit(query)
    given = [name for name in _ANCHORS if name in query]
    if len(given) > 1:
        raise InvalidForm("Invalid Form Body: only one of before, after and around may be given")
    if not given:
        return list(reversed(ids[-limit:]))
    start, stop = _range_of(ids, given[0], _anchor(query, given[0]), limit)
    return list(reversed(ids[max(0, start) : stop]))


def _range_of(ids: Sequence[int], name: str, anchor: int, limit: int) -> tuple[int, int]:
    at = bisect_left(ids, anchor)
    if name == "before":
        return at - limit, at
    if name == "after":
        start = bisect_right(ids, anchor)
        return start, start + limit
    start = max(0, at - limit // 2)
    return start, start + limit


def _anchor(query: Mapping[str, str], name: str) -> int:
    if not is_snowflake(query[name]):
        raise InvalidForm(f"Invalid Form Body: {name} is not a snowflake")
    return int(query[name])


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(DEFAULT_PAGE))
    if not _PAGE_SIZE.fullmatch(text) or not 1 <= int(text) <= MAX_PAGE:
        raise InvalidForm(f"Invalid Form Body: limit must be 1 to {MAX_PAGE}")
    return int(text)


class CdnRoutes:
    """Serve attachments, whole or in ranges."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def add_to(self, router: web.UrlDispatcher, guard: Guard) -> None:
        """Add the route."""
        path = "/attachments/{channel_id}/{attachment_id}/{filename}"
        router.add_get(path, guard.wrap(Operation.CDN, self.attachment))

    async def attachment(self, request: web.Request) -> web.StreamResponse:
        """Answer with an attachment's content."""
        asked = request.match_info
        channel, attachment, filename = (
            asked["channel_id"],
            asked["attachment_id"],
            asked["filename"],
        )
        path = f"/attachments/{channel}/{attachment}/{filename}"
        self._emulator.signer.check(path, request.query)
        if not (is_snowflake(channel) and is_snowflake(attachment)):
            raise ContentUnavailable
        return await self._stored_file(int(channel), int(attachment), filename)

    async def _stored_file(self, channel_id: int, attachment_id: int, filename: str) -> StoredFile:
        message_id = message_of_attachment(attachment_id)
        message = await self._emulator.find(channel_id, message_id)
        for attachment in message.attachments if message else ():
            if (attachment.id, attachment.filename) == (attachment_id, filename):
                path = self._emulator.store.attachment(channel_id, message_id, attachment.index)
                headers = {
                    "Content-Type": attachment.content_type,
                    "Content-Disposition": f'attachment; filename="{filename}"',
                    "Cache-Control": "private, max-age=31536000",
                }
                return StoredFile(path, headers)
        raise ContentUnavailable
