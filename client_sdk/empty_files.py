"""Files of 0 bytes, which are made without an upload service.

The packet for them knows no conflict, so the client looks whether the name is free, and decides
what its policy says.
"""

from pathlib import PurePosixPath

from client_sdk import listing
from client_sdk.conflicts import Conflict, ConflictDesk, OnConflict
from client_sdk.errors import ConnectionLost, ReplyTimeout, UploadFailed
from client_sdk.http import ManagerHttp
from client_sdk.jobs import Outcome, UploadOrder, UploadResult
from client_sdk.link import Link
from protocol import c2s

NAMES_TO_TRY = 1000


async def upload_empty(
    link: Link, http: ManagerHttp, conflicts: ConflictDesk, order: UploadOrder
) -> UploadResult:
    """Make an empty file.

    Raises:
        Refused: The manager did not make it.
        UploadFailed: No name is free.
    """
    if not await http.exists(order.path, order.name):
        await _make(link, http, order, order.name)
        return order.result(Outcome.STORED)
    conflict = Conflict(order.path, order.name)
    match await conflicts.decide(conflict, order.on_conflict):
        case OnConflict.SKIP:
            return order.result(Outcome.SKIPPED)
        case OnConflict.RENAME:
            name = await _free_name(http, order)
            await _make(link, http, order, name)
            return order.result(Outcome.RENAMED, name)
        case OnConflict.OVERWRITE:
            folder = await listing.status(link, order.path)
            await link.order(c2s.DeleteFile(folder_id=folder.folder_id or 0, name=order.name))
            await _make(link, http, order, order.name)
            return order.result(Outcome.STORED)


async def _make(link: Link, http: ManagerHttp, order: UploadOrder, name: str) -> None:
    packet = c2s.EmptyFileUpload(path=order.path, name=name)
    try:
        await link.order(packet)
    except (ConnectionLost, ReplyTimeout):
        # Whether it was made is not known, and making it again would find its own name taken.
        if not await http.exists(order.path, name):
            await link.order(packet)


async def _free_name(http: ManagerHttp, order: UploadOrder) -> str:
    stem, suffix = PurePosixPath(order.name).stem, PurePosixPath(order.name).suffix
    for number in range(1, NAMES_TO_TRY):
        name = f"{stem} ({number}){suffix}"
        if not await http.exists(order.path, name):
            return name
    raise UploadFailed(f"no name like {order.name} is free")
