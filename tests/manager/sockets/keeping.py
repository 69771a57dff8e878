"""What tests of kept uploads begin with."""

import asyncio

from protocol import c2s, s2c, s2u
from protocol.extensions import REJECTIONS, RESUME
from tests.manager.sockets.flaky import FlakyStage
from tests.manager.sockets.peers import PATIENCE_S, ClientPeer, ServicePeer
from tests.manager.sockets.stage import Stage

RESUMING = (REJECTIONS, RESUME)
FINGERPRINT = "v1:450:1764460800000:9f86d081"
SIZE = 450
"""Five chunks, the last one short."""


async def booking_client(stage: Stage | FlakyStage, name: str = "alice") -> ClientPeer:
    """A client that can keep uploads, with one service."""
    client = await stage.client(name, extensions=RESUMING)
    assert await client.book(1) == 1
    return client


async def begin_kept(
    client: ClientPeer,
    service: ServicePeer,
    name: str = "a.txt",
    *,
    stored: tuple[int, ...] = (),
    size: int = SIZE,
    path: str = "/",
    do_overwrite: bool | None = None,
) -> s2u.UploadStart:
    """An upload that the client keeps, with some chunks stored."""
    response = await client.request_upload(name, path=path, size=size, do_overwrite=do_overwrite)
    start = await service.next(s2u.UploadStart, upload_id=response.upload_id)
    await keep(client, start.upload_id)
    for index in stored:
        await service.store(start, index)
    return start


async def keep(client: ClientPeer, upload_id: str, fingerprint: str = FINGERPRINT) -> None:
    """Keeps an upload."""
    answer = await client.order(c2s.UploadKeep(upload_id=upload_id, fingerprint=fingerprint))
    assert answer.success, answer.message


async def resume(client: ClientPeer, upload_id: str) -> s2c.UploadResumed:
    """Goes on with an upload."""
    return await client.ask(c2s.UploadResume(upload_id=upload_id), s2c.UploadResumed)


async def refused_resume(
    client: ClientPeer, upload_id: str, fingerprint: str | None = None
) -> s2c.UploadRejection:
    """Cannot go on with an upload."""
    packet = c2s.UploadResume(upload_id=upload_id, fingerprint=fingerprint)
    return await client.ask(packet, s2c.UploadRejection)


async def kept_by(client: ClientPeer) -> tuple[s2c.KeptUpload, ...]:
    """The kept uploads of the client's user."""
    return (await client.ask(c2s.KeptUploadsRequest(), s2c.KeptUploads)).uploads


async def kept_in_state(client: ClientPeer, state: s2c.KeptUploadState) -> s2c.KeptUpload:
    """The user's only kept upload, once it is in that state."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            (upload,) = await kept_by(client)
            if upload.state == state:
                return upload


async def nothing_kept(client: ClientPeer) -> None:
    """Returns once the user keeps no upload."""
    async with asyncio.timeout(PATIENCE_S):
        while await kept_by(client):
            pass


def ranges_of(resumed: s2c.UploadResumed | s2u.UploadContinue) -> list[tuple[int, int]]:
    """What is missing of it."""
    return [(span.first, span.last) for span in resumed.missing]


async def parked_by_leaving(
    stage: Stage, service: ServicePeer, *, stored: tuple[int, ...] = (), name: str = "a.txt"
) -> s2u.UploadStart:
    """An upload whose client is gone."""
    async with stage.visiting_client(extensions=RESUMING) as client:
        assert await client.book(1) == 1
        start = await begin_kept(client, service, name, stored=stored)
    await service.next(s2u.UploadAbort)
    return start


async def finish_resumed(client: ClientPeer, service: ServicePeer) -> s2u.UploadContinue:
    """Sends what is missing; returns once the file is entered."""
    packet = await service.next(s2u.UploadContinue)
    await service.finish_missing(packet)
    info = await client.next(s2c.UploadFinishInfo, upload_id=packet.upload_id)
    assert info.success, info.reason
    return packet
