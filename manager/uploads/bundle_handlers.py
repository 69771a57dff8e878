"""Handles requests of clients for bundles of small files."""

from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import Protocol
from uuid import uuid4

from catalog.port import FileStore, FolderStore, FolderWalk
from manager.connections.clients import ClientRequest, ClientSession
from manager.connections.dispatch import PacketTable
from manager.errors import BookingsUnavailable, InvalidRequest, NoFreeService, OutsideScope
from manager.files.conversion import checked_folder, checked_name, modification_time
from manager.files.upload_requests import FolderPath, RequestedUpload
from manager.retrying import CatalogRetry
from manager.services.channel_limits import ChunkSizes
from manager.services.registry import UploadSlotRegistry
from manager.uploads.bundle_files import RequestedFile, bundle_response
from manager.uploads.effects import Rejection, Retry
from manager.uploads.manager import UploadManager
from manager.uploads.messages import resume_rejection
from protocol import c2s
from protocol.packet import Packet
from protocol.values import NamePolicy
from storage.envelope import ENVELOPE_OVERHEAD

MAX_FILES = 1000
"""Files of one bundle: as many as one message may hold chunks."""

TOO_LARGE = Rejection(
    "too-large-for-bundle", "the file has more than one chunk: send it by itself", Retry.NEVER
)
BUNDLE_FULL = Rejection(
    "bundle-full", "the files before this one fill the bundle: send it in another one", Retry.SOON
)
NAME_TAKEN = Rejection("name-taken", "a file or folder of this name is there already", Retry.NEVER)


class BundleCatalog(FolderStore, FileStore, FolderWalk, Protocol):
    """What is there already."""


class BundleHandlers:
    """The handlers of packets about bundles."""

    def __init__(
        self,
        catalog: BundleCatalog,
        uploads: UploadManager,
        slots: UploadSlotRegistry,
        retry: CatalogRetry,
        chunk_sizes: ChunkSizes,
        name_policy: NamePolicy,
    ) -> None:
        """`chunk_sizes`: of new uploads; `name_policy`: which characters new names may have."""
        self._catalog = catalog
        self._uploads = uploads
        self._slots = slots
        self._retry = retry
        self._chunk_sizes = chunk_sizes
        self._name_policy = name_policy

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.BundleRequest: self.request_bundle}

    @property
    def _chunk_size(self) -> int:
        """Bytes that the files of a bundle may have together: as many as any service takes in a chunk."""
        return self._chunk_sizes.of_upload(takes_large=False)

    async def request_bundle(
        self, request: ClientRequest, packet: c2s.BundleRequest
    ) -> Packet | None:
        """Starts a bundle on a booked service that is idle, or refuses it.

        The bundle replies itself, before it sends anything else. Raises `CatalogUnavailable`.
        """
        client = request.client
        check_folder = cache(partial(self._checked_folder, client))
        files = self._fitting(
            self._checked(client, file, check_folder(file.path)) for file in packet.files
        )
        for index in await self._taken(packet, files):
            files[index] = NAME_TAKEN
        if not client.is_connected:
            return None
        if all(isinstance(file, Rejection) for file in files):
            rejections = [file for file in files if isinstance(file, Rejection)]
            return bundle_response(str(uuid4()), rejections, None)
        try:
            slot = await self._slots.start_bundle(client.id)
        except NoFreeService as error:
            return resume_rejection(Rejection(error.code, error.message, Retry.SOON))
        except BookingsUnavailable as error:
            return resume_rejection(Rejection(error.code, str(error), Retry.LATER))
        self._uploads.start_bundle(client, slot, files, reply=request.reply)
        return None

    def _checked_folder(self, client: ClientSession, path: str) -> FolderPath | Rejection:
        try:
            folder = checked_folder(path, self._name_policy)
            client.login.scope.require_inside(folder)
        except (InvalidRequest, OutsideScope) as error:
            return Rejection(error.code, str(error), Retry.NEVER)
        return folder

    def _checked(
        self, client: ClientSession, file: c2s.BundleFile, folder: FolderPath | Rejection
    ) -> RequestedFile:
        if isinstance(folder, Rejection):
            return folder
        try:
            name = checked_name(file.name, self._name_policy)
            modified_at = modification_time(file.modified_at)
        except InvalidRequest as error:
            return Rejection(error.code, str(error), Retry.NEVER)
        if file.size > self._chunk_size:
            return TOO_LARGE
        return RequestedUpload(
            upload_id=str(uuid4()),
            client=client.id,
            user_id=client.user.id,
            folder=folder,
            name=name,
            size=file.size,
            is_public=file.is_public,
            do_overwrite=bool(file.do_overwrite),
            chunk_size=self._chunk_size,
            chunk_count=1,
            modified_at=modified_at,
        )

    def _fitting(self, files: Iterable[RequestedFile]) -> list[RequestedFile]:
        """All files, but for those that do not fit into one sealed chunk with those before."""
        fitting: list[RequestedFile] = []
        room, count = self._chunk_size + ENVELOPE_OVERHEAD, 0
        for file in files:
            if isinstance(file, Rejection):
                fitting.append(file)
            elif count < MAX_FILES and file.size + ENVELOPE_OVERHEAD <= room:
                room -= file.size + ENVELOPE_OVERHEAD
                count += 1
                fitting.append(file)
            else:
                fitting.append(BUNDLE_FULL)
        return fitting

    async def _taken(self, packet: c2s.BundleRequest, files: Sequence[RequestedFile]) -> list[int]:
        """The indices of the files that are not to be sent, since something has their name."""
        in_folder: dict[FolderPath, dict[str, list[int]]] = {}
        for index, (wish, file) in enumerate(zip(packet.files, files, strict=True)):
            if wish.do_skip and isinstance(file, RequestedUpload):
                in_folder.setdefault(file.folder, {}).setdefault(file.name, []).append(index)
        return [
            index
            for folder, names in in_folder.items()
            for name in await self._retry.answering(partial(self._names_in, folder, list(names)))
            for index in names[name]
        ]

    async def _names_in(self, path: FolderPath, names: Sequence[str]) -> set[str]:
        """Which of these names a folder has."""
        folder = await self._catalog.folder_at(path)
        if folder is None:
            return set()
        files = await self._catalog.files_in(folder.id, names)
        folders = await self._catalog.subfolders_in(folder.id, names)
        return {each.name for each in files} | {each.name for each in folders}
