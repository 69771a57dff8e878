"""Renaming, moving and deleting files."""

from collections.abc import Sequence

from catalog.records import File
from manager.context import ClientContext
from manager.errors import InvalidRequest, NoSuchFolder, NotMoved
from manager.files.conversion import (
    checked_name,
    folder_id_from_wire,
    names_answer,
    naming_answer,
)
from manager.files.lookup import changing, file_at, permitted
from manager.files.rights import Operation, access_to, permit_for
from protocol import c2s, generic


async def rename_file(context: ClientContext, packet: c2s.RenameFile) -> generic.Boolean:
    """Gives a file another name; the next free one if that is taken."""
    name = checked_name(packet.target_name, context.parts.name_policy)
    file = await file_at(context, packet.path, packet.name, Operation.RENAME)
    permit = permit_for(context.client.user, Operation.RENAME)
    with changing(Operation.RENAME), context.parts.changes.expecting():
        renamed = await context.parts.catalog.rename_file(file.id, name, permit=permit)
        context.parts.changes.file_changed("modify", renamed)
    return naming_answer(name, renamed.file.name)


async def move_files(context: ClientContext, packet: c2s.MoveFiles) -> generic.Boolean:
    """Moves all of the files, or none and says which were in the way."""
    source_id = folder_id_from_wire(packet.source_id)
    target_id = folder_id_from_wire(packet.target_id)
    if source_id == target_id:
        raise InvalidRequest("target_id: the files are in this folder already")
    files = await _movable_files(context, source_id, packet.files)
    permit = permit_for(context.client.user, Operation.MOVE)
    ids = [file.id for file in files]
    try:
        with changing(Operation.MOVE), context.parts.changes.expecting():
            moved = await context.parts.catalog.move_files(ids, target_id, permit=permit)
            context.parts.changes.files_moved(moved)
    except NoSuchFolder as error:
        raise InvalidRequest(f"target_id: {error}") from error
    return names_answer((each.before.file.name, each.after.file.name) for each in moved)


async def _movable_files(
    context: ClientContext, folder_id: int, names: Sequence[str]
) -> list[File]:
    """All files of these names. Raises `NotMoved` with the names of those that cannot be moved."""
    catalog, viewer_id = context.parts.catalog, context.client.user.id
    files = await catalog.files_in(folder_id, names, viewer_id=viewer_id)
    if not files and await catalog.folder_by_id(folder_id) is None:
        raise InvalidRequest(f"source_id: {NoSuchFolder()}")
    found = {file.name: file for file in files}
    missing = [name for name in dict.fromkeys(names) if name not in found]
    refused = [file.name for file in files if not access_to(file, viewer_id).allows(Operation.MOVE)]
    if missing or refused:
        raise NotMoved(missing=missing, refused=refused)
    return files


async def delete_file(context: ClientContext, packet: c2s.DeleteFile) -> generic.Boolean:
    """Deletes a file."""
    catalog, user = context.parts.catalog, context.client.user
    folder_id = folder_id_from_wire(packet.folder_id)
    found = await catalog.files_in(folder_id, (packet.name,), viewer_id=user.id)
    file = permitted(context, next(iter(found), None), Operation.DELETE)
    permit = permit_for(user, Operation.DELETE)
    with changing(Operation.DELETE), context.parts.changes.expecting():
        deleted = await catalog.delete_file(file.id, permit=permit)
        if deleted is not None:
            context.parts.changes.file_changed("delete", deleted)
    if deleted is not None:
        context.parts.uploads.nudge_reaper()
    return generic.Boolean(success=True)
