"""The routes that need no bot: what whoever has a webhook's token can do."""

import hmac

import msgspec
import structlog
from aiohttp import web

from discord_emulator.emulator import Emulator
from discord_emulator.errors import (
    InvalidForm,
    InvalidWebhookToken,
    UnknownMessage,
    UnknownWebhook,
)
from discord_emulator.guard import Guard
from discord_emulator.intake import read_text
from discord_emulator.operations import Operation
from discord_emulator.payload import Payload, parse_payload
from discord_emulator.posting import Sender, post_message
from discord_emulator.records import StoredAttachment, StoredMessage, Webhook
from discord_emulator.snowflakes import is_snowflake

log = structlog.get_logger(__name__)

NAME = "Emulated Webhook"
_NO_CONTENT = 204


def json_answer(content: object) -> web.Response:
    """Returns a JSON answer of status 200."""
    return web.Response(body=msgspec.json.encode(content), content_type="application/json")


def snowflake(request: web.Request, name: str) -> int:
    """Returns an id from the request's path; raises `InvalidForm` when it is none."""
    text = request.match_info[name]
    if not is_snowflake(text):
        raise InvalidForm(f"Invalid Form Body: {name} is not a snowflake")
    return int(text)


class WebhookRoutes:
    """Execute a webhook, look it up, delete it; get, edit and delete its messages."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def add_to(self, router: web.UrlDispatcher, api: str, guard: Guard) -> None:
        """Adds the routes below `api`, such as `/api/v10`."""
        webhook = f"{api}/webhooks/{{webhook_id}}/{{token}}"
        message = f"{webhook}/messages/{{message_id}}"
        router.add_post(webhook, guard.wrap(Operation.EXECUTE, self.execute))
        router.add_get(webhook, guard.wrap(Operation.WEBHOOK, self.info), allow_head=False)
        router.add_delete(webhook, guard.wrap(Operation.REMOVE_WEBHOOK, self.remove))
        router.add_get(message, guard.wrap(Operation.MESSAGE, self.message), allow_head=False)
        router.add_patch(message, guard.wrap(Operation.EDIT, self.edit))
        router.add_delete(message, guard.wrap(Operation.DELETE, self.delete))

    async def execute(self, request: web.Request) -> web.StreamResponse:
        """Posts a message. Without `wait=true` a failure to store it is not told."""
        webhook = self._webhook(request)
        wait = request.query.get("wait", "").lower() in ("true", "1")
        sender = Sender(webhook.channel_id, webhook.id, NAME)
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
        """Answers what the webhook is."""
        webhook = self._webhook(request)
        return json_answer(
            {
                "id": str(webhook.id),
                "type": 1,
                "name": NAME,
                "avatar": None,
                "application_id": None,
                "channel_id": str(webhook.channel_id),
                "guild_id": str(self._emulator.registry.guild_id),
                "token": webhook.token,
                "url": self._emulator.webhook_url(webhook),
            }
        )

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """Deletes the webhook; its messages are out of reach from then on."""
        self._emulator.delete_webhook(self._webhook(request).id)
        return web.Response(status=_NO_CONTENT)

    async def message(self, request: web.Request) -> web.StreamResponse:
        """Answers a message of this webhook, with fresh URLs."""
        return json_answer(self._emulator.show(await self._own_message(request)))

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """Changes a message's text, or drops attachments from it."""
        message = await self._own_message(request)
        payload = parse_payload(await read_text(request.content))
        edited = self._edited(message, payload)
        if not await self._emulator.in_thread(self._emulator.store.replace, edited):
            raise UnknownMessage
        return json_answer(self._emulator.show(edited))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Deletes a message of this webhook."""
        if not await self._emulator.delete(await self._own_message(request)):
            raise UnknownMessage
        return web.Response(status=_NO_CONTENT)

    def _webhook(self, request: web.Request) -> Webhook:
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
