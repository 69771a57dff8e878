"""Finding the file that a packet names, for something that the user may do to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from catalog.errors import FileMissing, FolderMissing, NotPermitted, UserMissing
from catalog.port import Catalog
from catalog.records import File, User
from manager.errors import AccessDenied, NoSuchFile, NoSuchFolder, NoSuchUser
from manager.files.rights import Operation, access_to
from protocol.values import parse_path

DEEDS = {
    Operation.DOWNLOAD: "read this file",
    Operation.OVERWRITE: "overwrite this file",
    Operation.RENAME: "rename this file",
    Operation.MOVE: "move this file",
    Operation.DELETE: "delete this file",
    Operation.SHARE: "share this file, only its owner has",
    Operation.TRANSFER: "give this file away, only its owner has",
}
"""Each operation as it reads on after "you have no right to"."""


async def file_at(catalog: Catalog, user: User, path: str, name: str, operation: Operation) -> File:
    """The file of that name in a folder. Raises `NoSuchFile`, `AccessDenied`."""
    file = await catalog.file_at(parse_path(path), name, viewer_id=user.id)
    return permitted(user, file, operation)


async def file_by_id(catalog: Catalog, user: User, file_id: int, operation: Operation) -> File:
    """The file with that id. Raises `NoSuchFile`, `AccessDenied`."""
    return permitted(user, await catalog.file_by_id(file_id, viewer_id=user.id), operation)


def permitted(user: User, file: File | None, operation: Operation) -> File:
    """The file, which carries the user's share. Raises `NoSuchFile`, `AccessDenied`."""
    if file is None:
        raise NoSuchFile
    if not access_to(file, user.id).allows(operation):
        raise AccessDenied(DEEDS[operation])
    return file


@contextmanager
def changing(operation: Operation) -> Iterator[None]:
    """Says in words for people what has changed since the file was found."""
    try:
        yield
    except FileMissing as error:
        raise NoSuchFile from error
    except FolderMissing as error:
        raise NoSuchFolder from error
    except UserMissing as error:
        raise NoSuchUser from error
    except NotPermitted as error:
        raise AccessDenied(DEEDS[operation]) from error
