"""Uploads that run at several managers count together for the quota of their user."""

from catalog.records import StorageQuota
from protocol import c2s, s2c
from tests.manager.cluster.managers import Managers
from tests.manager.sockets.peers import ClientPeer


async def _is_accepted(client: ClientPeer, name: str) -> bool:
    """Whether an upload of 300 bytes is let begin; then it is aborted again."""
    answer = await client.request_upload(name, size=300)
    if answer.accepted:
        await _abort(client, answer.upload_id)
    return answer.accepted


async def _abort(client: ClientPeer, upload_id: str | None) -> None:
    assert upload_id is not None
    assert (await client.order(c2s.UploadAbortRequest(upload_id=upload_id))).success
    assert not (await client.next(s2c.UploadFinishInfo)).success


async def test_uploads_at_several_managers_count_together(managers: Managers):
    """The second of two that fit one by one is refused at another manager, until the first has ended."""
    one, two = (world.stage for world in managers.worlds)
    await one.token("alice")
    alice = await one.catalog.user_by_name("alice")
    assert alice is not None
    await one.catalog.set_quota(alice.id, StorageQuota(bytes=500, files=None))
    await one.service()
    await two.service()
    here, there = await one.client("alice"), await two.client("alice")
    await here.book(1)
    await there.book(1)
    first = await here.request_upload("a.bin", size=300)
    assert first.accepted
    while await _is_accepted(there, "b.bin"):
        continue
    await _abort(here, first.upload_id)
    while not await _is_accepted(there, "b.bin"):
        continue
