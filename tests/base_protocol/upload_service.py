"""A small upload service of the base protocol: it posts as a bot, and tells of all messages at the end."""

import base64
import hashlib
import mimetypes
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.base_protocol.wire import TO_UPLOAD_SERVICES, Frame, Link

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "*",
}
Report = dict[str, Any]


@dataclass
class Job:
    """The upload that runs."""

    upload_id: str
    name: str
    size: int
    chunk_size: int
    messages: dict[int, str] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)

    @property
    def chunks(self) -> int:
        """How many chunks there must be."""
        return -(-self.size // self.chunk_size)

    def hash(self) -> str:
        """SHA-256 over the hex digests of the plain chunks, in order."""
        joined = "".join(self.digests[index] for index in range(self.chunks))
        return hashlib.sha256(joined.encode()).hexdigest()


class UploadService(Link):
    """One connection. Tests change `report` and `answers` to have it misbehave.

    Attributes:
        api_url: where Discord is.
        report: what is sent as `upload-finish`, made from what would be right.
        answers: what configuration, start and abort are answered with; None: left to the test.
        crosses: whether it says that it has finished before it answers an abort, as if both had
            been sent at the same time.
    """

    packets = TO_UPLOAD_SERVICES

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, api_url: str) -> None:
        super().__init__(socket)
        self.api_url = api_url
        self.report: Callable[[Report], Report] = lambda right: right
        self.answers: dict[str, bool | None] = dict.fromkeys(TO_UPLOAD_SERVICES, True)
        self.crosses = False
        self.is_encrypting = True
        self.configuration: dict[str, Any] = {}
        self.job: Job | None = None
        self.asked: dict[str, Frame] = {}

    async def handle(self, frame: Frame) -> None:
        """Answers the manager."""
        self.asked[frame.id] = frame
        if frame.id == "s2u:upload-service-configuration":
            self.configuration = frame.data
        elif frame.id == "s2u:upload-start":
            fields = ("upload_id", "name", "size", "chunk_size")
            self.job = Job(**{name: frame.data[name] for name in fields})
        elif frame.id == "s2u:upload-abort":
            if self.crosses and self.job:
                await self.finish(self.job)
            self.job = None
        await self.answer(frame.id, self.answers[frame.id])

    async def answer(self, packet: str, success: bool | None) -> None:
        """Answers the last packet of that kind; None: not now."""
        if success is not None:
            reply = {"success": success} if success else {"success": False, "message": "no"}
            await self.send("generic:boolean", reply_to=self.asked[packet].uuid, **reply)

    async def take(self, request: web.Request) -> web.Response:
        """The chunk route."""
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=CORS)
        form = await request.post()
        job, index = self.job, int(str(form["chunk"]))
        if job is None or form["id"] != job.upload_id:
            return web.json_response({"error": "no such upload"}, status=404, headers=CORS)
        part = form["file"]
        assert isinstance(part, web.FileField)
        content = part.file.read()
        job.messages[index] = await self.post(content)
        job.digests[index] = hashlib.sha256(content).hexdigest()
        if len(job.messages) == job.chunks and not self.crosses:
            self.job = None
            await self.finish(job)
        return web.Response(text=str(index), headers=CORS)

    async def finish(self, job: Job) -> None:
        """Says that the upload is finished."""
        right = {
            "success": True,
            "messages": [job.messages[index] for index in sorted(job.messages)],
            "hash": job.hash() if len(job.digests) == job.chunks else "0" * 64,
            "is_encrypted": self.is_encrypting,
            "type": mimetypes.guess_type(job.name)[0] or "application/octet-stream",
            "channel": self.configuration["discord_channel_id"],
        }
        await self.send("u2s:upload-finish", **self.report(right))

    async def post(self, content: bytes) -> str:
        """Posts a chunk as the bot; answers the message's id."""
        form = aiohttp.FormData()
        form.add_field("files[0]", self.seal(content), filename="chunk")
        url = f"{self.api_url}/channels/{self.configuration['discord_channel_id']}/messages"
        headers = {
            "Authorization": f"Bot {self.configuration['discord_bot_token']}",
            "User-Agent": "DiscordBot (https://example.org, 1)",
        }
        async with aiohttp.ClientSession() as http, http.post(url, data=form, headers=headers) as r:
            assert r.status == 200, await r.text()
            message: str = (await r.json())["id"]
            return message

    def seal(self, content: bytes) -> bytes:
        """IV, tag, ciphertext; or the content itself."""
        if not self.is_encrypting:
            return content
        iv = os.urandom(16)
        key = base64.b64decode(self.configuration["crypto"]["key"])
        sealed = AESGCM(key).encrypt(iv, content, None)
        return iv + sealed[-16:] + sealed[:-16]
