"""Files beyond 4 GiB: every number on their way is large enough."""

from pathlib import Path

import aiohttp
import msgspec

from protocol import s2c, s2u, u2s
from protocol.chunks import chunk_length, content_hash
from protocol.values import CHUNK_SIZE
from storage.envelope import sealed_size
from tests.manager.sockets.peers import ServicePeer
from tests.manager.sockets.stage import Stage, running_stage

LAST = 2**32 // CHUNK_SIZE + 1
END = b"end"
SIZE = LAST * CHUNK_SIZE + len(END)


async def test_a_file_beyond_4_gib_is_entered_and_its_end_downloaded(tmp_path: Path):
    """Only its last chunk really lies on Discord; that is where the offsets are largest."""
    async with running_stage(tmp_path, chunk_size=CHUNK_SIZE) as stage:
        assert SIZE > 2**32
        service, client = await stage.service(), await stage.client()
        await client.book(1)
        assert (await client.request_upload("large.bin", size=SIZE)).accepted
        start = await service.next(s2u.UploadStart)
        digests = await _report_all(service, start)
        finish = u2s.UploadFinish(
            success=True, hash=content_hash(digests), is_encrypted=True, type="text/plain"
        )
        await service.send(finish)
        assert (await client.next(s2c.UploadFinishInfo)).success
        assert [file.size for file in (await client.list_files()).files] == [SIZE]
        assert await _download(stage, f"bytes={SIZE - 2}-") == END[-2:]


async def _report_all(service: ServicePeer, start: s2u.UploadStart) -> list[bytes]:
    last = await service.post_sealed(start, LAST, END)
    assert (await service.order(last)).success
    for index in range(LAST):
        length = chunk_length(start.size, start.chunk_size, index)
        imagined = msgspec.structs.replace(
            last,
            index=index,
            message_id=str(int(last.message_id) + 1 + index),
            stored_size=sealed_size("v1", length),
            size=length,
        )
        assert (await service.order(imagined)).success
    return [bytes.fromhex(last.digest)] * (LAST + 1)


async def _download(stage: Stage, byte_range: str) -> bytes:
    params = {"path": "/", "name": "large.bin", "auth": await stage.token("alice")}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{stage.url}/download", params=params, headers={"Range": byte_range}) as response,
    ):
        assert response.status == 206, await response.text()
        return await response.read()
