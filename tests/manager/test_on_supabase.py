"""The manager on a catalog in Supabase."""

import asyncio
import os

import pytest
from pydantic import SecretStr

from local_supabase.gateway import GatewayFault
from local_supabase.stack import LocalSupabase


@pytest.fixture
def settings(supabase: LocalSupabase):
    """What makes the manager work on the local Supabase, which is empty."""
    supabase.empty()
    yield {"supabase_url": supabase.url, "supabase_key": SecretStr(supabase.service_key)}
    supabase.gateway.faults.clear()


async def test_what_is_stored_can_be_downloaded(running_cloud, tmp_path, settings, supabase):
    """Files go in and come out, through outages, and a manager that starts anew finds them."""
    content = os.urandom(2500)
    async with running_cloud(tmp_path, **settings) as cloud:
        token = await cloud.token()
        supabase.gateway.faults.extend([GatewayFault.RESET_AFTER, GatewayFault.UNAVAILABLE])
        file = await cloud.store("/a/b.txt", content)
    headers = {"Authorization": f"Bearer {token}"}
    async with running_cloud(tmp_path, **settings) as cloud:
        supabase.gateway.faults.extend([GatewayFault.RESET_AFTER, GatewayFault.UNAVAILABLE])
        asked = {"path": "/a", "name": "b.txt"}
        async with cloud.client.get("/download", params=asked, headers=headers) as answer:
            assert (answer.status, await answer.read()) == (200, content)
        assert await cloud.catalog.file_by_id(file.id) == file
    assert not (tmp_path / "catalog.sqlite3").exists()


async def test_it_starts_before_supabase_does(running_cloud, tmp_path, settings, supabase):
    """A manager that starts while Supabase is down is there as soon as that is."""

    async def start_and_register() -> str:
        async with running_cloud(tmp_path, **settings) as cloud:
            token: str = await cloud.token()
            return token

    supabase.postgrest.stop()
    tried = supabase.gateway.called("check_catalog")
    started = asyncio.create_task(start_and_register())
    await asyncio.to_thread(tried.wait)
    assert not started.done()
    supabase.postgrest.start()
    assert await started
