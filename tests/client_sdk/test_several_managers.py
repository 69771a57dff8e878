"""A client that knows several managers."""

import asyncio
from contextlib import AsyncExitStack

from client_sdk import Client, ClientSettings
from tests.chaos.programs import free_port
from tests.client_sdk.conftest import ScriptedManager, running_script


async def test_a_client_begins_at_the_first_manager_that_answers(manager: ScriptedManager):
    """By HTTP and by its link; nobody waits for one at which nothing listens."""
    settings = ClientSettings(retry_first_s=0.0, reply_timeout_s=0.2, request_attempts=1)
    urls = f"http://127.0.0.1:{free_port()}/, {manager.url}"
    async with Client(urls, manager.token, settings=settings) as client:
        await client.create_folder("/a")
        assert repr(client) == f"Client({manager.url!r})"


async def test_a_client_goes_on_at_the_next_manager(manager: ScriptedManager):
    """When its manager is gone."""
    settings = ClientSettings(retry_first_s=0.0, reply_timeout_s=0.2)
    async with AsyncExitStack() as first:
        other = await first.enter_async_context(running_script(ScriptedManager()))
        urls = f"{other.url},{manager.url}"
        connections: asyncio.Queue[bool] = asyncio.Queue()
        async with Client(
            urls, manager.token, settings=settings, link_changed=connections.put_nowait
        ) as client:
            assert repr(client) == f"Client({other.url!r})"
            await first.aclose()
            assert not await connections.get()
            assert await connections.get()
            await client.create_folder("/a")
            assert repr(client) == f"Client({manager.url!r})"
