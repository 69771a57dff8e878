"""Who may use a file: shares and owners."""

from catalog.port import PlacedFile
from catalog.records import File
from manager.context import ClientContext
from manager.domain.rights import Operation
from manager.errors import InvalidRequest, NotShared
from manager.handlers.finding import changing, file_at, file_by_id
from manager.permits import permit_for
from protocol import c2s, generic


async def share_file(context: ClientContext, packet: c2s.FileShare) -> generic.Boolean:
    """Adds a share, changes it, or takes it away."""
    file = await file_at(context, packet.path, packet.name, Operation.SHARE)
    with changing(Operation.SHARE):
        if packet.is_deleting:
            changed = await _unshare(context, file, packet.target_user)
        else:
            changed = await _share(context, file, packet)
    context.parts.changes.file_changed("modify", changed)
    return generic.Boolean(success=True)


async def _share(context: ClientContext, file: File, packet: c2s.FileShare) -> PlacedFile:
    if file.owner_id == packet.target_user:
        raise InvalidRequest("target_user: the file belongs to this user")
    return await context.parts.catalog.put_share(
        file.id,
        packet.target_user,
        can_write=bool(packet.can_write),
        permit=permit_for(context.client.user, Operation.SHARE),
    )


async def _unshare(context: ClientContext, file: File, user_id: int) -> PlacedFile:
    permit = permit_for(context.client.user, Operation.SHARE)
    changed = await context.parts.catalog.remove_share(file.id, user_id, permit=permit)
    if changed is None:
        raise NotShared
    return changed


async def transfer_ownership(
    context: ClientContext, packet: c2s.TransferOwnership
) -> generic.Boolean:
    """Gives a file to another user; who gives it may keep a share."""
    user = context.client.user
    file = await file_by_id(context, packet.file_id, Operation.TRANSFER)
    if file.owner_id == packet.target_user_id:
        raise InvalidRequest("target_user_id: the file belongs to this user already")
    with changing(Operation.TRANSFER):
        changed = await context.parts.catalog.set_owner(
            file.id,
            packet.target_user_id,
            delete_shares=bool(packet.delete_file_shares),
            share_with=user.id if packet.create_share_for_current_owner else None,
            permit=permit_for(user, Operation.TRANSFER),
        )
    context.parts.changes.file_changed("modify", changed)
    return generic.Boolean(success=True)
