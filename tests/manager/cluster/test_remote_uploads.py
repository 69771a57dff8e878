"""Clients and upload services that are connected to different managers."""

from protocol import c2s, s2c, s2u
from tests.manager.cluster.managers import Managers


async def test_a_client_uses_the_service_of_another_manager(managers: Managers):
    """It is listed, booked and used as one of the client's own manager."""
    one, two = (world.stage for world in managers.worlds)
    client = await two.client("alice")
    service = await one.service()
    listed = await client.next(s2c.ServiceRegistry)
    assert (listed.action, listed.service_type) == ("added", "upload")
    assert await client.book(1) == 1
    assert (await client.request_upload("a.txt")).accepted
    start = await service.next(s2u.UploadStart)
    await service.finish(start)
    await client.next(s2c.UploadStageFinish)
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert (await client.request_upload("b.txt")).accepted
    await service.finish(await service.next(s2u.UploadStart))
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert (await client.order(c2s.UploadBookingClear())).success


async def test_a_lost_service_of_another_manager_is_told_before_its_upload_ends(
    managers: Managers,
):
    """The client hears of the lost booking, then of the upload."""
    one, two = (world.stage for world in managers.worlds)
    client = await two.client("alice")
    async with one.visiting_service() as service:
        await client.next(s2c.ServiceRegistry)
        assert await client.book(1) == 1
        assert (await client.request_upload("a.txt")).accepted
        await service.next(s2u.UploadStart)
    seen = await client.until(s2c.UploadFinishInfo, success=False)
    kinds = [type(each) for each in seen]
    assert kinds.index(s2c.UploadBookingModify) < kinds.index(s2c.UploadFinishInfo)


async def test_an_aborted_upload_frees_the_service_of_another_manager(managers: Managers):
    """The service is told to stop, and takes the next upload."""
    one, two = (world.stage for world in managers.worlds)
    service, client = await one.service(), await two.client("alice")
    await client.next(s2c.ServiceRegistry)
    assert await client.book(1) == 1
    accepted = await client.request_upload("a.txt")
    await service.next(s2u.UploadStart)
    assert (await client.order(c2s.UploadAbortRequest(upload_id=accepted.upload_id))).success
    await service.next(s2u.UploadAbort)
    assert not (await client.next(s2c.UploadFinishInfo)).success
    assert (await client.request_upload("b.txt")).accepted
    await service.next(s2u.UploadStart)
