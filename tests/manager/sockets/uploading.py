"""What tests of uploads begin with."""

from protocol import s2c
from tests.manager.sockets.flaky import FlakyStage
from tests.manager.sockets.peers import ClientPeer, ServicePeer
from tests.manager.sockets.stage import Stage


async def booked(stage: Stage | FlakyStage) -> tuple[ClientPeer, ServicePeer]:
    """A client with one service."""
    service, client = await stage.service(), await stage.client()
    assert await client.book(1) == 1
    return client, service


async def request_and_take(
    client: ClientPeer, service: ServicePeer, name: str, size: int = 10
) -> s2c.UploadResponse:
    """An upload until its service is free again."""
    response = await client.request_upload(name, size=size)
    assert response.accepted, response.rejection_reason
    await service.take_upload()
    await client.next(s2c.UploadStageFinish, upload_id=response.upload_id)
    return response


async def add_file(client: ClientPeer, service: ServicePeer, name: str, size: int = 10) -> None:
    """A file that stands there before the upload that the test is about."""
    await request_and_take(client, service, name, size)
    assert (await client.next(s2c.UploadFinishInfo)).success
    await client.next(s2c.FileModify)


async def second_file(
    client: ClientPeer, service: ServicePeer, name: str, size: int = 10
) -> s2c.UploadResponse:
    """An upload of a taken name, as far as the question what to do."""
    response = await request_and_take(client, service, name, size)
    await client.next(s2c.UploadOverwriteRequest, upload_id=response.upload_id)
    return response


def is_about_uploads(packet: object) -> bool:
    """Whether it tells how far an upload is, or what became of its service."""
    return isinstance(
        packet, s2c.UploadStageFinish | s2c.UploadFinishInfo | s2c.UploadBookingModify
    )
