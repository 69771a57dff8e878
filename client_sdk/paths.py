"""Paths of remote files."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from client_sdk.errors import InvalidInput
from protocol.errors import InvalidValue
from protocol.values import check_name, format_path, parse_path

RemotePath = str | PurePosixPath
"""The full path of a remote file or folder, `/folder/name`, on every system."""


@dataclass(frozen=True, kw_only=True)
class Located:
    """What has a remote path."""

    path: str

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The path of the folder in which it lies; of the root, the root."""
        return self.path.rpartition("/")[0] or "/"


def remote_text(remote: object) -> str:
    """The text of a `RemotePath`, checked at runtime too, as callers may not be type-checked.

    Raises:
        TypeError: It is none; the paths of Windows, for example, have backslashes.
    """
    if not isinstance(remote, str | PurePosixPath):
        kind = type(remote).__name__
        raise TypeError(f"a remote path is a str or a PurePosixPath, not {kind}")
    return str(remote)


def split_remote(remote: RemotePath) -> tuple[str, str]:
    """Split the full path of a file into its folder and its name.

    Raises:
        InvalidInput: It is not `/name` or `/folder/…/name` of names that the protocol allows.
    """
    text = remote_text(remote)
    folder, slash, name = text.rpartition("/")
    if not slash:
        raise InvalidInput(f"{_quoted(text)}: a path must begin with /")
    # The folder is checked with a slash at its end, which does not count there.
    return clean_folder(f"{folder}/"), clean_name(name)


def clean_name(name: str) -> str:
    """Check the name of a file or folder.

    Raises:
        InvalidInput: It is no name that the protocol allows.
    """
    try:
        return check_name(name)
    except InvalidValue as error:
        raise InvalidInput(f"{_quoted(name)}: the name {error}") from error


def clean_folder(path: RemotePath) -> str:
    """Check the path of a folder and drop a trailing slash.

    Raises:
        InvalidInput: It is no path.
    """
    text = remote_text(path)
    try:
        return format_path(parse_path(text))
    except InvalidValue as error:
        raise InvalidInput(f"{_quoted(text)}: a path {error}") from error


def join_remote(folder: str, *names: str) -> str:
    """The path of what lies in a folder."""
    return "/".join([folder.rstrip("/"), *names])


def _quoted(text: str) -> str:
    """A text as it is, or in quotes where it could not be seen otherwise."""
    return text if text and text == text.strip() else repr(text)
