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
        "client_sdk/test_unavailable.py",
        "client_sdk/test_endpoint.py",
        "client_sdk/test_uploads.py",
        "common",
        "discord_emulator",
        "manager/downloads/test_content.py",
        "manager/downloads/test_downloads.py",
        "manager/services/test_pings.py",
        "manager/sockets",
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
