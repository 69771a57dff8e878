"""Finds the file that a packet names, and checks that the user may perform an operation on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from catalog.errors import (
    FileMissing,
    FolderCircle,
    FolderMissing,
    NotPermitted,
    TooDeep,
    UserMissing,
)
from catalog.port import Catalog
from catalog.records import File, User
from manager.errors import AccessDenied, InvalidRequest, NoSuchFile, NoSuchFolder, NoSuchUser
from manager.files.rights import FileOperation, access_to
from protocol.values import MAX_PATH_NAMES, parse_path

OPERATION_TEXTS = {
    FileOperation.DOWNLOAD: "read this file",
    FileOperation.OVERWRITE: "overwrite this file",
    FileOperation.RENAME: "rename this file",
    FileOperation.MOVE: "move this file",
    FileOperation.DELETE: "delete this file",
    FileOperation.SHARE: "share this file, only its owner has",
    FileOperation.TRANSFER: "give this file away, only its owner has",
}
"""The end of the sentence "you have no right to …" for each operation."""


async def file_at(
    catalog: Catalog, user: User, path: str, name: str, operation: FileOperation
) -> File:
    """The file with a name in a folder, if the user may do this. Raises `NoSuchFile`, `AccessDenied`."""
    file = await catalog.file_at(parse_path(path), name, viewer_id=user.id)
    return require_access(user, file, operation)


async def file_by_id(catalog: Catalog, user: User, file_id: int, operation: FileOperation) -> File:
    """The file with an id, if the user may do this. Raises `NoSuchFile`, `AccessDenied`."""
    return require_access(user, await catalog.file_by_id(file_id, viewer_id=user.id), operation)


def require_access(user: User, file: File | None, operation: FileOperation) -> File:
    """The file, if the user, whose share it carries, may do this.

    Raises `NoSuchFile`, `AccessDenied`.
    """
    if file is None:
        raise NoSuchFile
    if not access_to(file, user.id).allows(operation):
        raise AccessDenied(OPERATION_TEXTS[operation])
    return file


@contextmanager
def translated_file_errors(operation: FileOperation) -> Iterator[None]:
    """Translates the catalog's errors for what has changed since the file was found.

    Raises `NoSuchFile`, `NoSuchFolder`, `NoSuchUser`, `AccessDenied`.
    """
    try:
        yield
    except FileMissing as error:
        raise NoSuchFile from error
    except FolderMissing as error:
        raise NoSuchFolder from error
    except UserMissing as error:
        raise NoSuchUser from error
    except NotPermitted as error:
        raise AccessDenied(OPERATION_TEXTS[operation]) from error


@contextmanager
def translated_placing_errors() -> Iterator[None]:
    """Translates the catalog's errors about a folder that is moved or copied into another one.

    Raises `NoSuchFolder`, `InvalidRequest`.
    """
    try:
        yield
    except FolderMissing as error:
        raise NoSuchFolder from error
    except FolderCircle as error:
        raise InvalidRequest("target_path: it is within the folder itself") from error
    except TooDeep as error:
        raise InvalidRequest(f"target_path: a path has {MAX_PATH_NAMES} names at most") from error
