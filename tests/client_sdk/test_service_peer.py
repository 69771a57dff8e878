"""Services as peers of a manager."""

import asyncio

import pytest

from client_sdk.errors import ConnectionLost, NotLoggedIn
from client_sdk.service_peer import service_url, stay_connected
from common.retry import Backoff


@pytest.mark.parametrize(
    ("manager", "url"),
    [
        ("http://a:1", "ws://a:1/?type=upload&key=p%26q&process=x"),
        ("https://a/b", "wss://a/b/?type=upload&key=p%26q&process=x"),
        ("ws://a", "ws://a/?type=upload&key=p%26q&process=x"),
    ],
)
def test_a_service_connects_by_websocket(manager, url):
    """Whichever scheme the manager's address has; the query says who comes."""
    assert service_url(manager, "upload", "p&q", process="x") == url


async def test_a_service_comes_back_whatever_ended_its_connection(caplog):
    """Each end is logged by its kind; only cancellation is the last."""
    caplog.set_level("INFO")
    ends: list[Exception | None] = [None, NotLoggedIn("no"), ConnectionLost("gone"), ValueError()]

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    async def connect(_backoff: Backoff) -> None:
        if not ends:
            raise asyncio.CancelledError
        end = ends.pop(0)
        if end is not None:
            raise end

    with pytest.raises(asyncio.CancelledError):
        await stay_connected(connect, Backoff(sleep=at_once))
    assert [record.getMessage().partition(" ")[0] for record in caplog.records] == [
        "manager-connection-lost",
        "manager-refuses-service-credential",
        "manager-unreachable",
        "manager-connection-failed",
    ]
    assert "gone" in caplog.records[2].getMessage()
