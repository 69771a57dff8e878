"""What becomes of bookings and uploads when managers, the allocator, or NATS go away."""

from local_supabase.nats_server import NatsServer
from protocol import c2s, generic, s2c, s2u
from protocol.packet import Packet
from tests.manager.cluster.managers import Managers, running_managers
from tests.manager.sockets.peers import ClientPeer, ServicePeer


async def _uploaded(client: ClientPeer, service: ServicePeer, name: str) -> None:
    """Uploads a file."""
    assert (await client.request_upload(name)).accepted
    await service.finish(await service.next(s2u.UploadStart))
    assert (await client.next(s2c.UploadFinishInfo)).success


async def test_bookings_outlive_the_allocator(managers: Managers):
    """Its successor knows what was booked: clients hear of no change, and uploads go on."""
    one, two = (world.stage for world in managers.worlds)
    service, client = await two.service(), await two.client("alice")
    assert await client.book(2) == 1
    assert (await client.request_upload("a.txt")).accepted
    start = await service.next(s2u.UploadStart)
    await one.stop()
    await service.finish(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    await _uploaded(client, service, "b.txt")
    assert client.unread(s2c.UploadBookingModify) == []
    await two.service()
    await client.next(s2c.UploadBookingModify, effective_change=1)


async def test_nats_comes_back_empty(tmp_path, supabase, nats_server: NatsServer):
    """Uploads go on meanwhile, and end afterwards; bookings wait, and no client hears of a change."""
    supabase.empty()
    async with running_managers(tmp_path, supabase, nats_server.url()) as managers:
        one, two = (world.stage for world in managers.worlds)
        client = await two.client("alice")
        far, near = await one.service(), await two.service()
        await client.next(s2c.ServiceRegistry)
        await client.next(s2c.ServiceRegistry)
        assert await client.book(3) == 2
        starts = {}
        for name in ("a.txt", "b.txt"):
            assert (await client.request_upload(name)).accepted
        for service in (near, far):
            starts[service] = await service.next(s2u.UploadStart)
        nats_server.kill()
        for service, start in starts.items():
            await service.finish(start)
        assert (await client.next(s2c.UploadFinishInfo)).success
        nats_server.start()
        assert (await client.next(s2c.UploadFinishInfo)).success
        # A booking waits until there is an allocator again, or is refused before a reply is due.
        other = await one.client("bob")
        while await _is_refused(other, c2s.UploadBookingRequest(desired_amount=1)):
            continue
        await client.caught_up()
        assert client.unread(s2c.UploadBookingModify) == []
        assert (await client.request_upload("c.txt")).accepted


async def _is_refused(client: ClientPeer, packet: Packet) -> bool:
    """Whether there is no allocator yet."""
    answer = await client.ask(packet, Packet)
    return isinstance(answer, generic.Boolean)
