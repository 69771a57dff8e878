"""An event loop in a thread of its own, and the client that lives on it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from client_sdk.client import Client
from client_sdk.errors import Unreachable

T = TypeVar("T")


class LoopThread:
    """Runs a client, and whatever other threads ask of it.

    Args:
        client: The client. It is entered by `start` and left by `stop`, in one task.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._thread = threading.Thread(target=self._run, name=repr(client), daemon=True)
        # Guards what follows: no call may be begun on a loop that is about to end.
        self._gate = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._calls: set[_Call[Any]] = set()
        self._task: asyncio.Task[None] | None = None
        self._has_begun = threading.Event()
        self._is_entered = threading.Event()
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Enter the client. Raises what that raises."""
        self._thread.start()
        try:
            self._is_entered.wait()
        except BaseException:
            with contextlib.suppress(Exception):
                self.stop()
            raise
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Leave the client, and raise what that raises. Calls under way raise `Unreachable`."""
        self._check_thread()
        self._has_begun.wait()
        with self._gate:
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; an interrupt of the waiting thread cancels it.

        Raises:
            RuntimeError: The caller is a callback that runs in the loop's own thread.
            Unreachable: The client is closed.
        """
        try:
            self._check_thread()
            call = self._begin(work)
        except BaseException:
            work.close()
            raise
        return call.result()

    def release(self, work: Coroutine[Any, Any, object]) -> None:
        """Run a coroutine without waiting for it, also from the loop's own thread.

        When the client is closed it is not run at all.
        """
        try:
            self._begin(work)
        except Unreachable:
            work.close()

    def _begin(self, work: Coroutine[Any, Any, T]) -> "_Call[T]":
        with self._gate:
            if self._loop is None:
                raise Unreachable("the client is closed")
            call = _Call(work, self._loop, self._calls.discard)
            self._calls.add(call)
        return call

    def _check_thread(self) -> None:
        if threading.current_thread() is self._thread:
            raise RuntimeError("a callback that reports something cannot use its client")

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except asyncio.CancelledError:
            pass  # this is how `stop` ends it
        except BaseException as error:  # noqa: BLE001 - `start` raises it
            self._failure = error
        finally:
            for call in self._calls:
                call.abandon()
            self._has_begun.set()
            self._is_entered.set()

    async def _serve(self) -> None:
        self._task = asyncio.current_task()
        with self._gate:
            self._loop = asyncio.get_running_loop()
        self._has_begun.set()
        try:
            async with self.client:
                self._is_entered.set()
                await asyncio.Event().wait()
        finally:
            with self._gate:
                self._loop = None
            # Calls that came before become tasks now, and are cancelled with all others.
            await asyncio.sleep(0)


class _Call(Generic[T]):
    """A coroutine that one thread waits for while another one runs it."""

    def __init__(
        self,
        work: Coroutine[Any, Any, T],
        loop: asyncio.AbstractEventLoop,
        over: "Callable[[_Call[Any]], None]",
    ) -> None:
        self._work = work
        self._loop = loop
        self._over = over
        self._task: asyncio.Task[T] | None = None
        self._is_over = threading.Event()
        loop.call_soon_threadsafe(self._start)

    def result(self) -> T:
        """Wait for its result. Raises its error, or `Unreachable` if it was not run to its end."""
        try:
            self._is_over.wait()
        except BaseException:
            with contextlib.suppress(RuntimeError):  # the loop may be closed
                self._loop.call_soon_threadsafe(self._cancel)
            self._is_over.wait()
            raise
        if self._task is None or not self._task.done() or self._task.cancelled():
            raise Unreachable("the client is closed")
        return self._task.result()

    def abandon(self) -> None:
        """The loop has ended: it will not be run any more, if it was begun at all."""
        if self._task is None:
            self._work.close()
        self._is_over.set()

    def _start(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(self._finish)

    def _finish(self, _: asyncio.Task[T]) -> None:
        self._is_over.set()
        self._over(self)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
