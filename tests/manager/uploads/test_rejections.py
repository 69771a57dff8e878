"""Why an upload was rejected, for clients that asked to hear it by a code."""

from pathlib import Path

import pytest

from catalog.errors import CatalogFull, CatalogUnavailable
from protocol import c2s, generic, s2c, s2u
from protocol.extensions import REJECTIONS
from tests.manager.sockets.flaky import FlakyStage, running_flaky_stage
from tests.manager.sockets.peers import YES, ClientPeer, no

REQUEST = c2s.UploadRequest(name="a.bin", path="/", size=5, is_public=False)


@pytest.fixture
async def client(flaky_stage: FlakyStage) -> ClientPeer:
    """A client that hears codes."""
    return await flaky_stage.client(extensions=[REJECTIONS])


async def rejection(
    client: ClientPeer, packet: c2s.UploadRequest = REQUEST
) -> tuple[str, str, bool]:
    """Code and advice of a rejection, and whether it says a reason."""
    answer = await client.ask(packet, s2c.UploadRejection)
    return answer.code, answer.retry, bool(answer.reason)


async def test_without_a_free_service_it_helps_to_ask_soon(
    flaky_stage: FlakyStage, client: ClientPeer
):
    """Each lack has its code."""
    assert await rejection(client) == ("nothing-booked", "soon", True)
    await client.book(1)
    assert await rejection(client) == ("none-assigned", "soon", True)
    await flaky_stage.service()
    await client.next(s2c.UploadBookingModify, effective_change=1)
    assert (await client.request_upload()).accepted
    assert await rejection(client) == ("all-busy", "soon", True)


async def test_what_may_be_mended_is_asked_for_later(flaky_stage: FlakyStage, client: ClientPeer):
    """The service says no, the catalog is away, or the manager has a defect."""
    service = await flaky_stage.service()
    await client.book(1)
    service.answers[s2u.UploadStart] = no("the disk is full")
    assert await rejection(client) == ("service-refused", "later", True)
    service.answers[s2u.UploadStart] = YES
    flaky_stage.catalog.before["begin_objects"] = 1
    assert await rejection(client) == ("catalog-unavailable", "later", True)
    flaky_stage.catalog.defects["begin_objects"] = 1
    assert await rejection(client) == ("internal-error", "later", True)


async def test_a_service_that_dies_as_it_starts_is_not_merely_busy(
    flaky_stage: FlakyStage, client: ClientPeer
):
    """A file that no service survives is not asked for without end."""
    async with flaky_stage.visiting_service() as service:
        await client.book(1)
        service.answers[s2u.UploadStart] = None
        await client.send(REQUEST)
        await service.next(s2u.UploadStart)
    lost = await client.next(s2c.UploadRejection)
    assert (lost.code, lost.retry) == ("service-lost", "later")


async def test_a_request_that_cannot_succeed_says_so(flaky_stage: FlakyStage, client: ClientPeer):
    """A bad name, and a path on which a file stands in the place of a folder."""
    await flaky_stage.service()
    await client.book(1)
    assert (await client.order(c2s.EmptyFileUpload(path="/", name="file"))).success
    too_deep = c2s.UploadRequest(name="a", path="/file", size=250, is_public=False)
    assert await rejection(client, too_deep) == ("not-a-folder", "never", True)
    assert (await client.order(c2s.CreateFolder(path="/folder"))).success
    in_the_way = c2s.UploadRequest(
        name="folder", path="/", size=250, is_public=False, do_overwrite=True
    )
    assert await rejection(client, in_the_way) == ("is-a-folder", "never", True)


async def test_a_name_that_is_not_allowed_here_is_never_taken(tmp_path: Path):
    """Whatever is free, the request has to be another one."""
    async with running_flaky_stage(tmp_path, name_policy="base") as flaky_stage:
        client = await flaky_stage.client(extensions=[REJECTIONS])
        bad_name = c2s.UploadRequest(name="日記", path="/", size=5, is_public=False)
        assert await rejection(client, bad_name) == ("invalid-request", "never", True)


async def test_other_clients_get_words_alone(flaky_stage: FlakyStage):
    """The base protocol knows no code."""
    client = await flaky_stage.client()
    response = await client.request_upload()
    assert (response.accepted, bool(response.rejection_reason)) == (False, True)


@pytest.mark.parametrize(
    ("error", "retry"), [(CatalogUnavailable, "later"), (CatalogFull, "never")]
)
async def test_what_the_catalog_cannot_do_says_whether_it_may_later(
    flaky_stage: FlakyStage, client: ClientPeer, error: type[CatalogUnavailable], retry: str
):
    """To any request; clients of the base protocol get the frame that they know."""
    base_client = await flaky_stage.client()
    flaky_stage.catalog.error = error
    flaky_stage.catalog.before["folder_at"] = 1000
    for each, expected in ((client, retry), (base_client, None)):
        answer = await each.ask(c2s.FolderStatusRequest(path="/"), generic.Boolean)
        assert not answer.success
        assert answer.retry == expected


async def test_what_is_refused_does_not_say_more(client: ClientPeer):
    """A request that is wrong stays wrong, and that is what its reason says."""
    answer = await client.ask(
        c2s.RenameFile(path="/", name="none", target_name="b"), generic.Boolean
    )
    assert (answer.success, answer.retry) == (False, None)
