"""Clients and upload services that are connected to different managers."""

import pytest

from manager.services import liveness
from manager.uploads import assignment
from protocol import c2s, s2c, s2u
from tests.manager.cluster.managers import Managers
from tests.manager.services.test_pings import Service
from tests.manager.sockets.keeping import (
    RESUMING,
    begin_kept,
    booking_client,
    finish_resumed,
    nothing_kept,
    ranges_of,
    resume,
)
from tests.manager.sockets.peers import YES


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


async def test_a_dead_service_of_another_manager_is_dropped(
    managers: Managers, monkeypatch: pytest.MonkeyPatch
):
    """Whoever has services probed has those of all managers probed, and the status shows them."""
    monkeypatch.setattr(liveness, "PING_TIMEOUT_S", 0.05)
    near, far = managers.worlds
    alice, bob = await near.frontend("alice"), await far.frontend("bob")
    service = await Service.registered(far, bob)
    await alice.next("s2c:service-registry", action="added")
    query = {"auth": await near.stage.token("alice")}
    async with near.session.get(f"{near.stage.url}/status", params=query) as answer:
        status = await answer.json()
    assert [each["id"] for each in status["services"]] == [service.id]
    await alice.send("c2s:ping-services")
    for frontend in (alice, bob):
        removed = await frontend.next("s2c:service-registry", action="removed")
        assert removed["service_uuid"] == service.id


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


async def test_a_silent_service_of_another_manager_holds_up_no_upload(
    managers: Managers, monkeypatch: pytest.MonkeyPatch
):
    """The upload goes to another service; the silent one stops what it has begun, and is free then."""
    monkeypatch.setattr(assignment, "START_TIMEOUT_S", 0.0)
    one, two = (world.stage for world in managers.worlds)
    client = await two.client("alice")
    silent = await one.service()
    silent.answers[s2u.UploadStart] = None
    await client.next(s2c.ServiceRegistry)
    assert await client.book(1) == 1
    other = await two.service()
    response = await client.request_upload("a.txt")
    assert (response.accepted, response.upload_address) == (True, other.address)
    waiting = await one.client("bob")
    assert await waiting.book(1) == 0
    await silent.reply(await silent.next_frame(s2u.UploadStart), YES)
    await silent.next(s2u.UploadAbort)
    await waiting.next(s2c.UploadBookingModify, effective_change=1)
    await other.finish(await other.next(s2u.UploadStart))
    assert (await client.next(s2c.UploadFinishInfo)).success


async def test_a_kept_upload_goes_on_at_another_manager(managers: Managers):
    """The manager that runs it hands it over; only what is missing is due, on whichever service."""
    one, two = (world.stage for world in managers.worlds)
    service, client = await one.service(), await booking_client(one)
    start = await begin_kept(client, service, stored=(0, 2))
    again = await two.client("alice", extensions=RESUMING)
    await again.next(s2c.ServiceRegistry)
    assert await again.book(1) == 0
    other = await two.service()
    await again.next(s2c.UploadBookingModify, effective_change=1)
    answer = await resume(again, start.upload_id)
    assert ranges_of(answer) == [(1, 1), (3, 4)]
    assert (await client.next(s2c.UploadParked)).upload_id == start.upload_id
    await finish_resumed(again, other)
    assert await again.names() == ["a.txt"]


async def test_a_kept_upload_is_dropped_at_another_manager(managers: Managers):
    """Its run ends, and nothing of it is left."""
    one, two = (world.stage for world in managers.worlds)
    service, client = await one.service(), await booking_client(one)
    start = await begin_kept(client, service, stored=(0,))
    again = await two.client("alice", extensions=RESUMING)
    assert (await again.order(c2s.UploadDrop(upload_id=start.upload_id))).success
    await service.next(s2u.UploadAbort)
    await nothing_kept(again)
