"""Who may use a file: shares and owners."""

from catalog.port import PlacedFile
from catalog.records import File, Share
from manager.context import ClientContext
from manager.errors import InvalidRequest, NotShared
from manager.files.conversion import timestamp
from manager.files.lookup import changing, file_at, file_by_id
from manager.files.rights import Operation, permit_for
from protocol import c2s, generic, s2c


async def share_file(context: ClientContext, packet: c2s.FileShare) -> generic.Boolean:
    """Adds a share, changes it, or takes it away."""
    file = await file_at(context, packet.path, packet.name, Operation.SHARE)
    with changing(Operation.SHARE), context.parts.changes.expecting():
        if packet.is_deleting:
            changed = await _unshare(context, file, packet.target_user)
        else:
            changed = await _share(context, file, packet)
        context.parts.changes.file_changed("modify", changed)
    return generic.Boolean(success=True)


async def _share(context: ClientContext, file: File, packet: c2s.FileShare) -> PlacedFile:
    if file.owner_id == packet.target_user:
        raise InvalidRequest("the file belongs to this user")
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


async def set_public(context: ClientContext, packet: c2s.SetPublic) -> generic.Boolean:
    """Lets everybody use a file, or only those whom it belongs to or is shared with."""
    file = await file_at(context, packet.path, packet.name, Operation.SHARE)
    with changing(Operation.SHARE), context.parts.changes.expecting():
        changed = await context.parts.catalog.set_public(
            file.id,
            is_public=packet.is_public,
            permit=permit_for(context.client.user, Operation.SHARE),
        )
        context.parts.changes.file_changed("modify", changed)
    return generic.Boolean(success=True)


async def list_shares(context: ClientContext, packet: c2s.ShareListRequest) -> s2c.ShareList:
    """Tells whoever may share a file whom it is shared with, and whether it is public."""
    file = await file_at(context, packet.path, packet.name, Operation.SHARE)
    shares = await context.parts.catalog.shares_of(file.id)
    told = [await _shared_with(context, share) for share in shares]
    return s2c.ShareList(
        file_id=file.id,
        is_public=file.is_public,
        has_owner=file.owner_id is not None,
        shares=tuple(each for each in told if each is not None),
    )


async def _shared_with(context: ClientContext, share: Share) -> s2c.SharedWith | None:
    user = await context.parts.catalog.user_by_id(share.user_id)
    if user is None:
        return None
    return s2c.SharedWith(
        user=s2c.UserHandle(id=user.id, name=user.name),
        can_write=share.can_write,
        shared_at=timestamp(share.shared_at),
    )


async def transfer_ownership(
    context: ClientContext, packet: c2s.TransferOwnership
) -> generic.Boolean:
    """Gives a file to another user; who gives it may keep a share."""
    user = context.client.user
    file = await file_by_id(context, packet.file_id, Operation.TRANSFER)
    if file.owner_id == packet.target_user_id:
        raise InvalidRequest("the file belongs to this user already")
    with changing(Operation.TRANSFER), context.parts.changes.expecting():
        changed = await context.parts.catalog.set_owner(
            file.id,
            packet.target_user_id,
            delete_shares=bool(packet.delete_file_shares),
            share_with=user.id if packet.create_share_for_current_owner else None,
            permit=permit_for(user, Operation.TRANSFER),
        )
        context.parts.changes.file_changed("modify", changed)
    return generic.Boolean(success=True)
