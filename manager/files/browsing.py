"""Handles packets that list the contents of folders."""

from catalog.errors import FolderMissing
from catalog.port import Catalog
from catalog.records import FileOrder
from manager.connections.clients import ClientRequest, ClientSession
from manager.connections.dispatch import PacketTable
from manager.errors import NoSuchFolder
from manager.files.conversion import (
    asks_for_place,
    folder_handle,
    folder_id_from_wire,
    folder_id_to_wire,
    folder_summary,
    listed_file_handle,
)
from protocol import c2s, s2c
from protocol.values import PAGE_SIZE, format_path, parse_path


class BrowsingHandlers:
    """The handlers of packets that change nothing."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.FolderStatusRequest: self.folder_status,
            c2s.ListRequest: self.list_folder,
            c2s.PositionRequest: self.find_position,
            c2s.FolderSizeRequest: self.folder_size,
            c2s.FolderSummariesRequest: self.folder_summaries,
            c2s.RecentFilesRequest: self.recent_files,
        }

    async def folder_status(
        self, _: ClientRequest, packet: c2s.FolderStatusRequest
    ) -> s2c.FolderStatus:
        """Whether a folder exists, and how many entries it has."""
        catalog = self._catalog
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
        self, request: ClientRequest, packet: c2s.ListRequest
    ) -> s2c.ListFiles | s2c.ListFolders:
        """One page of files or subfolders; of a folder that does not exist, an unsuccessful one."""
        folder = await self._catalog.folder_at(parse_path(packet.path))
        if packet.type == "files":
            return await self._list_files(
                request.client, packet, None if folder is None else folder.id
            )
        return await self._list_subfolders(packet, None if folder is None else folder.id)

    async def _list_files(
        self, client: ClientSession, packet: c2s.ListRequest, folder_id: int | None
    ) -> s2c.ListFiles:
        if folder_id is None:
            return s2c.ListFiles(path=packet.path, page=packet.page, files=(), success=False)
        files = await self._catalog.list_files(
            folder_id,
            viewer_id=client.user.id,
            order=FileOrder(packet.sort_by or "name"),
            ascending=bool(packet.ascending_sort),
            offset=packet.page * PAGE_SIZE,
            limit=PAGE_SIZE,
        )
        handles = tuple(
            listed_file_handle(file, client.user.id, with_times=client.receives_times)
            for file in files
        )
        return s2c.ListFiles(path=packet.path, page=packet.page, files=handles, success=True)

    async def _list_subfolders(
        self, packet: c2s.ListRequest, folder_id: int | None
    ) -> s2c.ListFolders:
        if folder_id is None:
            return s2c.ListFolders(path=packet.path, page=packet.page, folders=(), success=False)
        placed = await self._catalog.list_folders(
            folder_id,
            offset=packet.page * PAGE_SIZE,
            limit=PAGE_SIZE,
            ascending=bool(packet.ascending_sort),
        )
        handles = tuple(folder_handle(each.folder) for each in placed)
        return s2c.ListFolders(path=packet.path, page=packet.page, folders=handles, success=True)

    async def find_position(self, _: ClientRequest, packet: c2s.PositionRequest) -> s2c.Position:
        """The index of a file or subfolder in the listing of `list_folder`; null when there is none."""
        catalog = self._catalog
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
        if found is not None:
            return s2c.Position(index=found.index, name=found.name)
        place = await self._place_in(folder.id, packet) if asks_for_place(packet) else None
        return s2c.Position(index=None, name=None, place=place)

    async def _place_in(self, folder_id: int, packet: c2s.PositionRequest) -> int:
        ascending = bool(packet.ascending_sort)
        if packet.type == "files":
            return await self._catalog.file_place(folder_id, packet.name, ascending=ascending)
        return await self._catalog.subfolder_place(folder_id, packet.name, ascending=ascending)

    async def folder_size(self, _: ClientRequest, packet: c2s.FolderSizeRequest) -> s2c.FolderSize:
        """Bytes in a whole subtree, by type."""
        folder_id = folder_id_from_wire(packet.folder_id)
        try:
            types = await self._catalog.usage_by_type(folder_id)
        except FolderMissing as error:
            raise NoSuchFolder from error
        return s2c.FolderSize(
            total_size=sum(types.values()), folder_id=folder_id_to_wire(folder_id), types=types
        )

    async def folder_summaries(
        self, _: ClientRequest, packet: c2s.FolderSummariesRequest
    ) -> s2c.FolderSummaries:
        """Sizes and dates of the folders on a page of `list_folder`."""
        folder = await self._catalog.folder_at(parse_path(packet.path))
        if folder is None:
            return s2c.FolderSummaries(folders=())
        summaries = await self._catalog.folder_summaries(
            folder.id,
            offset=packet.page * PAGE_SIZE,
            limit=PAGE_SIZE,
            ascending=bool(packet.ascending_sort),
        )
        return s2c.FolderSummaries(folders=tuple(map(folder_summary, summaries)))

    async def recent_files(
        self, request: ClientRequest, _: c2s.RecentFilesRequest
    ) -> s2c.RecentFiles:
        """The files that the user may read and that were changed last."""
        client = request.client
        viewer_id, view = client.user.id, client.login.view
        found = await self._catalog.recent_files(viewer_id=viewer_id, limit=PAGE_SIZE)
        shown = [view.shown_file(each.folder, each.file) for each in found]
        files = tuple(
            s2c.PlacedFile(
                path=format_path(path),
                file=listed_file_handle(file, viewer_id, with_times=client.receives_times),
            )
            for path, file in shown
        )
        return s2c.RecentFiles(files=files)
