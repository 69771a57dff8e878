"""Changes of files and folders, as they happen."""

import asyncio
import weakref
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from client_sdk import listing
from client_sdk.errors import CloudError
from client_sdk.models import FileInfo, FolderInfo
from protocol import s2c

QUEUE_LIMIT = 1000


@dataclass(frozen=True)
class EventsMissed:
    """Some changes were missed: the connection was away, or the reader too slow.

    A program that shows a folder should list it again.
    """


class ChangeAction(StrEnum):
    """What happened to a file or folder."""

    ADD = "add"
    MODIFY = "modify"
    """Of files only: it has other content, another owner, or a thumbnail now."""
    RENAME = "rename"
    """Of folders only."""
    MOVE = "move"
    """Of folders only: it lies in another folder now, and may have another name as well."""
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True)
class FileEvent:
    """A file was added, changed or deleted. One that is renamed or moved is deleted and added.

    Attributes:
        action: What happened: `ADD`, `MODIFY` or `DELETE`.
        file: The file as it is now; a deleted one as it was.
        thumbnail_url: Where a small picture of it can be had without a token; None without one.
    """

    action: ChangeAction
    file: FileInfo
    thumbnail_url: str | None


@dataclass(frozen=True, kw_only=True)
class FolderEvent:
    """A folder was added, renamed, moved or deleted, with everything in it.

    Attributes:
        action: What happened: `ADD`, `RENAME`, `MOVE` or `DELETE`.
        folder: The folder as it is now; a deleted one as it was.
        previous_name: Its name before; None if it has kept its name.
        previous_parent_id: Number of the folder in which it lay before it was moved; None for
            the root, and if it was not moved.
    """

    action: ChangeAction
    folder: FolderInfo
    previous_name: str | None
    previous_parent_id: int | None


Event = FileEvent | FolderEvent | EventsMissed
Change = s2c.FileModify | s2c.FilesModify | s2c.FolderModify


class EventQueue:
    """The events that one stream has yet to give, of which it may have missed some."""

    def __init__(self, limit: int = QUEUE_LIMIT) -> None:
        self._packets: asyncio.Queue[Change] = asyncio.Queue(limit)
        self._files: deque[FileEvent] = deque()
        self._news = asyncio.Event()
        self._has_missed = False
        self._failure: CloudError | None = None

    async def get(self) -> Event:
        """The next event. Raises what the link gave up with."""
        while True:
            if self._has_missed:
                self._has_missed = False
                return EventsMissed()
            if self._files:
                return self._files.popleft()
            if not self._packets.empty():
                packet = self._packets.get_nowait()
                if not isinstance(packet, s2c.FilesModify):
                    return _event(packet)
                self._files.extend(
                    _file_event(packet.path, packet.action, handle) for handle in packet.handles
                )
                continue
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()

    def put(self, packet: Change) -> None:
        """Add what changed together; a queue that is full forgets all it holds."""
        if self._packets.full():
            self.miss()
        self._packets.put_nowait(packet)
        self._news.set()

    def miss(self) -> None:
        """Say that events were missed. Those that wait are of no use any more."""
        while not self._packets.empty():
            self._packets.get_nowait()
        self._files.clear()
        self._has_missed = True
        self._news.set()

    def fail(self, error: CloudError) -> None:
        """No more events will come."""
        self._failure = error
        self._news.set()


class EventStream:
    """The events from the moment of its making on. Iterate over it in one task.

    A stream that nobody holds any more is forgotten. Iteration raises the error with which the
    client gave up its connection, if it did.
    """

    def __init__(self, queue: EventQueue) -> None:
        self._queue = queue

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._queue.get()


class EventHub:
    """Hands every event to all streams."""

    def __init__(self) -> None:
        self._queues: weakref.WeakSet[EventQueue] = weakref.WeakSet()
        self._was_away = False

    def stream(self) -> EventStream:
        """A new stream."""
        queue = EventQueue()
        self._queues.add(queue)
        return EventStream(queue)

    def connected(self) -> None:
        """Events come again; what came meanwhile was missed."""
        if self._was_away:
            for queue in self._queues:
                queue.miss()

    def disconnected(self) -> None:
        """Events stop coming."""
        self._was_away = True

    def publish(self, packet: Change) -> None:
        """Something has changed."""
        for queue in self._queues:
            queue.put(packet)

    def failed(self, error: CloudError) -> None:
        """No more events will come."""
        for queue in self._queues:
            queue.fail(error)


def _event(packet: s2c.FileModify | s2c.FolderModify) -> Event:
    if isinstance(packet, s2c.FileModify):
        return _file_event(packet.path, packet.action, packet.handle)
    return FolderEvent(
        action=ChangeAction(packet.action),
        folder=listing.to_folder_info(packet.path, packet.handle),
        previous_name=packet.rename_origin,
        previous_parent_id=packet.parent_folder_origin,
    )


def _file_event(path: str, action: s2c.FileAction, handle: s2c.FileHandle) -> FileEvent:
    return FileEvent(
        action=ChangeAction(action),
        file=listing.to_file_info(path, handle),
        thumbnail_url=handle.thumbnail_url,
    )
