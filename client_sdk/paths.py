"""Paths of remote files."""

from client_sdk.errors import InvalidInput
from protocol.errors import InvalidValue
from protocol.values import check_name, format_path, parse_path


def split_remote(remote: str) -> tuple[str, str]:
    """Split the full path of a file into its folder and its name.

    Raises:
        InvalidInput: It is not `/name` or `/folder/…/name` of names that the protocol allows.
    """
    folder, slash, name = remote.rpartition("/")
    if not slash:
        raise InvalidInput(f"{remote}: a remote path begins with /")
    return clean_folder(folder or "/"), clean_name(name)


def clean_name(name: str) -> str:
    """Check the name of a file or folder.

    Raises:
        InvalidInput: It is no name that the protocol allows.
    """
    try:
        return check_name(name)
    except InvalidValue as error:
        raise InvalidInput(f"{name}: the name {error}") from error


def clean_folder(path: str) -> str:
    """Check the path of a folder and drop a trailing slash.

    Raises:
        InvalidInput: It is no path.
    """
    try:
        return format_path(parse_path(path))
    except InvalidValue as error:
        raise InvalidInput(f"{path}: a path {error}") from error


def join_remote(folder: str, *names: str) -> str:
    """The path of what lies in a folder."""
    return "/".join([folder.rstrip("/"), *names])
