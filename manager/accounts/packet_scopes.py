"""What each packet of a client does, and where: by this an app password's scope is held to.

The table has a rule for every packet. One without a rule is refused to everything that is confined.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, Protocol
from uuid import UUID

from catalog.errors import FolderMissing
from catalog.kept_upload_port import KeptUploadStore
from catalog.port import FileStore, FolderPath, FolderStore
from manager.connections.clients import ClientSession
from manager.errors import LoginNeeded, OutsideScope
from manager.files.conversion import folder_id_from_wire
from manager.scopes import FolderScope, Scope
from protocol import c2s
from protocol.packet import Packet
from protocol.values import parse_path


class Effect(Enum):
    """What a packet does."""

    READS = "reads"
    """It changes nothing that others, or later requests, could notice."""
    CHANGES = "changes"
    """It changes files or folders, who may have them, or what services are there for."""
    ADMINISTERS = "administers"
    """It is about the accounts of users, which no app password manages."""


@dataclass(frozen=True, slots=True)
class FolderAt:
    """A folder by its path, which need not exist yet.

    `is_entry`: it is itself renamed or moved, and not something in it.
    """

    path: str
    is_entry: bool = False


@dataclass(frozen=True, slots=True)
class FolderOf:
    """A folder by its id, as in packets: None is the root. `is_entry`: it is itself deleted."""

    id: int | None
    is_entry: bool = False


@dataclass(frozen=True, slots=True)
class FileOf:
    """A file by its id."""

    id: int
    is_entry: bool = False


@dataclass(frozen=True, slots=True)
class KeptUploadOf:
    """A kept upload by its id, or the files that have become of it."""

    id: str
    is_entry: bool = False


Place = FolderAt | FolderOf | FileOf | KeptUploadOf


def _nowhere(_: Any) -> Iterable[Place]:  # noqa: ANN401 - any packet
    return ()


def _path(packet: Any) -> Iterable[Place]:  # noqa: ANN401 - packets with a path
    return (FolderAt(packet.path),)


def _file(packet: Any) -> Iterable[Place]:  # noqa: ANN401 - packets with the id of a file
    return (FileOf(packet.file_id),)


def _folder(packet: Any) -> Iterable[Place]:  # noqa: ANN401 - packets with the id of a folder
    return (FolderOf(packet.folder_id),)


def _kept(packet: Any) -> Iterable[Place]:  # noqa: ANN401 - packets with the id of an upload
    return (KeptUploadOf(packet.upload_id),)


@dataclass(frozen=True, slots=True)
class PacketRule:
    """What a packet does, and the places with which it does so."""

    effect: Effect
    places: Callable[[Any], Iterable[Place]] = _nowhere


PACKET_RULES: Final[Mapping[type[Packet], PacketRule]] = {
    # Booked services are kept from others.
    c2s.UploadBookingRequest: PacketRule(Effect.CHANGES),
    c2s.UploadBookingClear: PacketRule(Effect.CHANGES),
    c2s.UploadRequest: PacketRule(Effect.CHANGES, _path),
    # Each file whose folder is outside is rejected alone.
    c2s.BundleRequest: PacketRule(Effect.CHANGES),
    # Uploads of this very connection, which began in the scope.
    c2s.UploadAbortRequest: PacketRule(Effect.CHANGES),
    c2s.UploadOverwriteResponse: PacketRule(Effect.CHANGES),
    c2s.UploadKeep: PacketRule(Effect.CHANGES),
    c2s.EmptyFileUpload: PacketRule(Effect.CHANGES, _path),
    c2s.FolderStatusRequest: PacketRule(Effect.READS, _path),
    c2s.ListRequest: PacketRule(Effect.READS, _path),
    c2s.PositionRequest: PacketRule(Effect.READS, _path),
    c2s.FolderSizeRequest: PacketRule(Effect.READS, _folder),
    c2s.FolderSummariesRequest: PacketRule(Effect.READS, _path),
    # They lie anywhere.
    c2s.RecentFilesRequest: PacketRule(Effect.READS, lambda _: [FolderAt("/")]),
    # Without a path it is that of the scope.
    c2s.SearchRequest: PacketRule(
        Effect.READS, lambda packet: [] if packet.path is None else [FolderAt(packet.path)]
    ),
    c2s.StarFile: PacketRule(Effect.CHANGES, _file),
    c2s.StarFolder: PacketRule(Effect.CHANGES, _folder),
    # It lies anywhere.
    c2s.StarListRequest: PacketRule(Effect.READS, lambda _: [FolderAt("/")]),
    c2s.StarredRequest: PacketRule(Effect.READS, lambda _: [FolderAt("/")]),
    c2s.CreateFolder: PacketRule(Effect.CHANGES, _path),
    c2s.RenameFolder: PacketRule(
        Effect.CHANGES, lambda packet: [FolderAt(packet.path, is_entry=True)]
    ),
    c2s.MoveFolder: PacketRule(
        Effect.CHANGES,
        lambda packet: [FolderAt(packet.path, is_entry=True), FolderAt(packet.target_path)],
    ),
    c2s.CopyFolder: PacketRule(
        Effect.CHANGES, lambda packet: [FolderAt(packet.path), FolderAt(packet.target_path)]
    ),
    c2s.CopyFiles: PacketRule(
        Effect.CHANGES, lambda packet: [FolderAt(packet.path), FolderAt(packet.target_path)]
    ),
    c2s.DeleteFolder: PacketRule(
        Effect.CHANGES, lambda packet: [FolderOf(packet.folder_id, is_entry=True)]
    ),
    c2s.RenameFile: PacketRule(Effect.CHANGES, _path),
    c2s.MoveFiles: PacketRule(
        Effect.CHANGES, lambda packet: [FolderOf(packet.source_id), FolderOf(packet.target_id)]
    ),
    c2s.DeleteFile: PacketRule(Effect.CHANGES, _folder),
    c2s.FileShare: PacketRule(Effect.CHANGES, _path),
    c2s.SetPublic: PacketRule(Effect.CHANGES, _path),
    c2s.TransferOwnership: PacketRule(Effect.CHANGES, _file),
    c2s.ShareListRequest: PacketRule(Effect.READS, _path),
    # Whoever has the link may read the file, also when the app password is revoked.
    c2s.SignedDownloadRequest: PacketRule(Effect.CHANGES, _file),
    c2s.ThumbnailRequest: PacketRule(Effect.READS, _file),
    c2s.UserSearchRequest: PacketRule(Effect.READS),
    c2s.PingServices: PacketRule(Effect.READS),
    # The answer leaves out those that are outside.
    c2s.KeptUploadsRequest: PacketRule(Effect.READS),
    c2s.UploadResume: PacketRule(Effect.CHANGES, _kept),
    c2s.UploadPark: PacketRule(Effect.CHANGES, _kept),
    c2s.UploadDrop: PacketRule(Effect.CHANGES, _kept),
    c2s.UserListRequest: PacketRule(Effect.ADMINISTERS),
    c2s.UserPasswordSet: PacketRule(Effect.ADMINISTERS),
    c2s.UserRoleSet: PacketRule(Effect.ADMINISTERS),
    c2s.UserRemove: PacketRule(Effect.ADMINISTERS),
}


class ScopedCatalog(FolderStore, FileStore, KeptUploadStore, Protocol):
    """Where things are."""


class ScopeGuard:
    """Refuses packets that the login of their client does not cover, before anything handles them."""

    def __init__(self, catalog: ScopedCatalog) -> None:
        self._catalog = catalog

    async def check(self, client: ClientSession, packet: Packet) -> None:
        """Returns if the packet may be handled.

        Raises `LoginNeeded`, `ReadOnlyScope`, `OutsideScope`. What is outside is not told from what is not
        there.
        """
        login = client.login
        if login.app_password_id is None:
            return
        rule = PACKET_RULES.get(type(packet))
        if rule is None or rule.effect is Effect.ADMINISTERS:
            raise LoginNeeded
        if rule.effect is Effect.CHANGES:
            login.scope.require_change()
        if login.scope.folder is None:
            return
        scope = await self._as_it_is(client, login.scope.folder)
        for place in rule.places(packet):
            for path in await self._paths_of(place):
                if place.is_entry:
                    scope.require_entry(path)
                else:
                    scope.require_inside(path)

    async def _as_it_is(self, client: ClientSession, folder: FolderScope) -> Scope:
        """The scope with where its folder is now, which may have been moved."""
        try:
            path = await self._catalog.folder_path(folder.id)
        except FolderMissing as error:
            raise OutsideScope from error
        scope = replace(client.login.scope, folder=FolderScope(id=folder.id, path=path))
        client.login = replace(client.login, scope=scope)
        return scope

    async def _paths_of(self, place: Place) -> list[FolderPath]:
        """The folders that a place is, or is in. Raises `OutsideScope` when it is nowhere."""
        match place:
            case FolderAt():
                return [parse_path(place.path)]
            case FolderOf():
                return [await self._path_of(folder_id_from_wire(place.id))]
            case FileOf():
                file = await self._catalog.file_by_id(place.id)
                if file is None:
                    raise OutsideScope
                return [await self._path_of(file.folder_id)]
            case KeptUploadOf():
                return await self._paths_of_upload(UUID(place.id))

    async def _path_of(self, folder_id: int) -> FolderPath:
        try:
            return await self._catalog.folder_path(folder_id)
        except FolderMissing as error:
            raise OutsideScope from error

    async def _paths_of_upload(self, object_id: UUID) -> list[FolderPath]:
        kept = await self._catalog.kept_upload(object_id)
        if kept is not None:
            return [kept.folder]
        return [placed.folder for placed in await self._catalog.files_of(object_id)]
