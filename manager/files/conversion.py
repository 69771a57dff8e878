"""Between packets and the catalog's records: names that come in, files and folders that go out. No I/O."""

from collections.abc import Iterable
from typing import Final

from catalog.port import FolderSummary
from catalog.records import ROOT_FOLDER_ID, File, Folder, Share
from manager.errors import NAMES_LISTED, InvalidRequest
from manager.files.rights import Access, Status, access_to
from protocol import c2s, generic, s2c
from protocol.errors import InvalidValue
from protocol.timestamps import format_timestamp, parse_modification_time
from protocol.values import NamePolicy, check_name, parse_path


def ownership(file: File, viewer_id: int, share: Share | None) -> s2c.Ownership:
    """The ownership in a change that is announced to a viewer, who has that share of the file."""
    access = access_to(file, viewer_id, share)
    shown = _share(access, file, viewer_id, share)
    return s2c.Ownership(status=access.status.value, share=shown)


def file_handle(
    file: File,
    ownership: s2c.Ownership,
    *,
    with_times: bool,
    thumbnail_url: str | None = None,
) -> s2c.FileHandle:
    """A file in an announced change; `with_times`: for a client that receives modification times."""
    return s2c.FileHandle(
        id=file.id,
        name=file.name,
        type=file.mime_type,
        has_thumbnail=file.has_thumbnail,
        ownership=ownership,
        created_at=timestamp(file.created_at),
        updated_at=timestamp(file.updated_at),
        size=file.size,
        thumbnail_url=thumbnail_url,
        modified_at=optional_timestamp(file.modified_at) if with_times else None,
    )


def listed_file_handle(
    file: File, viewer_id: int | None, *, with_times: bool
) -> s2c.ListedFileHandle:
    """A file in a listing for a viewer, whose share it carries; `with_times` as in a change."""
    access = access_to(file, viewer_id)
    return s2c.ListedFileHandle(
        id=file.id,
        name=file.name,
        type=file.mime_type,
        has_thumbnail=file.has_thumbnail,
        ownership=s2c.ListedOwnership(
            status=access.status.value,
            share=_share(access, file, viewer_id, file.share),
            can=access.can.value,
        ),
        created_at=timestamp(file.created_at),
        updated_at=timestamp(file.updated_at),
        size=file.size,
        modified_at=optional_timestamp(file.modified_at) if with_times else None,
    )


def asks_for_place(packet: c2s.PositionRequest) -> bool:
    """Whether the answer says where an entry would stand, when none in the whole listing begins so."""
    is_by_name = packet.type == "subfolders" or packet.sort_by in {None, "name"}
    return bool(packet.is_prefix) and not packet.start and is_by_name


def folder_handle(folder: Folder) -> s2c.FolderHandle:
    """A folder; the parent of one in the root is null."""
    return s2c.FolderHandle(
        id=folder.id, name=folder.name, parent_folder=folder_id_to_wire(folder.parent_id)
    )


def folder_summary(summary: FolderSummary) -> s2c.FolderSummary:
    """The size and the date of a folder."""
    return s2c.FolderSummary(
        id=summary.folder_id,
        total_size=summary.size,
        changed_at=optional_timestamp(summary.changed_at),
    )


def folder_id_to_wire(folder_id: int | None) -> int | None:
    """The id in a packet, where the root is null."""
    return None if folder_id == ROOT_FOLDER_ID else folder_id


def folder_id_from_wire(folder_id: int | None) -> int:
    """The id in the catalog. Some clients send 0, the root's id there, instead of null."""
    return ROOT_FOLDER_ID if folder_id is None else folder_id


def modification_time(text: str | None) -> float | None:
    """Seconds since the epoch; None for None. Raises `InvalidRequest`."""
    if text is None:
        return None
    try:
        return parse_modification_time(text)
    except InvalidValue as error:
        raise InvalidRequest(f"modified_at: {error}") from error


timestamp: Final = format_timestamp
"""Seconds since the epoch as packets and JSON have them."""


def optional_timestamp(seconds: float | None) -> str | None:
    """`timestamp`, or None for None."""
    return None if seconds is None else timestamp(seconds)


def _share(
    access: Access, file: File, viewer_id: int | None, share: Share | None
) -> s2c.Share | None:
    """What a viewer may do with a file that is shared, also by the right on its folder alone."""
    if access.status is not Status.SHARED or viewer_id is None:
        return None
    return s2c.Share(
        can_write=access.may_write,
        file=file.id,
        shared_at=timestamp(file.created_at if share is None else share.shared_at),
        user=viewer_id,
    )


def checked_name(name: str, policy: NamePolicy) -> str:
    """The name, when the policy allows it for a new file or folder. Raises `InvalidRequest`."""
    try:
        return check_name(name, policy)
    except InvalidValue as error:
        raise InvalidRequest(f"name: {error}") from error


def checked_folder(path: str, policy: NamePolicy) -> tuple[str, ...]:
    """The names of a path, when the policy allows a new folder there. Raises `InvalidRequest`."""
    try:
        names = parse_path(path)
        for name in names:
            check_name(name, policy)
    except InvalidValue as error:
        raise InvalidRequest(f"path: {error}") from error
    return names


def naming_answer(requested: str, given: str) -> generic.Boolean:
    """Success; the message has the name that was given when the requested one was taken."""
    message = None if given == requested else f"the name was taken, so it is called {given}"
    return generic.Boolean(success=True, message=message)


def names_answer(requested_and_given: Iterable[tuple[str, str]]) -> generic.Boolean:
    """As `naming_answer`, for several pairs of requested and given names."""
    changed = [
        f"{requested} is called {given}"
        for requested, given in requested_and_given
        if requested != given
    ]
    more = len(changed) - NAMES_LISTED
    listed = ", ".join(changed[:NAMES_LISTED]) + (f" and {more} more differ" if more > 0 else "")
    message = f"names were taken, so {listed}" if changed else None
    return generic.Boolean(success=True, message=message)
