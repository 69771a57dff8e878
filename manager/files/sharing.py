"""Handles packets that change who may use a file: shares, owner, public or not."""

from collections.abc import Iterator
from contextlib import contextmanager

from catalog.errors import QuotaExceeded
from catalog.placed import PlacedFile
from catalog.port import Catalog
from catalog.records import AuditOutcome, File, Share, User
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.errors import InvalidRequest, NotShared
from manager.files.changes import ChangeFeed
from manager.files.conversion import timestamp
from manager.files.lookup import file_at, file_by_id, translated_file_errors
from manager.files.rights import FileOperation, permit_for
from protocol import c2s, generic, s2c
from protocol.values import format_path


class SharingHandlers:
    """The handlers of packets about shares and owners."""

    def __init__(self, catalog: Catalog, changes: ChangeFeed, audit: AuditLog) -> None:
        self._catalog = catalog
        self._changes = changes
        self._audit = audit

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.FileShare: self.share_file,
            c2s.ShareListRequest: self.list_shares,
            c2s.TransferOwnership: self.transfer_ownership,
            c2s.SetPublic: self.set_public,
        }

    async def share_file(self, request: ClientRequest, packet: c2s.FileShare) -> generic.Boolean:
        """Adds a share, changes it, or takes it away."""
        user = request.client.user
        file = await file_at(self._catalog, user, packet.path, packet.name, FileOperation.SHARE)
        sharer = await self._name_of(packet.target_user)
        with translated_file_errors(FileOperation.SHARE), self._changes.expecting():
            if packet.is_deleting:
                changed = await self._unshare(user, file, packet.target_user)
            else:
                changed = await self._share(user, file, packet)
            self._changes.file_changed("modify", changed)
        if packet.is_deleting:
            self._record(AuditAction.FILE_UNSHARED, request, changed, user=sharer)
        else:
            can_write = bool(packet.can_write)
            self._record(
                AuditAction.FILE_SHARED, request, changed, user=sharer, can_write=can_write
            )
        return generic.Boolean(success=True)

    async def _share(self, user: User, file: File, packet: c2s.FileShare) -> PlacedFile:
        if file.owner_id == packet.target_user:
            raise InvalidRequest("the file belongs to this user")
        return await self._catalog.put_share(
            file.id,
            packet.target_user,
            can_write=bool(packet.can_write),
            permit=permit_for(user, FileOperation.SHARE),
        )

    async def _unshare(self, user: User, file: File, user_id: int) -> PlacedFile:
        permit = permit_for(user, FileOperation.SHARE)
        changed = await self._catalog.remove_share(file.id, user_id, permit=permit)
        if changed is None:
            raise NotShared
        return changed

    async def set_public(self, request: ClientRequest, packet: c2s.SetPublic) -> generic.Boolean:
        """Makes a file public, or ends that."""
        user = request.client.user
        file = await file_at(self._catalog, user, packet.path, packet.name, FileOperation.SHARE)
        with translated_file_errors(FileOperation.SHARE), self._changes.expecting():
            changed = await self._catalog.set_public(
                file.id,
                is_public=packet.is_public,
                permit=permit_for(user, FileOperation.SHARE),
            )
            self._changes.file_changed("modify", changed)
        self._record(AuditAction.FILE_PUBLIC, request, changed, is_public=packet.is_public)
        return generic.Boolean(success=True)

    async def list_shares(
        self, request: ClientRequest, packet: c2s.ShareListRequest
    ) -> s2c.ShareList:
        """Lists the shares of a file, for a user who may share it."""
        file = await file_at(
            self._catalog, request.client.user, packet.path, packet.name, FileOperation.SHARE
        )
        shares = await self._catalog.shares_of(file.id)
        entries = [await self._shared_with(share) for share in shares]
        return s2c.ShareList(
            file_id=file.id,
            is_public=file.is_public,
            has_owner=file.owner_id is not None,
            shares=tuple(each for each in entries if each is not None),
        )

    async def _shared_with(self, share: Share) -> s2c.SharedWith | None:
        user = await self._catalog.user_by_id(share.user_id)
        if user is None:
            return None
        return s2c.SharedWith(
            user=s2c.UserHandle(id=user.id, name=user.name),
            can_write=share.can_write,
            shared_at=timestamp(share.shared_at),
        )

    async def transfer_ownership(
        self, request: ClientRequest, packet: c2s.TransferOwnership
    ) -> generic.Boolean:
        """Gives a file to another user; its owner until then may keep a share."""
        user = request.client.user
        file = await file_by_id(self._catalog, user, packet.file_id, FileOperation.TRANSFER)
        if file.owner_id == packet.target_user_id:
            raise InvalidRequest("the file belongs to this user already")
        receiver = await self._name_of(packet.target_user_id)
        with (
            translated_file_errors(FileOperation.TRANSFER),
            _translated_quota(),
            self._changes.expecting(),
        ):
            changed = await self._catalog.set_owner(
                file.id,
                packet.target_user_id,
                delete_shares=bool(packet.delete_file_shares),
                share_with=user.id if packet.create_share_for_current_owner else None,
                permit=permit_for(user, FileOperation.TRANSFER),
            )
            self._changes.file_changed("modify", changed)
        self._record(AuditAction.FILE_TRANSFERRED, request, changed, to=receiver)
        return generic.Boolean(success=True)

    async def _name_of(self, user_id: int) -> str | None:
        user = await self._catalog.user_by_id(user_id)
        return None if user is None else user.name

    def _record(
        self, action: AuditAction, request: ClientRequest, changed: PlacedFile, **details: object
    ) -> None:
        client, path = request.client, format_path((*changed.folder, changed.file.name))
        self._audit.record(
            action,
            actor=client.user,
            address=client.address,
            subject=path,
            outcome=AuditOutcome.SUCCESS,
            **details,
        )


@contextmanager
def _translated_quota() -> Iterator[None]:
    """Raises `InvalidRequest`, which does not tell how much the receiver has."""
    try:
        yield
    except QuotaExceeded as error:
        raise InvalidRequest("target_user_id: this user has no room for the file") from error
