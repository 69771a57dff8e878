"""Bookings as clients see them: amounts, changes by one, refusals as replies."""

from pathlib import Path

from discord_emulator.testing import VirtualClock
from protocol import c2s, s2c, s2u
from tests.manager.sockets.stage import Stage, running_stage


async def test_a_booking_is_answered_with_what_there_is(stage: Stage):
    """The amount is what the client has now, however much it desires."""
    await stage.service()
    client = await stage.client()
    assert await client.book(3) == 1


async def test_a_service_that_logs_on_goes_to_who_waits(stage: Stage):
    """Whoever desires more than it has gets +1 when a service comes."""
    client = await stage.client()
    assert await client.book(2) == 0
    await stage.service()
    await client.next(s2c.UploadBookingModify, effective_change=1)
    await stage.service()
    await client.next(s2c.UploadBookingModify, effective_change=1)
    await stage.service()
    await client.caught_up()
    assert client.unread(s2c.UploadBookingModify) == []


async def test_a_freed_service_goes_to_who_waits(stage: Stage):
    """Clearing a booking gives its services to the next client."""
    await stage.service()
    first, second = await stage.client("alice"), await stage.client("bob")
    assert await first.book(1) == 1
    assert await second.book(1) == 0
    assert (await first.order(c2s.UploadBookingClear())).success
    await second.next(s2c.UploadBookingModify, effective_change=1)


async def test_a_client_that_disconnects_frees_its_services(stage: Stage):
    """Nobody holds a service without a connection."""
    await stage.service()
    waiting = await stage.client("bob")
    async with stage.visiting_client("alice") as leaving:
        assert await leaving.book(1) == 1
        assert await waiting.book(1) == 0
    await waiting.next(s2c.UploadBookingModify, effective_change=1)


async def test_an_idle_service_that_disconnects_is_taken_from_its_booking(stage: Stage):
    """A booked service that goes away is told as -1, before it is known to be removed."""
    async with stage.visiting_service():
        client = await stage.client()
        assert await client.book(1) == 1
        listed = await client.next(s2c.ServiceRegistry)
    seen = await client.until(s2c.ServiceRegistry, action="removed")
    assert seen[0] == s2c.UploadBookingModify(effective_change=-1)
    assert seen[-1] == s2c.ServiceRegistry(
        service_type="upload", action="removed", service_uuid=listed.service_uuid
    )
    response = await client.request_upload()
    assert not response.accepted


async def test_requests_without_a_free_service_are_refused_as_replies(stage: Stage):
    """Not booked, none assigned, all busy: each is an upload-response with its own reason."""
    client = await stage.client()
    nothing_booked = await client.request_upload("a.bin", path="/x", size=5)
    assert await client.book(1) == 0
    none_assigned = await client.request_upload()
    await stage.service()
    await client.next(s2c.UploadBookingModify)
    assert (await client.request_upload()).accepted
    all_busy = await client.request_upload()
    refused = [nothing_booked, none_assigned, all_busy]
    assert [response.accepted for response in refused] == [False, False, False]
    assert len({response.rejection_reason for response in refused}) == 3
    assert (nothing_booked.name, nothing_booked.path) == ("a.bin", "/x")
    assert nothing_booked.upload_address is None


async def test_clearing_nothing_is_refused(stage: Stage):
    """Without a booking there is nothing to clear."""
    client = await stage.client()
    assert "booked" in await client.refusal(c2s.UploadBookingClear())


async def test_clearing_while_an_upload_runs_is_refused_and_harmless(stage: Stage):
    """The upload goes on, and the booking can be cleared after its stage finish."""
    service, client = await stage.service(), await stage.client()
    await client.book(1)
    response = await client.request_upload()
    assert "running" in await client.refusal(c2s.UploadBookingClear())
    await service.take_upload()
    await client.next(s2c.UploadStageFinish, upload_id=response.upload_id)
    assert (await client.order(c2s.UploadBookingClear())).success
    assert (await client.next(s2c.UploadFinishInfo)).success


async def test_lowering_the_desired_amount_spares_a_running_upload(stage: Stage):
    """The surplus goes when its upload ends, not before."""
    services = [await stage.service(), await stage.service()]
    client = await stage.client()
    assert await client.book(2) == 2
    responses = [await client.request_upload(f"{n}.bin") for n in range(2)]
    assert all(response.accepted for response in responses)
    assert await client.book(1) == 2
    for service in services:
        await service.take_upload()
    await client.next(s2c.UploadBookingModify, effective_change=-1)
    infos = [await client.next(s2c.UploadFinishInfo) for _ in range(2)]
    assert all(info.success for info in infos)
    assert client.unread(s2c.UploadBookingModify) == []


async def test_an_idle_booking_yields_to_who_waits(tmp_path: Path):
    """A service that stood idle for BOOKING_IDLE_S goes to a waiting client; one in use does not."""
    clock = VirtualClock()
    async with running_stage(tmp_path, monotonic=clock, booking_idle_s=0.01) as stage:
        await stage.service()
        await stage.service()
        greedy, waiting = await stage.client("alice"), await stage.client("bob")
        assert await greedy.book(2) == 2
        assert (await greedy.request_upload()).accepted
        assert await waiting.book(2) == 0
        clock.advance(0.01)
        await greedy.next(s2c.UploadBookingModify, effective_change=-1)
        await waiting.next(s2c.UploadBookingModify, effective_change=1)
        assert (await waiting.request_upload("b.bin")).accepted
        await greedy.caught_up()
        assert greedy.unread(s2c.UploadBookingModify) == []


async def test_status_shows_services_and_bookings(stage: Stage):
    """People can see who holds what."""
    service, client = await stage.service(), await stage.client()
    await client.book(2)
    await client.request_upload()
    snapshot = await stage.status()
    assert snapshot["bookings"] == [{"user": "alice", "desired": 2, "amount": 1}]
    assert [(s["address"], s["state"], s["user"]) for s in snapshot["services"]] == [
        (service.address, "running", "alice")
    ]
    await service.next(s2u.UploadStart)
