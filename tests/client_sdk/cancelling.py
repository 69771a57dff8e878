"""Downloads that are cancelled while a thread works for them."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path

import pytest

from client_sdk.sinks import DraftFile


def held(monkeypatch: pytest.MonkeyPatch, method: str) -> tuple[threading.Event, threading.Event]:
    """Has a method of drafts stay in its thread when it has done its work.

    Sets the first event, and waits for the second.
    """
    done, may_return = threading.Event(), threading.Event()
    real = getattr(DraftFile, method)

    def waiting(draft: DraftFile, *args: object) -> object:
        result = real(draft, *args)
        done.set()
        may_return.wait(10)
        return result

    monkeypatch.setattr(DraftFile, method, waiting)
    return done, may_return


async def cancelled_at(
    download: Coroutine[object, object, object], done: threading.Event, may_return: threading.Event
) -> None:
    """Cancels a download while a thread works for it, which ends only later."""
    task = asyncio.create_task(download)
    await asyncio.to_thread(done.wait, 10)
    task.cancel()
    await asyncio.wait([task], timeout=0)
    may_return.set()
    with pytest.raises(asyncio.CancelledError):
        await task


def names_in(folder: Path) -> list[str]:
    """What lies in a folder."""
    return [path.name for path in folder.iterdir()]
