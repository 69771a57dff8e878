"""A small thumbnail service of the base protocol. Its pictures are made of digests."""

import base64
import hashlib
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.base_protocol.wire import TO_THUMBNAIL_SERVICES, Frame, Link


def picture_of(content: bytes, width: int) -> bytes:
    """What is as good as a picture."""
    return hashlib.sha256(content).digest() + bytes([width % 256])


class Thumbnailer(Link):
    """One connection.

    Attributes:
        replies: whether pictures are sent as replies; else as packets of their own.
        paints: false: it says that it cannot; None: it does not answer.
        confirms: what the configuration is answered with.
        last: uuid of the last frame that came in.
    """

    packets = TO_THUMBNAIL_SERVICES

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, api_url: str) -> None:
        super().__init__(socket)
        self.api_url = api_url
        self.replies = False
        self.paints: bool | None = True
        self.confirms = True
        self.last = ""
        self.configuration: dict[str, Any] = {}

    async def handle(self, frame: Frame) -> None:
        """Answers the manager."""
        self.last = frame.uuid
        if frame.id == "s2t:thumbnail-service-configuration":
            self.configuration = frame.data
            await self.send("generic:boolean", reply_to=frame.uuid, success=self.confirms)
        elif self.paints is not None:
            await self._answer(frame)

    async def _answer(self, frame: Frame) -> None:
        answer: dict[str, Any] = {"file_id": frame.data["file_id"], "success": self.paints}
        if self.paints:
            content = await self._first_chunk(frame.data)
            picture = picture_of(content, self.configuration["image_width"])
            answer["data"] = base64.urlsafe_b64encode(picture).decode().rstrip("=")
        reply_to = frame.uuid if self.replies else None
        await self.send("t2s:thumbnail-data", reply_to=reply_to, **answer)

    async def _first_chunk(self, asked: dict[str, Any]) -> bytes:
        url = f"{self.api_url}/channels/{asked['channel_id']}/messages/{asked['first_msg_id']}"
        headers = {
            "Authorization": f"Bot {self.configuration['discord_bot_token']}",
            "User-Agent": "DiscordBot (https://example.org, 1)",
        }
        async with aiohttp.ClientSession(headers=headers) as http:
            async with http.get(url) as response:
                message = await response.json()
            async with http.get(message["attachments"][0]["url"]) as response:
                stored = await response.read()
        if not asked["is_encrypted"]:
            return stored
        key = base64.b64decode(self.configuration["message_encryption_key"])
        return AESGCM(key).decrypt(stored[:16], stored[32:] + stored[16:32], None)
