"""Files of 0 bytes, which are made without an upload service.

Their packet knows no conflict, so the client looks whether the name is free, and does what the policy says.
"""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import PurePosixPath

from client_sdk import listing
from client_sdk.errors import CloudError, ConnectionLost, Refused, ReplyTimeout, UploadFailed
from client_sdk.http import ManagerHttp
from client_sdk.link import Link
from client_sdk.transfers import (
    Conflict,
    ConflictResolver,
    OnConflict,
    Outcome,
    UploadOrder,
    UploadResult,
)
from protocol import c2s
from protocol.packet import Packet

NAMES_TO_TRY = 1000
SPARE_CHARACTERS = 100
"""Of the name, in the one that a new file has until it takes the old one's place."""


async def upload_empty(
    link: Link, http: ManagerHttp, conflicts: ConflictResolver, order: UploadOrder
) -> UploadResult:
    """Make an empty file.

    Raises:
        Refused: The manager did not make it.
        SourceChanged, SourceUnreadable: The source is not empty, or cannot be opened.
        UploadFailed: No name is free, or a folder was to be overwritten.
    """
    async with order.source.open() as source:
        # No chunk will be sent, so this is the only look at what may hold bytes after all.
        await source.chunk(0, 0)
    # Over the link first: with its answer it is known what the manager grants.
    is_folder = await listing.has_folder(link, order.path, order.name)
    is_file = not is_folder and await http.file_exists(order.path, order.name)
    if not is_file and not is_folder:
        await _make(link, http, order, order.name)
        return order.result(Outcome.STORED)
    conflict = Conflict(path=order.full_path, is_folder=is_folder)
    match await conflicts.decide(conflict, order.on_conflict):
        case OnConflict.SKIP:
            return order.result(Outcome.SKIPPED)
        case OnConflict.RENAME:
            name = await _free_name(link, http, order)
            await _make(link, http, order, name)
            return order.result(Outcome.RENAMED, name)
        case OnConflict.OVERWRITE if is_folder:
            raise UploadFailed(f"{order.full_path} is a folder")
        case OnConflict.OVERWRITE:
            await _replace(link, http, order)
            return order.result(Outcome.STORED)


async def _replace(link: Link, http: ManagerHttp, order: UploadOrder) -> None:
    """Put an empty file in the place of another, which stays until the new one is there."""
    spare = f"{order.name[:SPARE_CHARACTERS]} {secrets.token_hex(4)}"
    await _make(link, http, order, spare)
    try:
        await _delete(link, http, order, order.name)
    except CloudError:
        with suppress(CloudError):
            await _delete(link, http, order, spare)
        raise
    rename = c2s.RenameFile(path=order.path, name=spare, target_name=order.name)
    try:
        await _once(link, rename, lambda: http.file_exists(order.path, order.name))
    except Refused as error:
        raise UploadFailed(f"the empty file is there as {spare}: {error}") from error


async def _make(link: Link, http: ManagerHttp, order: UploadOrder, name: str) -> None:
    packet = c2s.EmptyFileUpload(
        path=order.path, name=name, modified_at=link.told_time(order.modified_at)
    )
    await _once(link, packet, lambda: http.file_exists(order.path, name))


async def _delete(link: Link, http: ManagerHttp, order: UploadOrder, name: str) -> None:
    async def is_gone() -> bool:
        return not await http.file_exists(order.path, name)

    folder = await listing.status(link, order.path)
    await _once(link, c2s.DeleteFile(folder_id=folder.folder_id or 0, name=name), is_gone)


async def _once(link: Link, packet: Packet, is_done: Callable[[], Awaitable[bool]]) -> None:
    """Order something, again only if its answer was lost and it has not been done."""
    try:
        await link.order(packet)
    except (ConnectionLost, ReplyTimeout):
        # Done twice it would be refused: a name would be taken, or gone.
        if not await is_done():
            await link.order(packet)


async def _free_name(link: Link, http: ManagerHttp, order: UploadOrder) -> str:
    stem, suffix = PurePosixPath(order.name).stem, PurePosixPath(order.name).suffix
    for number in range(1, NAMES_TO_TRY):
        name = f"{stem} ({number}){suffix}"
        if await http.file_exists(order.path, name):
            continue
        if not await listing.has_folder(link, order.path, name):
            return name
    raise UploadFailed(f"no name like {order.name} is free")
