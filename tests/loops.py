"""Which tests run on which event loop.

The programs run on uvloop, so their tests do. What depends on how a loop treats sockets runs on
asyncio's own loop as well: a transport of one is no instance of the other's classes, closes at
another moment, and raises other errors. Users of the client run it on either.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvloop

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

ON_BOTH = frozenset(
    {
        "base_protocol",
        "client_sdk/test_client.py",
        "client_sdk/test_connection.py",
        "client_sdk/test_downloads.py",
        "client_sdk/test_endpoint.py",
        "client_sdk/test_unavailable.py",
        "client_sdk/test_uploads.py",
        "common",
        "discord_emulator",
        "manager/accounts/test_logins.py",
        "manager/broadcast/test_announcing.py",
        "manager/connections/test_connection.py",
        "manager/connections/test_frames.py",
        "manager/connections/test_handshakes.py",
        "reading/test_read_ahead.py",
        "manager/downloads/test_downloads.py",
        "manager/files/test_browsing.py",
        "manager/files/test_folders_on_the_move.py",
        "manager/files/test_order_of_changes.py",
        "manager/gc/test_temporary_references.py",
        "manager/processing/test_processing_links.py",
        "manager/services/test_bookings.py",
        "manager/services/test_lost_webhooks.py",
        "manager/services/test_pings.py",
        "manager/services/test_silent_services.py",
        "manager/services/test_upload_services.py",
        "manager/tickets/test_uploads.py",
        "manager/uploads/test_catalog_away.py",
        "manager/uploads/test_catalog_hangs.py",
        "manager/uploads/test_chunk_reports.py",
        "manager/uploads/test_defects.py",
        "manager/uploads/test_ended_uploads.py",
        "manager/uploads/test_kept_upload_limits.py",
        "manager/uploads/test_kept_uploads.py",
        "manager/uploads/test_large_files.py",
        "manager/uploads/test_overwriting.py",
        "manager/uploads/test_random_days.py",
        "manager/uploads/test_rejections.py",
        "manager/uploads/test_uploads.py",
        "storage",
        "upload_service",
    }
)
"""Folders and modules below `tests`. Elsewhere a second loop would only repeat what these show."""

TESTS = Path(__file__).parent
_LOOPS: Mapping[str, LoopFactory] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def loops_for(path: Path) -> Mapping[str, LoopFactory]:
    """The loops on which the tests of a module run, by the name that their ids show."""
    place = path.relative_to(TESTS)
    within = {place.as_posix(), *(folder.as_posix() for folder in place.parents)}
    names = _LOOPS.keys() if within & ON_BOTH else {"uvloop"}
    return {name: partial(_guarded, new) for name, new in _LOOPS.items() if name in names}


def _guarded(new_loop: LoopFactory) -> asyncio.AbstractEventLoop:
    loop = new_loop()
    loop.set_exception_handler(_end_overdue_test)
    return loop


def _end_overdue_test(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Ends a test whose time is over.

    pytest-timeout raises its failure in a signal handler. Where that interrupts uvloop itself, or a
    callback of any loop, it is only reported here, and the test would run for ever.
    """
    loop.default_exception_handler(context)
    if isinstance(context.get("exception"), pytest.fail.Exception):
        for task in asyncio.all_tasks(loop):
            task.cancel("the time of the test is over")
