"""Changing folders. They belong to nobody: what counts is whose the files in them are."""

from catalog.errors import FolderCircle, FolderMissing, NotPermitted, TooDeep
from manager.context import ClientContext
from manager.errors import FilesProtected, InvalidRequest, NoSuchFolder
from manager.files.conversion import checked_name, naming_answer
from manager.files.rights import Operation, permit_for
from protocol import c2s, generic
from protocol.values import MAX_PATH_NAMES, parse_path


async def rename_folder(context: ClientContext, packet: c2s.RenameFolder) -> generic.Boolean:
    """Gives a folder another name; the next free one if that is taken."""
    catalog, places = context.parts.catalog, context.parts.uploads.places
    name = checked_name(packet.target_name, context.parts.name_policy)
    folder = await catalog.folder_at(parse_path(packet.path))
    if folder is None:
        raise NoSuchFolder
    try:
        with context.parts.changes.expecting():
            changed = await places.following(
                folder.id, lambda: catalog.rename_folder(folder.id, name)
            )
            context.parts.changes.folder_renamed(changed)
    except FolderMissing as error:
        raise NoSuchFolder from error
    return naming_answer(name, changed.after.folder.name)


async def move_folder(context: ClientContext, packet: c2s.MoveFolder) -> generic.Boolean:
    """Moves a folder into another one, under the next free name if its own is taken there."""
    catalog, places = context.parts.catalog, context.parts.uploads.places
    folder = await catalog.folder_at(parse_path(packet.path))
    target = await catalog.folder_at(parse_path(packet.target_path))
    if folder is None:
        raise NoSuchFolder
    if target is None:
        raise InvalidRequest(f"target_path: {NoSuchFolder()}")
    if folder.parent_id == target.id:
        raise InvalidRequest("target_path: the folder is there already")
    try:
        with context.parts.changes.expecting():
            changed = await places.following(
                folder.id,
                lambda: catalog.move_folder(folder.id, target.id, max_depth=MAX_PATH_NAMES),
            )
            context.parts.changes.folder_moved(changed)
    except FolderMissing as error:
        raise NoSuchFolder from error
    except FolderCircle as error:
        raise InvalidRequest("target_path: it is within the folder itself") from error
    except TooDeep as error:
        raise InvalidRequest(f"target_path: a path has {MAX_PATH_NAMES} names at most") from error
    return naming_answer(folder.name, changed.after.folder.name)


async def delete_folder(context: ClientContext, packet: c2s.DeleteFolder) -> generic.Boolean:
    """Deletes a folder with all that is in it, or nothing if one file may not be deleted."""
    permit = permit_for(context.client.user, Operation.DELETE)
    try:
        with context.parts.changes.expecting():
            deleted = await context.parts.catalog.delete_folder(packet.folder_id, permit=permit)
            if deleted is not None:
                context.parts.changes.folder_deleted(deleted)
    except NotPermitted as error:
        raise FilesProtected(refused=error.refused, concerned=error.concerned) from error
    if deleted is None:
        raise NoSuchFolder
    context.parts.uploads.nudge_reaper()
    return generic.Boolean(success=True)
