"""Peers of the base protocol that are connected to different managers.

`pytest tests/base_protocol --cluster` runs all tests of this folder like that.
"""

from pathlib import Path

from local_supabase.stack import LocalSupabase
from tests.base_protocol.stage import running_cluster_stage


async def test_each_peer_at_another_manager(
    tmp_path: Path, supabase: LocalSupabase, cluster_url: str, content: bytes
):
    """A service, and two frontends: files are stored, replaced, announced, read, and services lost."""
    async with running_cluster_stage(tmp_path, supabase, cluster_url) as stage:
        service = await stage.service()
        alice, bob = await stage.frontend(booked=1), await stage.frontend("bob")
        assert len({alice.url, bob.url, stage.services_url}) == 3
        await alice.store("a.txt", content, "/docs", is_public=True)
        await bob.next("s2c:file-modify", action="add", path="/docs")
        for frontend in (alice, bob):
            assert await frontend.download("a.txt", "/docs") == (200, content)
        again = await alice.put("a.txt", b"new", "/docs")
        await alice.next("s2c:upload-overwrite-request", upload_id=again)
        await alice.send("c2s:upload-overwrite-response", upload_id=again, action="overwrite")
        assert (await alice.finished(again))["success"]
        assert await alice.download("a.txt", "/docs") == (200, b"new")
        running = await alice.request("b.txt", 10)
        await service.close()
        assert not (await alice.finished(running["upload_id"]))["success"]
        await alice.next("s2c:upload-booking-modify", effective_change=-1)
        await bob.next("s2c:service-registry", action="removed")
