"""The CDN: attachments by signed URLs."""

from aiohttp import web

from discord_emulator.breakage import StoredFile
from discord_emulator.emulator import Emulator
from discord_emulator.errors import ContentUnavailable
from discord_emulator.guard import Guard
from discord_emulator.operations import Operation
from discord_emulator.snowflakes import is_snowflake, message_of_attachment


class CdnRoutes:
    """Serves attachments, whole or in ranges."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def add_to(self, router: web.UrlDispatcher, guard: Guard) -> None:
        """Adds the route."""
        path = "/attachments/{channel_id}/{attachment_id}/{filename}"
        router.add_get(path, guard.wrap(Operation.CDN, self.attachment))

    async def attachment(self, request: web.Request) -> web.StreamResponse:
        """Answers an attachment's content."""
        asked = request.match_info
        channel, attachment, filename = (
            asked["channel_id"],
            asked["attachment_id"],
            asked["filename"],
        )
        path = f"/attachments/{channel}/{attachment}/{filename}"
        self._emulator.check_url(path, request.query)
        if not (is_snowflake(channel) and is_snowflake(attachment)):
            raise ContentUnavailable
        return await self._stored_file(int(channel), int(attachment), filename)

    async def _stored_file(self, channel_id: int, attachment_id: int, filename: str) -> StoredFile:
        message_id = message_of_attachment(attachment_id)
        message = await self._emulator.find(channel_id, message_id)
        for attachment in message.attachments if message else ():
            if (attachment.id, attachment.filename) == (attachment_id, filename):
                place = self._emulator.store.attachment(channel_id, message_id, attachment.index)
                headers = {
                    "Content-Type": attachment.content_type,
                    "Content-Disposition": f'attachment; filename="{filename}"',
                    "Cache-Control": "private, max-age=31536000",
                }
                return StoredFile(place, headers)
        raise ContentUnavailable
