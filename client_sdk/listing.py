"""Questions to the manager about folders and files, and its packets as models of the SDK."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import msgspec

from client_sdk.errors import InvalidInput, NotFound, UnexpectedAnswer
from client_sdk.link import Link
from client_sdk.models import (
    Account,
    Entry,
    FileAccess,
    FileInfo,
    FolderInfo,
    FolderSize,
    FolderStatus,
    KeptUploadInfo,
    KeptUploadState,
    Ownership,
    SearchMatch,
    SearchResult,
    Share,
    User,
)
from client_sdk.paths import clean_folder, join_remote
from protocol import c2s, s2c
from protocol.extensions import ORGANISE

_LOCATING_ATTEMPTS = 3
"""A file may move to another page between the answer that says which and the page."""


def to_file_info(folder: str, handle: s2c.ListedFileHandle | s2c.FileHandle) -> FileInfo:
    """A file that lies in a folder. Raises `UnexpectedAnswer` for a time that there is not."""
    ownership, share = Ownership(handle.ownership.status), handle.ownership.share
    can_read, can_write = _rights(handle.ownership)
    return FileInfo(
        id=handle.id,
        path=join_remote(folder, handle.name),
        size=handle.size,
        content_type=handle.type,
        created_at=_time_or_none(handle.created_at),
        updated_at=_time_or_none(handle.updated_at),
        has_thumbnail=handle.has_thumbnail,
        ownership=ownership,
        can_read=can_read,
        can_write=can_write,
        shared_at=None if share is None else _time(share.shared_at),
        modified_at=_time_or_none(handle.modified_at),
    )


def to_search_result(result: s2c.SearchResult) -> SearchResult:
    """What a search has found. Raises `UnexpectedAnswer` for neither a file nor a folder."""
    return SearchResult(match=SearchMatch(result.match), entry=to_entry(result))


def to_entry(placed: s2c.SearchResult | s2c.PlacedEntry) -> Entry:
    """A file or folder. Raises `UnexpectedAnswer` for neither of the two."""
    if placed.file is not None:
        return to_file_info(placed.path, placed.file)
    if placed.folder is not None:
        return to_folder_info(join_remote(placed.path, placed.folder.name), placed.folder)
    raise UnexpectedAnswer("the manager listed what is neither a file nor a folder")


def to_folder_info(path: str, handle: s2c.FolderHandle) -> FolderInfo:
    """The folder at a path."""
    return FolderInfo(id=handle.id, path=path)


def to_folder_status(packet: s2c.FolderStatus) -> FolderStatus:
    """Whether a folder exists, and what lies in it."""
    return FolderStatus(
        id=packet.folder_id,
        path=packet.path,
        exists=packet.exists,
        file_count=packet.file_count,
        folder_count=packet.subfolder_count,
    )


def to_folder_size(path: str, packet: s2c.FolderSize) -> FolderSize:
    """How much a folder holds."""
    return FolderSize(path=path, total_size=packet.total_size, size_by_type=packet.types)


def to_user(handle: s2c.UserHandle) -> User:
    """A user."""
    return User(id=handle.id, name=handle.name)


def to_account(packet: s2c.Account) -> Account:
    """A user, as administrators see one. Raises `UnexpectedAnswer` for a time that there is not."""
    return Account(
        id=packet.id,
        name=packet.name,
        is_admin=packet.is_admin,
        created_at=_time(packet.created_at),
        file_count=packet.file_count,
        total_size=packet.total_size,
    )


def to_file_access(packet: s2c.ShareList) -> FileAccess:
    """Who may use a file. Raises `UnexpectedAnswer` for a time that there is not."""
    shares = tuple(
        Share(user=to_user(each.user), can_write=each.can_write, shared_at=_time(each.shared_at))
        for each in packet.shares
    )
    return FileAccess(is_public=packet.is_public, has_owner=packet.has_owner, shares=shares)


def to_kept_upload(packet: s2c.KeptUpload) -> KeptUploadInfo:
    """A kept upload. Raises `UnexpectedAnswer` for a time that there is not."""
    return KeptUploadInfo(
        id=packet.upload_id,
        path=join_remote(packet.path, packet.name),
        size=packet.size,
        stored_size=min(packet.size, packet.stored_chunks * packet.chunk_size),
        state=KeptUploadState(packet.state),
        is_public=packet.is_public,
        fingerprint=packet.fingerprint,
        created_at=_time(packet.created_at),
        expires_at=_time(packet.expires_at),
    )


def _rights(ownership: s2c.Ownership) -> tuple[bool, bool]:
    """Whether the user may read, and write; changes leave to the status what listings say."""
    if isinstance(ownership, s2c.ListedOwnership):
        return ownership.can != "none", ownership.can == "rw"
    if ownership.share is not None:
        return True, ownership.share.can_write
    is_free = ownership.status != "restricted"
    return is_free, is_free


def _time_or_none(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def _time(text: str) -> datetime:
    """The time that a packet tells; one without a zone is in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UnexpectedAnswer("the manager told a time that does not exist") from error


async def found(
    link: Link, turn: asyncio.Lock, request: c2s.SearchRequest
) -> AsyncGenerator[SearchResult, None]:
    """Yield what a search finds, page after page. Raises `Refused` at a manager that does not search.

    `turn`: held while a page is asked for, since newer searches of a connection overtake those that wait.
    """
    while True:
        async with turn:
            page = await link.question(request, s2c.SearchResults)
        for each in page.results:
            yield to_search_result(each)
        if page.next is None or not page.results:
            return
        request = msgspec.structs.replace(request, after=page.next)


async def kept_uploads(link: Link) -> AsyncGenerator[s2c.KeptUpload, None]:
    """Yield what the user keeps, the oldest first. Raises `Refused` at a manager that keeps nothing."""
    after: str | None = None
    while True:
        page = await link.question(c2s.KeptUploadsRequest(after=after), s2c.KeptUploads)
        for kept in page.uploads:
            yield kept
        if not page.has_more or not page.uploads:
            return
        after = page.uploads[-1].upload_id


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
            yield to_folder_info(join_remote(path, folder.name), folder)
        page, is_last = page + 1, len(folders.folders) < page_size
    page, is_last = 0, False
    while not is_last:
        files = await link.question(_page(path, "files", page), s2c.ListFiles)
        _check(path, success=files.success)
        for file in files.files:
            yield to_file_info(path, file)
        page, is_last = page + 1, len(files.files) < page_size


async def find_file(link: Link, path: str, name: str) -> FileInfo:
    """The file of that name. Raises `NotFound`.

    A manager with `organise` says on which page it is; of another one all pages are read.
    """
    found = await status(link, path)
    pages = -(-found.file_count // found.page_size) if found.exists else 0
    if pages > 1 and link.grants(ORGANISE):
        for _ in range(_LOCATING_ATTEMPTS):
            position = await link.question(_position(path, name), s2c.Position)
            if position.index is None:
                break
            file = await _file_on_page(link, path, name, position.index // found.page_size)
            if file is not None:
                return file
    else:
        for page in range(pages):
            file = await _file_on_page(link, path, name, page)
            if file is not None:
                return file
    raise NotFound(f"{join_remote(path, name)}: there is no such file")


async def _file_on_page(link: Link, path: str, name: str, page: int) -> FileInfo | None:
    listed = await link.question(_page(path, "files", page), s2c.ListFiles)
    return next((to_file_info(path, each) for each in listed.files if each.name == name), None)


async def _existing(link: Link, path: str) -> s2c.FolderStatus:
    found = await status(link, path)
    _check(path, success=found.exists)
    return found


def _page(path: str, kind: c2s.ListType, page: int) -> c2s.ListRequest:
    return c2s.ListRequest(path=path, type=kind, page=page, sort_by="name", ascending_sort=True)


def _position(path: str, name: str) -> c2s.PositionRequest:
    return c2s.PositionRequest(
        path=path, type="files", name=name, sort_by="name", ascending_sort=True
    )


def _check(path: str, *, success: bool) -> None:
    if not success:
        raise NotFound(f"{path}: there is no such folder")
