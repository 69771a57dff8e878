"""What the emulator keeps on disk: webhooks in one file, and messages in folders.

    webhooks.json                                webhooks, channels, and the key that signs URLs
    messages/<channel>/<message>/message.json    what the message says
    messages/<channel>/<message>/<index>         its attachments, counted from 0
    drafts/<anything>/                           messages that are being received
    trash/<message>/                             messages that are being deleted

A message is written in `drafts`, made durable there, and appears under `messages` by one rename; it
leaves by one rename too. So a crash leaves whole messages, and incomplete ones that the next start
removes. Nothing is kept in memory: the path is the index. All of this blocks and belongs in worker
threads.
"""

import errno
import fcntl
import os
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

import msgspec

from discord_emulator.messages import EmulatedWebhook, StoredMessage

_RECORD = "message.json"
_WEBHOOKS_FILE = "webhooks.json"


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, durably. An existing one is left as it is."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def write_all(descriptor: int, pieces: Iterable[bytes]) -> None:
    """Write every byte of the pieces; one system call may write only some."""
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def create_file(path: Path, content: bytes) -> None:
    """Make a new file that only its owner can read, and wait until its content is durable."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, [content])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file by new content; after a crash the name has the old or the new content."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        create_file(fresh, content)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


class _RegistryFile(msgspec.Struct, kw_only=True):
    """The content of the file. The channels of deleted webhooks stay."""

    guild_id: int
    signing_key: bytes
    channels: list[int]
    webhooks: list[EmulatedWebhook]

    def __repr__(self) -> str:
        return f"_RegistryFile(guild_id={self.guild_id}, channels={self.channels})"


class WebhookRegistry:
    """The webhooks and their channels. Each change is durable before the method returns.

    Args:
        data: the data folder, which exists.
        guild_id: the id of the guild; used at the very first start only.
    """

    def __init__(self, data: Path, guild_id: int) -> None:
        self._path = data / _WEBHOOKS_FILE
        self._content = self._load() or self._create(guild_id)

    @property
    def guild_id(self) -> int:
        """The guild that all channels are in."""
        return self._content.guild_id

    @property
    def signing_key(self) -> bytes:
        """The key that signs attachment URLs; a secret."""
        return self._content.signing_key

    @property
    def channels(self) -> tuple[int, ...]:
        """All channels, also those without a webhook."""
        return tuple(self._content.channels)

    @property
    def webhooks(self) -> tuple[EmulatedWebhook, ...]:
        """All webhooks in the order in which they were made."""
        return tuple(self._content.webhooks)

    @property
    def newest_id(self) -> int:
        """The largest id in use."""
        ids = [webhook.id for webhook in self._content.webhooks]
        return max([self._content.guild_id, *self._content.channels, *ids])

    def webhook(self, webhook_id: int) -> EmulatedWebhook | None:
        """Return a webhook by its id; None when there is none."""
        return next((w for w in self._content.webhooks if w.id == webhook_id), None)

    def add(self, webhook_id: int, channel_id: int) -> EmulatedWebhook:
        """Make a webhook in a channel, and the channel if it is new."""
        webhook = EmulatedWebhook(webhook_id, secrets.token_urlsafe(51), channel_id)
        self._content.webhooks.append(webhook)
        if channel_id not in self._content.channels:
            self._content.channels.append(channel_id)
        self._save()
        return webhook

    def remove(self, webhook_id: int) -> None:
        """Delete a webhook; its channel and messages stay."""
        self._content.webhooks = [w for w in self._content.webhooks if w.id != webhook_id]
        self._save()

    def _load(self) -> _RegistryFile | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_RegistryFile)
        except FileNotFoundError:
            return None

    def _create(self, guild_id: int) -> _RegistryFile:
        key = secrets.token_bytes(32)
        content = _RegistryFile(guild_id=guild_id, signing_key=key, channels=[], webhooks=[])
        create_file(self._path, msgspec.json.encode(content))
        sync_folder(self._path.parent)
        return content

    def _save(self) -> None:
        replace_file(self._path, msgspec.json.encode(self._content))


class EmulatorFolderInUse(OSError):
    """Another process uses the data folder."""

    code = "data-folder-in-use"


class MessageDraft:
    """A message that is being received. Ends with `commit` or `discard`.

    A caller may be cancelled while a thread still works for it; the lock makes the end of a draft
    wait for that work, and the draft refuses work that comes after its end.
    """

    def __init__(self, folder: Path, messages: Path) -> None:
        self._folder = folder
        self._messages = messages
        self._lock = threading.Lock()
        self._ended = False
        self._open: int | None = None

    def start_file(self, index: int) -> None:
        """Open the attachment number `index`; the one before must be finished."""
        with self._lock:
            self._refuse_when_ended()
            self._folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._open = os.open(self._folder / str(index), flags, 0o600)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Append to the open attachment."""
        with self._lock:
            self._refuse_when_ended()
            write_all(self._descriptor(), pieces)

    def finish_file(self, pieces: Iterable[bytes]) -> None:
        """Append the last pieces and waits for the attachment to be durable."""
        with self._lock:
            self._refuse_when_ended()
            write_all(self._descriptor(), pieces)
            os.fsync(self._descriptor())
            self._close()

    def commit(self, message: StoredMessage) -> None:
        """Make the message appear, whole and durable."""
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
        """Throw away what was received. Does nothing after the commit."""
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


class MessageFileStore:
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
        """Lock the folder for this process, and remove what a crash has left over.

        Raises:
            EmulatorFolderInUse: another process has locked it.
        """
        descriptor = os.open(self._data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise EmulatorFolderInUse(f"another emulator uses {self._data}") from error
        self._lock = descriptor
        for leftovers in (self._drafts, self._trash):
            for folder in leftovers.iterdir():
                shutil.rmtree(folder)

    def unlock(self) -> None:
        """Release the lock on the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def newest_id(self) -> int:
        """Return the largest id of all messages, by their names alone; 0 without any."""
        return max((int(folder.name) for folder in self._message_folders()), default=0)

    def make_channel(self, channel_id: int) -> None:
        """Make the folder of a channel's messages."""
        make_folder(self._messages / str(channel_id))

    def draft(self) -> MessageDraft:
        """Return a draft for a new message. Does not touch the disk yet."""
        return MessageDraft(self._drafts / uuid4().hex, self._messages)

    def load(self, channel_id: int, message_id: int) -> StoredMessage | None:
        """Read a message; None when there is none. Raises `OSError` when it is damaged."""
        try:
            content = (self._folder(channel_id, message_id) / _RECORD).read_bytes()
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(content, type=StoredMessage)
        except (ValueError, RecursionError) as error:
            raise OSError(errno.EIO, f"the record of message {message_id} is damaged") from error

    def ids(self, channel_id: int) -> list[int]:
        """List the ids of a channel's messages, by the folders' names alone."""
        return [int(folder.name) for folder in _numbered(self._messages / str(channel_id))]

    def attachment(self, channel_id: int, message_id: int, index: int) -> Path:
        """Return where an attachment's content lies."""
        return self._folder(channel_id, message_id) / str(index)

    def replace(self, message: StoredMessage) -> bool:
        """Change a message and delete the attachments that it no longer has; False if it is gone."""
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
        """Delete a message permanently; False when there was none."""
        trash = self._trash / str(message_id)
        try:
            self._folder(channel_id, message_id).rename(trash)
        except FileNotFoundError:
            return False
        sync_folder(self._messages / str(channel_id))
        shutil.rmtree(trash, ignore_errors=True)
        return True

    def all(self) -> Iterator[StoredMessage]:
        """Read every message, oldest first."""
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
    """List the entries that are named by an id, and not what file managers leave in folders."""
    return (entry for entry in folder.iterdir() if entry.name.isdecimal())
