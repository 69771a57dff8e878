"""Handles packets about stars, and tells a user's other connections what the user has starred.

Who may list a file or folder may star it. What the user does not see any more is not listed, but keeps its
star.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from catalog.errors import FileMissing, FolderMissing, RootIsFixed, TooManyStars
from catalog.port import FileStore, FolderStore
from catalog.records import File
from catalog.star_port import MAX_STARS, StarKey, StarredEntry, StarStore
from manager.broadcast.hub import Hub
from manager.cluster.errors import ClusterError
from manager.cluster.messages import ClusterMessage
from manager.cluster.port import Cluster
from manager.connections.clients import ClientRequest, ClientSession
from manager.connections.dispatch import PacketTable
from manager.errors import InvalidRequest, NoSuchFile, NoSuchFolder, StarsUsedUp
from manager.files.conversion import folder_handle, listed_file_handle
from protocol import c2s, generic, s2c
from protocol.extensions import STARS
from protocol.values import PAGE_SIZE, format_path


class StarredCatalog(StarStore, FileStore, FolderStore, Protocol):
    """What is starred, and what there is."""


class StarChange(ClusterMessage, frozen=True, kw_only=True):
    """A user has starred something, or taken a star back.

    Attributes:
        user_id: The user.
        file_id: The file; None: a folder.
        folder_id: The folder; None: a file.
        starred: Whether it is starred now.
    """

    user_id: int
    file_id: int | None = None
    folder_id: int | None = None
    starred: bool


class StarFeed:
    """Tells all connections of a user, with whichever manager, what the user stars."""

    def __init__(self, hub: Hub, cluster: Cluster) -> None:
        self._hub = hub
        self._cluster = cluster

    async def start(self) -> None:
        """Listens to the managers, this one among them. Before any client is connected."""
        await self._cluster.subscribe("stars", StarChange, self._changed)

    async def changed(self, change: StarChange) -> None:
        """Something was starred, or a star taken back. While NATS is away only this manager tells it."""
        try:
            await self._cluster.publish("stars", change)
        except ClusterError:
            await self._changed(change)

    async def _changed(self, change: StarChange) -> None:
        packet = s2c.StarChanged(
            file_id=change.file_id, folder_id=change.folder_id, starred=change.starred
        )
        for client in self._hub:
            if client.user.id == change.user_id and STARS in client.extensions:
                client.connection.send(packet)


class StarHandlers:
    """The handlers of packets about stars."""

    def __init__(self, catalog: StarredCatalog, feed: StarFeed) -> None:
        self._catalog = catalog
        self._feed = feed

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.StarFile: self.star_file,
            c2s.StarFolder: self.star_folder,
            c2s.StarListRequest: self.list_stars,
            c2s.StarredRequest: self.list_starred,
        }

    async def star_file(self, request: ClientRequest, packet: c2s.StarFile) -> generic.Boolean:
        """Stars a file that the user may list, or takes the star back. Raises `NoSuchFile`."""
        user_id = request.client.user.id
        if await self._catalog.file_by_id(packet.file_id, viewer_id=user_id) is None:
            raise NoSuchFile
        return await self._set(user_id, StarKey(file_id=packet.file_id), starred=packet.starred)

    async def star_folder(self, request: ClientRequest, packet: c2s.StarFolder) -> generic.Boolean:
        """Stars a folder that the user sees, or takes the star back. Raises `NoSuchFolder`."""
        await self._check_folder(request.client, packet.folder_id)
        key = StarKey(folder_id=packet.folder_id)
        return await self._set(request.client.user.id, key, starred=packet.starred)

    async def _check_folder(self, client: ClientSession, folder_id: int) -> None:
        folder = await self._catalog.folder_by_id(folder_id)
        if folder is None:
            raise NoSuchFolder
        with suppress(FolderMissing):
            path = await self._catalog.folder_path(folder_id)
            if path and client.login.view.shown_as(path[:-1], folder) is not None:
                return
        raise InvalidRequest("folder_id: this folder cannot be starred")

    async def _set(self, user_id: int, key: StarKey, *, starred: bool) -> generic.Boolean:
        if starred:
            with _translated_errors():
                await self._catalog.put_star(user_id, key)
        else:
            await self._catalog.remove_star(user_id, key)
        change = StarChange(
            user_id=user_id, file_id=key.file_id, folder_id=key.folder_id, starred=starred
        )
        await self._feed.changed(change)
        return generic.Boolean(success=True)

    async def list_stars(self, request: ClientRequest, _: c2s.StarListRequest) -> s2c.StarList:
        """The ids of all that the user has starred."""
        keys = await self._catalog.star_keys(request.client.user.id)
        return s2c.StarList(
            files=tuple(key.file_id for key in keys if key.file_id is not None),
            folders=tuple(key.folder_id for key in keys if key.folder_id is not None),
        )

    async def list_starred(self, request: ClientRequest, packet: c2s.StarredRequest) -> s2c.Starred:
        """A page of what the user has starred and sees, the last first."""
        client = request.client
        page = await self._catalog.starred(client.user.id, before=packet.before, limit=PAGE_SIZE)
        shown = [_shown(client, each) for each in page.entries]
        return s2c.Starred(
            entries=tuple(each for each in shown if each is not None), next=page.next
        )


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except FileMissing as error:
        raise NoSuchFile from error
    except (FolderMissing, RootIsFixed) as error:
        raise NoSuchFolder from error
    except TooManyStars as error:
        raise StarsUsedUp(MAX_STARS) from error


def _shown(client: ClientSession, starred: StarredEntry) -> s2c.PlacedEntry | None:
    """What is starred, where the user sees it; None for a folder that the user sees as none."""
    view = client.login.view
    if isinstance(starred.entry, File):
        folder, file = view.shown_file(starred.folder, starred.entry)
        handle = listed_file_handle(file, client.user.id, with_times=client.receives_times)
        return s2c.PlacedEntry(path=format_path(folder), file=handle, folder=None)
    shown = view.shown_as(starred.folder, starred.entry)
    if shown is None:
        return None
    path, seen = shown
    return s2c.PlacedEntry(path=format_path(path), file=None, folder=folder_handle(seen))
