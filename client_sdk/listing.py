"""What lies in a folder."""

from collections.abc import AsyncGenerator

from client_sdk import wire
from client_sdk.errors import InvalidInput, NotFound
from client_sdk.link import Link
from client_sdk.models import Entry, FileInfo
from client_sdk.paths import clean_folder, join_remote
from protocol import c2s, s2c


async def status(link: Link, path: str) -> s2c.FolderStatus:
    """Whether a folder exists, and how much lies directly in it."""
    return await link.question(c2s.FolderStatusRequest(path=path), s2c.FolderStatus)


async def has_folder(link: Link, path: str, name: str) -> bool:
    """Whether a folder has this name in the folder `path`."""
    try:
        folder = clean_folder(join_remote(path, name))
    except InvalidInput:
        # A file may lie one name deeper than any folder: its path is none that a folder can have.
        return False
    return (await status(link, folder)).exists


async def size(link: Link, path: str) -> s2c.FolderSize:
    """How much a folder holds with everything below it. Raises `NotFound`."""
    found = await _existing(link, path)
    return await link.question(c2s.FolderSizeRequest(folder_id=found.folder_id), s2c.FolderSize)


async def entries(link: Link, path: str) -> AsyncGenerator[Entry, None]:
    """Folders, then files, each by name, page after page. Raises `NotFound`."""
    page_size = (await _existing(link, path)).page_size
    page, is_last = 0, False
    while not is_last:
        folders = await link.question(_page(path, "subfolders", page), s2c.ListFolders)
        _check(path, success=folders.success)
        for folder in folders.folders:
            yield wire.folder_info(join_remote(path, folder.name), folder)
        page, is_last = page + 1, len(folders.folders) < page_size
    page, is_last = 0, False
    while not is_last:
        files = await link.question(_page(path, "files", page), s2c.ListFiles)
        _check(path, success=files.success)
        for file in files.files:
            yield wire.file_info(path, file)
        page, is_last = page + 1, len(files.files) < page_size


async def find_file(link: Link, path: str, name: str) -> FileInfo:
    """The file of that name. Raises `NotFound`.

    Few pages are asked for: they are in the order of names, by code points.
    """
    missing = NotFound(f"{join_remote(path, name)}: there is no such file")
    found = await status(link, path)
    first, last = 0, (found.file_count - 1) // found.page_size
    while found.exists and first <= last:
        page = (first + last) // 2
        listed = await link.question(_page(path, "files", page), s2c.ListFiles)
        names = [file.name for file in listed.files]
        if name in names:
            return wire.file_info(path, listed.files[names.index(name)])
        if not names or name < names[0]:
            last = page - 1
        elif name > names[-1]:
            first = page + 1
        else:
            break
    raise missing


async def _existing(link: Link, path: str) -> s2c.FolderStatus:
    found = await status(link, path)
    _check(path, success=found.exists)
    return found


def _page(path: str, kind: c2s.ListType, page: int) -> c2s.ListRequest:
    return c2s.ListRequest(path=path, type=kind, page=page, sort_by="name", ascending_sort=True)


def _check(path: str, *, success: bool) -> None:
    if not success:
        raise NotFound(f"{path}: there is no such folder")
