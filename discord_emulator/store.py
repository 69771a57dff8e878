"""Messages on disk.

    messages/<channel>/<message>/message.json    what the message says
    messages/<channel>/<message>/<index>         its attachments, counted from 0
    drafts/<anything>/                           messages that are being received
    trash/<message>/                             messages that are being deleted

A message is written in `drafts`, made durable there, and appears under `messages` by one rename; it
leaves by one rename too. So a crash leaves whole messages, and leftovers that the next start throws
away. Nothing is kept in memory: the path is the index. All of this blocks and belongs in worker
threads.
"""

import errno
import fcntl
import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

import msgspec

from discord_emulator.durable import (
    create_file,
    make_folder,
    replace_file,
    sync_folder,
    write_all,
)
from discord_emulator.records import StoredMessage

_RECORD = "message.json"


class DataFolderInUse(OSError):
    """Another process keeps its messages in this folder."""

    code = "data-folder-in-use"


class Draft:
    """A message that is being received. Ends with `commit` or `discard`.

    A caller may lose interest while a thread still works for it; the lock makes the end of a draft
    wait for that work, and refuses work that comes after the end.
    """

    def __init__(self, folder: Path, messages: Path) -> None:
        self._folder = folder
        self._messages = messages
        self._lock = threading.Lock()
        self._ended = False
        self._open: int | None = None

    def start_file(self, index: int) -> None:
        """Opens the attachment number `index`; the one before must be finished."""
        with self._lock:
            self._refuse_when_ended()
            self._folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._open = os.open(self._folder / str(index), flags, 0o600)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Appends to the open attachment."""
        with self._lock:
            self._refuse_when_ended()
            write_all(self._descriptor(), pieces)

    def finish_file(self, pieces: Iterable[bytes]) -> None:
        """Appends the last pieces and waits for the attachment to be durable."""
        with self._lock:
            self._refuse_when_ended()
            write_all(self._descriptor(), pieces)
            os.fsync(self._descriptor())
            self._close()

    def commit(self, message: StoredMessage) -> None:
        """Makes the message appear, whole and durable."""
        with self._lock:
            self._refuse_when_ended()
            self._folder.mkdir(mode=0o700, exist_ok=True)
            create_file(self._folder / _RECORD, msgspec.json.encode(message))
            sync_folder(self._folder)
            channel = self._messages / str(message.channel_id)
            self._folder.rename(channel / str(message.id))
            self._ended = True
            sync_folder(channel)

    def discard(self) -> None:
        """Throws away what was received. Does nothing after the commit."""
        with self._lock:
            self._close()
            if not self._ended:
                self._ended = True
                shutil.rmtree(self._folder, ignore_errors=True)

    def _descriptor(self) -> int:
        if self._open is None:
            raise RuntimeError("no attachment is open")
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            os.close(self._open)
            self._open = None

    def _refuse_when_ended(self) -> None:
        if self._ended:
            raise RuntimeError("the draft has ended")


class MessageStore:
    """The messages of one data folder. `unlock` when done."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._messages = data / "messages"
        self._drafts = data / "drafts"
        self._trash = data / "trash"
        self._lock: int | None = None
        self._editing = threading.Lock()
        for folder in (self._messages, self._drafts, self._trash):
            make_folder(folder)

    def lock(self) -> None:
        """Takes the folder for this process and clears what a crash has left over.

        Raises:
            DataFolderInUse: it is taken already.
        """
        descriptor = os.open(self._data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise DataFolderInUse(f"another emulator uses {self._data}") from error
        self._lock = descriptor
        for leftovers in (self._drafts, self._trash):
            for folder in leftovers.iterdir():
                shutil.rmtree(folder)

    def unlock(self) -> None:
        """Gives the folder back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def newest_id(self) -> int:
        """Returns the largest id of all messages, by their names alone; 0 without any."""
        return max((int(folder.name) for folder in self._message_folders()), default=0)

    def make_channel(self, channel_id: int) -> None:
        """Makes room for a channel's messages."""
        make_folder(self._messages / str(channel_id))

    def draft(self) -> Draft:
        """Starts to receive a message. Touches no disk yet."""
        return Draft(self._drafts / uuid4().hex, self._messages)

    def load(self, channel_id: int, message_id: int) -> StoredMessage | None:
        """Reads a message; None when there is none. Raises `OSError` when it is damaged."""
        try:
            content = (self._folder(channel_id, message_id) / _RECORD).read_bytes()
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(content, type=StoredMessage)
        except msgspec.DecodeError as error:
            raise OSError(errno.EIO, f"the record of message {message_id} is damaged") from error

    def ids(self, channel_id: int) -> list[int]:
        """Lists the ids of a channel's messages, by the folders' names alone."""
        return [int(folder.name) for folder in _numbered(self._messages / str(channel_id))]

    def attachment(self, channel_id: int, message_id: int, index: int) -> Path:
        """Returns where an attachment's content lies."""
        return self._folder(channel_id, message_id) / str(index)

    def replace(self, message: StoredMessage) -> bool:
        """Changes a message and removes the attachments that it has dropped; False if it is gone."""
        folder = self._folder(message.channel_id, message.id)
        kept = {_RECORD, *(str(attachment.index) for attachment in message.attachments)}
        try:
            with self._editing:
                replace_file(folder / _RECORD, msgspec.json.encode(message))
                for path in folder.iterdir():
                    if path.name not in kept:
                        path.unlink()
        except FileNotFoundError:
            return False
        return True

    def delete(self, channel_id: int, message_id: int) -> bool:
        """Deletes a message for good; False when there was none."""
        trash = self._trash / str(message_id)
        try:
            self._folder(channel_id, message_id).rename(trash)
        except FileNotFoundError:
            return False
        sync_folder(self._messages / str(channel_id))
        shutil.rmtree(trash, ignore_errors=True)
        return True

    def all(self) -> Iterator[StoredMessage]:
        """Reads every message, oldest first."""
        for folder in sorted(self._message_folders(), key=lambda folder: int(folder.name)):
            message = self.load(int(folder.parent.name), int(folder.name))
            if message is not None:
                yield message

    def _folder(self, channel_id: int, message_id: int) -> Path:
        return self._messages / str(channel_id) / str(message_id)

    def _message_folders(self) -> Iterator[Path]:
        for channel in _numbered(self._messages):
            yield from _numbered(channel)


def _numbered(folder: Path) -> Iterator[Path]:
    """Lists what is named by an id, and not what file managers leave lying about."""
    return (entry for entry in folder.iterdir() if entry.name.isdecimal())
