"""The data folder of `discord-cloud up`: secrets, catalog and stored chunks.

Only its owner can read it. A secret is generated once and never overwritten: without the encryption key
no file can be read.
"""

import base64
import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from cli.errors import DataFolderInUse, DataFolderUnusable
from storage.errors import InvalidMasterKey
from storage.keys import KeyRing

_KEY_FILE = "encryption-key"
_OWNER_ONLY = 0o600


class DataFolder:
    """A data folder. Created by `DataFolder.open`, which locks it for this process."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path) -> Iterator["DataFolder"]:
        """Create the folder if necessary, and hold its lock for the duration of the context.

        Raises `DataFolderUnusable`, `DataFolderInUse`.
        """
        with _locked(path):
            yield cls(path)

    @classmethod
    def existing(cls, path: Path) -> "DataFolder":
        """The folder without its lock, to look into while `up` runs. Raises `DataFolderUnusable`."""
        if not (path / _KEY_FILE).exists():
            raise DataFolderUnusable(f"{path} is no data folder of `discord-cloud up`")
        return cls(path)

    @property
    def database(self) -> Path:
        """File of the catalog."""
        return self._path / "catalog.sqlite3"

    @property
    def discord(self) -> Path:
        """Folder of the Discord emulator."""
        return self._path / "discord"

    @property
    def reports(self) -> Path:
        """Folder of the reports that the upload service still has to deliver. Raises `DataFolderUnusable`."""
        folder = self._path / "reports"
        make_folder(folder)
        return folder

    def service_password(self) -> str:
        """The password of upload services; generated at the first call."""
        return self._secret("service-password", lambda: secrets.token_urlsafe(32))

    def encryption_key(self) -> str:
        """The master keys as base64; the first one is generated at the first call."""
        keys = self._secret(_KEY_FILE, _new_key)
        try:
            KeyRing.parse(keys)
        except InvalidMasterKey as error:
            raise DataFolderUnusable(
                f"{self._path / _KEY_FILE} is damaged ({error}): "
                "bring it back from a backup, without it no file can be read"
            ) from error
        return keys

    def _secret(self, name: str, make: Callable[[], str]) -> str:
        file = self._path / name
        try:
            if not file.exists():
                _create(file, make() + "\n")
            return file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(file, error) from error


def make_folder(path: Path) -> None:
    """Create a folder that only its owner can read, unless it exists. Raises `DataFolderUnusable`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path, error) from error


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode("ascii")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    make_folder(path)
    try:
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        _take(lock, path)
        yield
    finally:
        os.close(lock)


def _take(lock: int, path: Path) -> None:
    # The kernel releases the lock when the process ends, however it ends.
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataFolderInUse(
            f"another discord-cloud runs on {path}: stop it, or choose another folder with --data"
        ) from error


def _create(file: Path, text: str) -> None:
    """Create a durable file atomically, unless it exists."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        # Unlike a rename, a link does not replace an existing file.
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
    _sync(file.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(path: Path, error: OSError | UnicodeDecodeError) -> DataFolderUnusable:
    reason = error.strerror if isinstance(error, OSError) else "not a text file"
    return DataFolderUnusable(f"cannot use {path}: {reason}")
