"""Searches of clients, and what keeps the index of texts complete.

A user has one search at a time, however many connections: the others wait, and of one connection only
the newest of them is done.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol
from weakref import WeakValueDictionary

from catalog.errors import SearchTooLong
from catalog.port import FolderStore
from catalog.records import File
from catalog.search_port import (
    SearchHit,
    SearchPosition,
    SearchQuery,
    SearchRank,
    SearchStore,
)
from manager.connections.clients import ClientRequest, ClientSession
from manager.connections.dispatch import PacketTable
from manager.errors import InvalidRequest, NoSuchFolder, SearchEnded, SearchOvertaken
from manager.files.conversion import folder_handle, listed_file_handle
from protocol import c2s, s2c
from protocol.timestamps import parse_timestamp
from protocol.values import PAGE_SIZE, format_path, parse_path

SEARCHES_AT_ONCE: Final = 4
"""Of all users together."""
_INDEXED_AT_ONCE: Final = 100
_CURSOR: Final = re.compile(
    r"(?P<rank>[0-3]):(?P<changed_at>-?0x[01]\.[0-9a-f]{1,13}p[+-]\d{1,4}):(?P<id>\d{1,18})"
)


async def index_older_texts(catalog: SearchStore) -> None:
    """Indexes what processing had found before it was searched, or before an import, and returns."""
    while await catalog.index_texts(limit=_INDEXED_AT_ONCE):
        pass


class SearchedCatalog(SearchStore, FolderStore, Protocol):
    """What is searched, and folders to search in."""


class SearchHandlers:
    """The handler of searches."""

    def __init__(self, catalog: SearchedCatalog) -> None:
        self._catalog = catalog
        self._free = asyncio.Semaphore(SEARCHES_AT_ONCE)
        self._of_users: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._newest: dict[str, object] = {}

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.SearchRequest: self.search}

    async def search(self, request: ClientRequest, packet: c2s.SearchRequest) -> s2c.SearchResults:
        """A page of what the user may find.

        Raises `InvalidRequest`, `NoSuchFolder`, `SearchOvertaken`, `SearchEnded`.
        """
        client = request.client
        query = await self._query(client, packet)
        after = None if packet.after is None else _position_of(packet.after)
        limit = min(packet.limit or PAGE_SIZE, PAGE_SIZE)
        turn = self._of_users.setdefault(client.user.id, asyncio.Lock())
        with self._newest_of(client) as is_newest:
            async with turn, self._free:
                if not is_newest():
                    raise SearchOvertaken
                try:
                    page = await self._catalog.search(
                        query, viewer_id=client.user.id, after=after, limit=limit
                    )
                except SearchTooLong as error:
                    raise SearchEnded from error
        return s2c.SearchResults(
            results=tuple(
                result for hit in page.hits if (result := _result(client, hit)) is not None
            ),
            next=None if page.next is None else _cursor_of(page.next),
        )

    @contextmanager
    def _newest_of(self, client: ClientSession) -> Iterator[Callable[[], bool]]:
        """While a search waits and is done: tells whether it is the newest of its connection."""
        this = object()
        self._newest[client.id] = this
        try:
            yield lambda: self._newest.get(client.id) is this
        finally:
            if self._newest.get(client.id) is this:
                del self._newest[client.id]

    async def _query(self, client: ClientSession, packet: c2s.SearchRequest) -> SearchQuery:
        below = await self._below(client, packet.path)
        try:
            return SearchQuery(
                text=packet.text or "",
                files=packet.entries != "subfolders",
                folders=packet.entries != "files",
                types=packet.types or (),
                min_size=packet.min_size,
                max_size=packet.max_size,
                changed_from=_seconds(packet.changed_from),
                changed_before=_seconds(packet.changed_before),
                owner_id=packet.owner_id,
                below=below,
            )
        except (ValueError, OverflowError) as error:
            raise InvalidRequest(str(error)) from error

    async def _below(self, client: ClientSession, path: str | None) -> int | None:
        """The folder that is searched. A login that is confined to one searches it at most."""
        if path is not None:
            folder = await self._catalog.folder_at(parse_path(path))
            if folder is None:
                raise NoSuchFolder
            return folder.id
        scope = client.login.scope.folder
        return None if scope is None else scope.id


def _result(client: ClientSession, hit: SearchHit) -> s2c.SearchResult | None:
    """What was found, where the user sees it; None for a folder that the user sees as none."""
    login, match = client.login, _MATCHES[hit.rank]
    if isinstance(hit.entry, File):
        folder, file = login.view.shown_file(hit.folder, hit.entry)
        handle = listed_file_handle(file, login.user.id, with_times=client.receives_times)
        return s2c.SearchResult(path=format_path(folder), match=match, file=handle, folder=None)
    shown = login.view.shown_as(hit.folder, hit.entry)
    if shown is None:
        return None
    path, seen = shown
    return s2c.SearchResult(
        path=format_path(path), match=match, file=None, folder=folder_handle(seen)
    )


_MATCHES: Final[dict[SearchRank, s2c.SearchMatch]] = {
    SearchRank.NAME: "name",
    SearchRank.PREFIX: "prefix",
    SearchRank.PART: "part",
    SearchRank.TEXT: "text",
}


def _seconds(timestamp: str | None) -> float | None:
    """Seconds since the epoch; None for None. Raises `ValueError`, `OverflowError`."""
    return None if timestamp is None else parse_timestamp(timestamp)


def _cursor_of(position: SearchPosition) -> str:
    return f"{int(position.rank)}:{position.changed_at.hex()}:{position.entry_id}"


def _position_of(cursor: str) -> SearchPosition:
    """Raises `InvalidRequest`."""
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidRequest("after: must be `next` of an answer to the same search")
    return SearchPosition(
        rank=SearchRank(int(match["rank"])),
        changed_at=float.fromhex(match["changed_at"]),
        entry_id=int(match["id"]),
    )
