"""Sends many small files in one response (`protocol.file_stream`).

One by one, a folder of small files costs a request each, and two on the way to Discord. Here they are
looked up together in the catalog, and read together (`reading.file_stream`).
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from aiohttp import web

from catalog.port import Catalog, FolderPath
from catalog.records import File, User
from common.addresses import ClientAddresses
from manager.accounts.accounts import Accounts
from manager.downloads.content import content_of, expected_chunk
from manager.downloads.manifests import GATEWAY, ManifestMaker
from manager.error_texts import public_text
from manager.errors import AccessDenied, FileTooLong, InvalidRequest, ManagerError, NoSuchFile
from manager.files.rights import may_read
from manager.http.parameters import json_object, parsed
from manager.scopes import Login
from protocol.file_stream import MOST_FILES, FileHeader, frame_head
from protocol.values import parse_path
from reading.content import ContentSource
from reading.file_stream import FileBatch, FileStreamSender, StreamedFile, refusal_frame

MAX_BODY_BYTES: Final = 1024 * 1024
BATCH: Final = 250
"""Files that are looked up at once: their rights are checked no longer before than these take."""

_Wanted = tuple[int, FolderPath]
"""A file's place in the request, and its path."""


class FileStreamRoutes:
    """The route that sends several files of a user.

    Args:
        accounts: Who asks.
        catalog: Where files are looked up.
        source: Where their content comes from.
        sender: Sends them.
        manifests: Has gateways send them.
        addresses: Identifies clients.
    """

    def __init__(
        self,
        accounts: Accounts,
        catalog: Catalog,
        source: ContentSource,
        sender: FileStreamSender,
        manifests: ManifestMaker,
        addresses: ClientAddresses,
    ) -> None:
        self._accounts = accounts
        self._catalog = catalog
        self._source = source
        self._sender = sender
        self._manifests = manifests
        self._addresses = addresses

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [web.post("/download-files", self.download_files)]

    async def download_files(self, request: web.Request) -> web.StreamResponse:
        """Sends the files that the user may read, and says of each other one why it is not sent.

        What goes wrong later than the first byte with all of them ends the connection.
        """
        login = await self._accounts.login_of(request)
        paths = _paths(await json_object(request, most_bytes=MAX_BODY_BYTES), login)
        batches, reader = self._batches(paths, login.user), f"user {login.user.id}"
        gateway = request.get(GATEWAY)
        if gateway is None:
            return await self._sender.send(request, batches, self._source, reader)
        found = [batch async for batch in batches]
        # What does not prove itself chunk by chunk is sent from here, and passed on by the gateway.
        if any(file.chunk.envelope != "v1" for batch in found for file in batch.files):
            return await self._sender.send(request, _each_of(found), self._source, reader)
        address = self._addresses.of_request(request)
        return self._manifests.files(gateway, found, reader=reader, address=address)

    async def _batches(
        self, paths: Sequence[FolderPath], user: User
    ) -> AsyncGenerator[FileBatch, None]:
        """Yields the files, looked up. Raises `CatalogUnavailable`."""
        for start in range(0, len(paths), BATCH):
            wanted = list(enumerate(paths))[start : start + BATCH]
            files, answered = await self._files(wanted, user)
            found, more = await self._located(files)
            yield FileBatch(b"".join([*answered, *more]), found)

    async def _files(
        self, wanted: Sequence[_Wanted], user: User
    ) -> tuple[dict[int, File], list[bytes]]:
        """The files that the user may read, by their places, and the frames of all others."""
        by_folder: dict[FolderPath, list[_Wanted]] = defaultdict(list)
        for index, path in wanted:
            by_folder[path[:-1]].append((index, path))
        files: dict[int, File] = {}
        frames: list[bytes] = []
        for path, inside in by_folder.items():
            found = await self._files_in(path, [names[-1] for _, names in inside], user)
            for index, names in inside:
                file = found.get(names[-1])
                if file is None:
                    frames.append(_refusal(index, NoSuchFile()))
                elif may_read(file, user):
                    files[index] = file
                else:
                    frames.append(_refusal(index, AccessDenied()))
        return files, frames

    async def _files_in(
        self, path: FolderPath, names: Sequence[str], user: User
    ) -> dict[str, File]:
        folder = await self._catalog.folder_at(path)
        if folder is None:
            return {}
        files = await self._catalog.files_in(folder.id, names, viewer_id=user.id)
        return {file.name: file for file in files}

    async def _located(self, files: dict[int, File]) -> tuple[list[StreamedFile], list[bytes]]:
        """Where the content of files lies, and the frames of those that are not read."""
        ids = {file.object_id for file in files.values() if file.size}
        chunks = await self._catalog.single_chunks(ids)
        by_object = {
            content.id: (content.hash, expected_chunk(content_of(content), location))
            for content, location in chunks
        }
        found: list[StreamedFile] = []
        frames: list[bytes] = []
        for index, file in files.items():
            if file.object_id in by_object:
                content_hash, chunk = by_object[file.object_id]
                found.append(
                    StreamedFile(
                        index=index,
                        hash=content_hash,
                        modified_at=file.last_modified,
                        chunk=chunk,
                    )
                )
            elif file.size:
                frames.append(_refusal(index, FileTooLong()))
            else:
                header = FileHeader(index=index, modified_at=file.last_modified)
                frames.append(frame_head(header))
        return found, frames


def _paths(body: dict[str, object], login: Login) -> list[FolderPath]:
    """The files that are asked for. Raises `InvalidRequest`, `ScopeRefusal`."""
    files = body.get("files")
    if not isinstance(files, list) or not 1 <= len(files) <= MOST_FILES:
        raise InvalidRequest(f"files must be a list of 1 to {MOST_FILES} paths")
    paths = []
    for text in files:
        path = parsed("files", text, parse_path) if isinstance(text, str) else ()
        if not path:
            raise InvalidRequest("each of files must be the path of a file")
        folder, name = login.placed_file(path[:-1], path[-1])
        paths.append((*folder, name))
    return paths


def _refusal(index: int, error: ManagerError) -> bytes:
    return refusal_frame(index, error.code, public_text(error))


async def _each_of(batches: Sequence[FileBatch]) -> AsyncGenerator[FileBatch, None]:
    for batch in batches:
        yield batch
