"""Changes of files and folders, as they happen."""

import asyncio
import weakref
from dataclasses import dataclass
from typing import Self

from client_sdk.errors import CloudError
from protocol import s2c

QUEUE_LIMIT = 1000


@dataclass(frozen=True)
class EventsMissed:
    """Some changes were missed: the connection was away, or the reader too slow.

    Whoever shows a folder should list it again.
    """


Event = s2c.FileModify | s2c.FolderModify | EventsMissed


class EventStream:
    """The events from the moment of its making on. Iterate over it in one task.

    A stream that nobody holds any more is forgotten. Iteration raises the error with which the
    link gave up, if it did.
    """

    def __init__(self, limit: int = QUEUE_LIMIT) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue(limit)
        self._news = asyncio.Event()
        self._has_missed = False
        self._failure: CloudError | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while True:
            if self._has_missed:
                self._has_missed = False
                return EventsMissed()
            if not self._events.empty():
                return self._events.get_nowait()
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()

    def put(self, event: s2c.FileModify | s2c.FolderModify) -> None:
        """Add an event; a stream that is full forgets all it holds."""
        if self._events.full():
            self.miss()
        self._events.put_nowait(event)
        self._news.set()

    def miss(self) -> None:
        """Say that events were missed. Those that wait are of no use any more."""
        while not self._events.empty():
            self._events.get_nowait()
        self._has_missed = True
        self._news.set()

    def fail(self, error: CloudError) -> None:
        """End the stream."""
        self._failure = error
        self._news.set()


class EventHub:
    """Hands every event to all streams."""

    def __init__(self) -> None:
        self._streams: weakref.WeakSet[EventStream] = weakref.WeakSet()
        self._was_away = False

    def stream(self) -> EventStream:
        """A new stream."""
        stream = EventStream()
        self._streams.add(stream)
        return stream

    def connected(self) -> None:
        """Events come again; what came meanwhile was missed."""
        if self._was_away:
            for stream in self._streams:
                stream.miss()

    def disconnected(self) -> None:
        """Events stop coming."""
        self._was_away = True

    def publish(self, event: s2c.FileModify | s2c.FolderModify) -> None:
        """An event came in."""
        for stream in self._streams:
            stream.put(event)

    def failed(self, error: CloudError) -> None:
        """No more events will come."""
        for stream in self._streams:
            stream.fail(error)
