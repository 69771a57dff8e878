"""A small web frontend of the base protocol."""

import asyncio
from typing import Any

import aiohttp

from tests.base_protocol.wire import REPEATED_SIGNAL_S, TO_CLIENTS, Link


class Frontend(Link):
    """One user in front of a browser.

    Attributes:
        http: how pages fetch.
        url: where the manager is.
        token: the user's.
    """

    packets = TO_CLIENTS

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        http: aiohttp.ClientSession,
        url: str,
        token: str,
    ) -> None:
        super().__init__(socket)
        self.http = http
        self.url = url
        self.token = token

    async def book(self, amount: int = 1) -> None:
        """Books services; returns when all are there."""
        answer = await self.ask("c2s:upload-booking-request", desired_amount=amount)
        assert answer.id == "s2c:upload-booking"
        for _ in range(amount - answer.data["amount"]):
            await self.next("s2c:upload-booking-modify", effective_change=1)

    async def order(self, packet: str, **data: Any) -> bool:
        """Sends a packet; tells whether it was done."""
        answer = await self.ask(packet, **data)
        assert answer.id == "generic:boolean"
        success: bool = answer.data["success"]
        return success

    async def request(self, name: str, size: int, path: str = "/", **more: Any) -> dict[str, Any]:
        """Asks for an upload."""
        asked = {"name": name, "path": path, "size": size, "is_public": False, **more}
        answer = await self.ask("c2s:upload-request", **asked)
        assert answer.id == "s2c:upload-response"
        return answer.data

    async def send_chunks(self, response: dict[str, Any], content: bytes) -> None:
        """Sends all chunks at once, in no order."""
        size = response["chunk_size"]
        indexes = range(-(-len(content) // size))
        pieces = [(index, content[index * size : (index + 1) * size]) for index in indexes]
        await asyncio.gather(*(self.send_chunk(response, *piece) for piece in reversed(pieces)))

    async def send_chunk(self, response: dict[str, Any], index: int, piece: bytes) -> None:
        """Sends one chunk."""
        form = aiohttp.FormData()
        form.add_field("id", response["upload_id"])
        form.add_field("chunk", str(index))
        form.add_field("file", piece, filename="blob")
        async with self.http.post(response["upload_address"], data=form) as answer:
            assert (answer.status, await answer.text()) == (200, str(index))

    async def put(self, name: str, content: bytes, path: str = "/", **more: Any) -> str:
        """Uploads up to the stage finish; answers the upload's id."""
        response = await self.request(name, len(content), path, **more)
        assert response["accepted"], response
        await self.send_chunks(response, content)
        await self.next("s2c:upload-stage-finish", upload_id=response["upload_id"])
        upload_id: str = response["upload_id"]
        return upload_id

    async def finished(self, upload_id: str) -> dict[str, Any]:
        """How the upload ended."""
        return await self.next("s2c:upload-finish-info", upload_id=upload_id)

    async def store(self, name: str, content: bytes, path: str = "/", **more: Any) -> None:
        """Uploads a file, which has to succeed."""
        assert (await self.finished(await self.put(name, content, path, **more)))["success"]

    async def files(self, path: str = "/") -> list[dict[str, Any]]:
        """The first page of a folder's files."""
        asked = {"path": path, "type": "files", "page": 0, "sort_by": "name"}
        listed = await self.ask("c2s:list-request", **asked, ascending_sort=True)
        assert listed.id == "s2c:list-files"
        assert listed.data["success"]
        files: list[dict[str, Any]] = listed.data["files"]
        return files

    async def names(self, path: str = "/") -> list[str]:
        """Names of the first page of a folder's files."""
        return [file["name"] for file in await self.files(path)]

    async def download(
        self, name: str, path: str = "/", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body."""
        query = {"path": path, "name": name, "auth": self.token}
        async with (
            asyncio.timeout(REPEATED_SIGNAL_S),
            self.http.get(f"{self.url}/download", params=query, headers=headers) as response,
        ):
            return response.status, await response.read()
