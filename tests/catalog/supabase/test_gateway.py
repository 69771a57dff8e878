"""The gateway of the local Supabase, when its clients die."""

import asyncio
import logging
from urllib.parse import urlsplit

import pytest

from local_supabase.stack import LocalSupabase


@pytest.mark.parametrize("resets", [True, False])
async def test_a_client_that_dies_in_mid_request_is_no_error(
    empty: LocalSupabase, caplog: pytest.LogCaptureFixture, *, resets: bool
) -> None:
    """Nothing is logged, and the next request is served."""
    function = "a_function_that_is_half_called"
    called = empty.gateway.called(function)
    address = urlsplit(empty.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        f"POST /rest/v1/rpc/{function} HTTP/1.1\r\nHost: local\r\napikey: {empty.service_key}\r\n"
        "Content-Length: 1000\r\n\r\n{".encode()
    )
    await asyncio.to_thread(called.wait)
    if resets:
        writer.transport.abort()
    else:
        writer.close()
    status, _ = await asyncio.to_thread(empty.call, "list_signing_keys")
    assert status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
