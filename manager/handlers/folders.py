"""Renaming and deleting folders. They belong to nobody: what counts is whose the files in them are."""

from catalog.errors import FolderMissing, NotPermitted
from manager.context import ClientContext
from manager.domain.rights import Operation
from manager.errors import FilesProtected, NoSuchFolder
from manager.handlers.naming import checked_name, naming_answer
from manager.permits import permit_for
from protocol import c2s, generic
from protocol.values import parse_path


async def rename_folder(context: ClientContext, packet: c2s.RenameFolder) -> generic.Boolean:
    """Gives a folder another name; the next free one if that is taken."""
    catalog = context.parts.catalog
    name = checked_name(context, packet.target_name)
    folder = await catalog.folder_at(parse_path(packet.path))
    if folder is None:
        raise NoSuchFolder
    try:
        changed = await catalog.rename_folder(folder.id, name)
    except FolderMissing as error:
        raise NoSuchFolder from error
    context.parts.changes.folder_renamed(changed)
    return naming_answer(name, changed.after.folder.name)


async def delete_folder(context: ClientContext, packet: c2s.DeleteFolder) -> generic.Boolean:
    """Deletes a folder with all that is in it, or nothing if one file may not be deleted."""
    permit = permit_for(context.client.user, Operation.DELETE)
    try:
        deleted = await context.parts.catalog.delete_folder(packet.folder_id, permit=permit)
    except NotPermitted as error:
        raise FilesProtected(refused=error.refused, concerned=error.concerned) from error
    if deleted is None:
        raise NoSuchFolder
    context.parts.changes.folder_deleted(deleted)
    context.parts.uploads.nudge_reaper()
    return generic.Boolean(success=True)
