"""Looking around: folders, files, sizes."""

from catalog.errors import FolderMissing, NotAFolder
from catalog.records import FileOrder
from manager.context import ClientContext
from manager.errors import NoSuchFolder, PathTaken
from manager.files.conversion import (
    checked_folder,
    folder_handle,
    folder_id_from_wire,
    folder_id_to_wire,
    listed_file_handle,
)
from protocol import c2s, generic, s2c
from protocol.values import PAGE_SIZE, parse_path


async def folder_status(
    context: ClientContext, packet: c2s.FolderStatusRequest
) -> s2c.FolderStatus:
    """Says whether a folder exists and how many entries it has."""
    catalog = context.parts.catalog
    folder = await catalog.folder_at(parse_path(packet.path))
    counts = None if folder is None else await catalog.counts(folder.id)
    return s2c.FolderStatus(
        path=packet.path,
        folder_id=None if folder is None else folder_id_to_wire(folder.id),
        exists=folder is not None,
        file_count=0 if counts is None else counts.files,
        subfolder_count=0 if counts is None else counts.subfolders,
        page_size=PAGE_SIZE,
    )


async def list_folder(
    context: ClientContext, packet: c2s.ListRequest
) -> s2c.ListFiles | s2c.ListFolders:
    """One page of files or subfolders; of a folder that does not exist, an unsuccessful one."""
    folder = await context.parts.catalog.folder_at(parse_path(packet.path))
    if packet.type == "files":
        return await _list_files(context, packet, None if folder is None else folder.id)
    return await _list_subfolders(context, packet, None if folder is None else folder.id)


async def _list_files(
    context: ClientContext, packet: c2s.ListRequest, folder_id: int | None
) -> s2c.ListFiles:
    if folder_id is None:
        return s2c.ListFiles(path=packet.path, page=packet.page, files=(), success=False)
    viewer_id = context.client.user.id
    files = await context.parts.catalog.list_files(
        folder_id,
        viewer_id=viewer_id,
        order=FileOrder(packet.sort_by or "name"),
        ascending=bool(packet.ascending_sort),
        offset=packet.page * PAGE_SIZE,
        limit=PAGE_SIZE,
    )
    handles = tuple(listed_file_handle(file, viewer_id) for file in files)
    return s2c.ListFiles(path=packet.path, page=packet.page, files=handles, success=True)


async def _list_subfolders(
    context: ClientContext, packet: c2s.ListRequest, folder_id: int | None
) -> s2c.ListFolders:
    if folder_id is None:
        return s2c.ListFolders(path=packet.path, page=packet.page, folders=(), success=False)
    placed = await context.parts.catalog.list_folders(
        folder_id,
        offset=packet.page * PAGE_SIZE,
        limit=PAGE_SIZE,
        ascending=bool(packet.ascending_sort),
    )
    handles = tuple(folder_handle(each.folder) for each in placed)
    return s2c.ListFolders(path=packet.path, page=packet.page, folders=handles, success=True)


async def find_position(context: ClientContext, packet: c2s.PositionRequest) -> s2c.Position:
    """Where a file or subfolder stands in the pages that `list_folder` answers."""
    catalog = context.parts.catalog
    folder = await catalog.folder_at(parse_path(packet.path))
    if folder is None:
        return s2c.Position(index=None, name=None)
    is_prefix, ascending = bool(packet.is_prefix), bool(packet.ascending_sort)
    start = packet.start or 0
    if packet.type == "files":
        found = await catalog.file_position(
            folder.id,
            packet.name,
            is_prefix=is_prefix,
            order=FileOrder(packet.sort_by or "name"),
            ascending=ascending,
            start=start,
        )
    else:
        found = await catalog.subfolder_position(
            folder.id, packet.name, is_prefix=is_prefix, ascending=ascending, start=start
        )
    if found is None:
        return s2c.Position(index=None, name=None)
    return s2c.Position(index=found.index, name=found.name)


async def folder_size(context: ClientContext, packet: c2s.FolderSizeRequest) -> s2c.FolderSize:
    """Bytes in a whole subtree, by type."""
    folder_id = folder_id_from_wire(packet.folder_id)
    try:
        types = await context.parts.catalog.usage_by_type(folder_id)
    except FolderMissing as error:
        raise NoSuchFolder from error
    return s2c.FolderSize(
        total_size=sum(types.values()), folder_id=folder_id_to_wire(folder_id), types=types
    )


async def create_folder(context: ClientContext, packet: c2s.CreateFolder) -> generic.Boolean:
    """Makes a folder with its parents. One that exists is refused, since nothing was created."""
    names = checked_folder(packet.path, context.parts.name_policy)
    try:
        with context.parts.changes.expecting():
            made = await context.parts.catalog.make_folders(names)
            context.parts.changes.folders_created(made)
    except NotAFolder as error:
        raise PathTaken(str(error)) from error
    if not made.created:
        return generic.Boolean(success=False, message="this folder exists already")
    return generic.Boolean(success=True)
