"""Uploads into folders in which their user may not write are refused before a byte is sent."""

from pathlib import Path

import pytest

from manager.uploads.transitions import MAY_NOT_ADD, MAY_NOT_OVERWRITE
from protocol import c2s, s2c, s2u
from tests.manager.sockets.bundling import (
    BUNDLING,
    ask_for_bundle,
    rejected_bundle,
    rejections_in,
    small_file,
)
from tests.manager.sockets.flaky import running_flaky_stage
from tests.manager.sockets.keeping import (
    RESUMING,
    begin_kept,
    finish_resumed,
    refused_resume,
    resume,
)
from tests.manager.sockets.peers import ClientPeer, ServicePeer

MANY_CHUNKS = 450
NEVER = ("not-permitted", "never")


@pytest.fixture
async def service(cloud) -> ServicePeer:
    """The only service."""
    only: ServicePeer = await cloud.stage.service()
    return only


@pytest.fixture
async def shared(cloud, alice, bob, service) -> None:
    """A folder that Bob may only read, with a file that he may write and one that he may not."""
    await cloud.put_at("alice", "/trip/day/f.txt")
    await cloud.put_at("alice", "/trip/open.txt", bob="rw")
    await cloud.share("alice", "/trip", "read", user="bob")


async def booked(cloud, name: str, *extensions: str) -> ClientPeer:
    """A client with the service."""
    client: ClientPeer = await cloud.stage.client(name, extensions=extensions)
    assert await client.book(1) == 1
    return client


@pytest.mark.parametrize("size", [10, MANY_CHUNKS])
async def test_what_is_shared_to_be_read_takes_no_upload(cloud, shared, service, size):
    """Nor does a folder below it, that is there or not: as the commit says it, and the service is free."""
    client = await booked(cloud, "bob")
    for path in ("/Shared/trip", "/Shared/trip/day", "/Shared/trip/new/x", "/Shared", "/Shared/y"):
        refused = await client.request_upload(path=path, size=size)
        assert (refused.accepted, refused.rejection_reason) == (False, MAY_NOT_ADD), path
    assert (await client.request_upload(path="/Common/new", size=size)).accepted
    assert (await service.next(s2u.UploadStart)).path.endswith("/new")


async def test_a_right_further_down_counts(cloud, shared, service):
    """Though what the user sees begins above it."""
    await cloud.share("alice", "/trip/day", "write", user="bob")
    client = await booked(cloud, "bob", *BUNDLING)
    files = small_file("a", "/Shared/trip"), small_file("b", "/Shared/trip/day/new")
    assert rejections_in(await ask_for_bundle(client, *files)) == [NEVER, None]


async def test_a_file_is_replaced_that_the_user_may_write(cloud, shared, service):
    """Its own right suffices; one of somebody else is refused, as are its folder's new ones."""
    client = await booked(cloud, "bob", *BUNDLING)
    for name, path, reason in (
        ("f.txt", "/Shared/trip/day", MAY_NOT_OVERWRITE),
        ("new.txt", "/Shared/trip/day", MAY_NOT_ADD),
    ):
        packet = c2s.UploadRequest(
            name=name, path=path, size=10, is_public=False, do_overwrite=True
        )
        rejection = await client.ask(packet, s2c.UploadRejection)
        assert (rejection.code, rejection.reason, rejection.retry) == (NEVER[0], reason, NEVER[1])
    assert (
        await client.request_upload("open.txt", path="/Shared/trip", do_overwrite=True)
    ).accepted


async def test_each_file_of_a_bundle_is_refused_alone(cloud, shared, service):
    """The others are sent; of a bundle of refused ones nothing reaches the service."""
    client = await booked(cloud, "bob", *BUNDLING)
    refused = small_file("a", "/Shared/trip"), small_file("b", "/Shared/trip/new")
    assert await rejected_bundle(client, *refused) == NEVER
    response = await ask_for_bundle(client, refused[0], small_file("c"), refused[1])
    assert rejections_in(response) == [NEVER, None, NEVER]
    start = await service.next(s2u.BundleStart)
    assert [file.name for file in start.files] == ["c"]


async def test_the_commit_has_the_last_word(cloud, shared, service):
    """A right that ends while the bytes are sent is none."""
    await cloud.share("alice", "/trip", "write", user="bob")
    client = await booked(cloud, "bob")
    assert (await client.request_upload(path="/Shared/trip")).accepted
    start = await service.next(s2u.UploadStart)
    await cloud.share("alice", "/trip", "read", user="bob")
    await service.finish(start)
    end = await client.next(s2c.UploadFinishInfo)
    assert (end.success, end.reason) == (False, MAY_NOT_ADD)


async def test_a_kept_upload_waits_for_the_right(cloud, shared, service):
    """No more of it is sent as long as its user may not write, and it goes on afterwards."""
    await cloud.share("alice", "/trip", "write", user="bob")
    async with cloud.stage.visiting_client("bob", extensions=RESUMING) as client:
        assert await client.book(1) == 1
        start = await begin_kept(client, service, path="/Shared/trip", stored=(0,))
    await service.next(s2u.UploadAbort)
    await cloud.share("alice", "/trip", "read", user="bob")
    client = await booked(cloud, "bob", *RESUMING)
    refused = await refused_resume(client, start.upload_id)
    assert (refused.code, refused.retry) == NEVER
    await cloud.share("alice", "/trip", "write", user="bob")
    await resume(client, start.upload_id)
    await finish_resumed(client, service)


async def test_who_may_write_costs_no_question(tmp_path: Path) -> None:
    """What the user sees says it: the catalog is asked for rights as often as without uploads."""
    async with running_flaky_stage(tmp_path, spaces="personal") as stage:
        service, client = await stage.service(), await stage.client(extensions=BUNDLING)
        assert service
        await client.book(1)
        files = small_file("a"), small_file("b", "/Common/x/y")
        await client.names("/")
        asked = stage.catalog.calls["rights_on"]
        await ask_for_bundle(client, *files)
        assert stage.catalog.calls["rights_on"] == asked
