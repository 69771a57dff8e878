"""The catalog itself on SQLite and on Supabase, side by side: single calls, and many writers.

Supabase is the local one: the same PostgreSQL and PostgREST, durable, without a network in between.
A hosted one adds its round trip to each call.
"""

import asyncio
import os
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypedDict
from uuid import UUID, uuid4

from benchmarks.filling import MIME_TYPE, fill_supabase_with_files, fill_with_files
from benchmarks.harness import Options, Suite
from benchmarks.process_figures import ServerProcess
from catalog.port import Catalog, FailOnConflict, UploadCommit
from catalog.records import (
    Chunk,
    ChunkLocation,
    EnvelopeKind,
    File,
    FileOrder,
    Message,
    ObjectState,
    Reference,
    StoredObject,
)
from catalog.sqlite.adapter import SqliteCatalog
from catalog.supabase.adapter import SupabaseCatalog
from local_supabase.stack import LocalSupabase, running_supabase
from protocol.values import PAGE_SIZE


class _Listed(TypedDict):
    order: FileOrder
    ascending: bool


Call = Callable[[], Awaitable[object]]

SIZES = (1_000, 100_000)
REPEATS = 60
WRITERS = {1: 200, 8: 400, 64: 960}
"""How many uploads so many writers make together."""
WRITES = 3
"""Write transactions of an upload: begun, stored, committed."""
FOLDER = ("files",)
SIZE = 5


@dataclass(frozen=True, slots=True)
class _Throughput:
    """What uploads by many writers took: uploads a second, CPU of this process, its peak memory."""

    uploads_per_s: float
    cpu_ms: float
    peak_rss_mib: float


async def _run(options: Options) -> str:
    repeats = max(REPEATS, options.rounds)
    columns: dict[str, dict[str, float]] = {}
    throughput: dict[tuple[str, int], _Throughput] = {}
    with running_supabase(durable=True) as supabase:
        for size in SIZES:
            async with _sqlite_with(size) as catalog:
                columns[f"SQLite {size:,}"] = await _measured(catalog, repeats)
            async with _supabase_with(supabase, size) as catalog:
                columns[f"Supabase {size:,}"] = await _measured(catalog, repeats)
        for writers in WRITERS:
            async with _sqlite_with(SIZES[0]) as catalog:
                throughput["SQLite", writers] = await _written(catalog, writers)
            async with _supabase_with(supabase, SIZES[0]) as catalog:
                throughput["Supabase", writers] = await _written(catalog, writers)
    return _report(columns) + "\n\n" + _throughput_report(throughput)


@asynccontextmanager
async def _sqlite_with(size: int) -> AsyncIterator[Catalog]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.sqlite"
        async with SqliteCatalog.open(path) as catalog:
            await catalog.create_first_user("ann", "hash")
        fill_with_files(path, FOLDER[0], size)
        async with SqliteCatalog.open(path) as catalog:
            yield catalog


@asynccontextmanager
async def _supabase_with(supabase: LocalSupabase, size: int) -> AsyncIterator[Catalog]:
    supabase.empty()
    async with SupabaseCatalog.open(supabase.url, supabase.service_key) as catalog:
        await catalog.create_first_user("ann", "hash")
        fill_supabase_with_files(supabase.database, FOLDER[0], size)
        supabase.database.query("vacuum analyze")  # as the database does itself after a while
        yield catalog


async def _measured(catalog: Catalog, repeats: int) -> dict[str, float]:
    """Medians in milliseconds, by operation."""
    folder = await catalog.folder_at(FOLDER)
    assert folder is not None
    count = (await catalog.counts(folder.id)).files
    [known, *_] = await _page(catalog, folder.id, 0)
    [*_, last] = await _page(catalog, folder.id, count - PAGE_SIZE)
    by_name: _Listed = {"order": FileOrder.NAME, "ascending": True}
    by_size: _Listed = {"order": FileOrder.SIZE, "ascending": True}
    steps = _Uploads(catalog)
    return {
        "enter a message": await _timed_after(steps.add_message, repeats),
        "commit an upload": await _timed_after(steps.commit, repeats),
        "look a file up by path": await _timed(
            lambda: catalog.file_at(FOLDER, known.name), repeats
        ),
        "look a user up": await _timed(lambda: catalog.user_by_id(1), repeats),
        "first page by name": await _timed(lambda: _page(catalog, folder.id, 0), repeats),
        "last page by name": await _timed(
            lambda: _page(catalog, folder.id, count - PAGE_SIZE), repeats
        ),
        "first page by size": await _timed(
            lambda: _page(catalog, folder.id, 0, FileOrder.SIZE), repeats
        ),
        "find a name": await _timed(
            lambda: catalog.file_position(folder.id, known.name, is_prefix=False, **by_name),
            repeats,
        ),
        "find no name": await _timed(
            lambda: catalog.file_position(folder.id, "zz", is_prefix=True, **by_name), repeats
        ),
        "find the last name": await _timed(
            lambda: catalog.file_position(folder.id, last.name.upper(), is_prefix=True, **by_name),
            repeats,
        ),
        "find it by size": await _timed(
            lambda: catalog.file_position(folder.id, last.name.upper(), is_prefix=True, **by_size),
            repeats,
        ),
        "size of everything": await _timed(lambda: catalog.usage_by_type(0), repeats),
    }


async def _page(
    catalog: Catalog, folder_id: int, offset: int, order: FileOrder = FileOrder.NAME
) -> list[File]:
    files = await catalog.list_files(
        folder_id, viewer_id=1, order=order, ascending=True, offset=offset, limit=PAGE_SIZE
    )
    assert len(files) == PAGE_SIZE
    return files


class _Uploads:
    """Uploads of one chunk; each step is done for one upload after the other."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._stored: deque[UUID] = deque()

    async def add_message(self) -> Call:
        """Prepares the chunk of a new upload."""
        draft = StoredObject(
            id=uuid4(),
            size=SIZE,
            chunk_size=SIZE,
            chunk_count=1,
            envelope=EnvelopeKind.V1,
            state=ObjectState.UPLOADING,
            mime_type="",
            hash="",
            created_at=time.time(),
        )
        hold = Reference(object_id=draft.id, service="upload", key="k", expires_at=None)
        await self._catalog.begin_objects([draft], [hold])
        self._stored.append(draft.id)
        location = _location(draft.id)
        return lambda: self._catalog.add_message(location.message, [location.chunk])

    async def commit(self) -> Call:
        """Prepares the commit of an upload that is complete."""
        upload = UploadCommit(
            object_id=self._stored.popleft(),
            mime_type=MIME_TYPE,
            hash_hex="ab",
            folder=FOLDER,
            name=str(uuid4()),
            owner_id=1,
            is_public=False,
            on_conflict=FailOnConflict(),
            hold=("upload", "k"),
        )
        return lambda: self._catalog.commit_upload(upload)

    async def whole(self) -> None:
        """Does all steps."""
        await (await self.add_message())()
        await (await self.commit())()


async def _written(catalog: Catalog, writers: int) -> _Throughput:
    """Has so many writers make uploads of one chunk, each of them one after the other."""
    number = WRITERS[writers]
    left = iter(range(number))
    this_process = ServerProcess(os.getpid())

    async def write() -> None:
        uploads = _Uploads(catalog)
        for _ in left:
            await uploads.whole()

    this_process.forget_peak()
    began_at, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.gather(*(write() for _ in range(writers)))
    return _Throughput(
        uploads_per_s=number / (time.perf_counter() - began_at),
        cpu_ms=(time.process_time() - cpu_s) / number * 1000,
        peak_rss_mib=this_process.peak_rss_mib(),
    )


def _throughput_report(figures: Mapping[tuple[str, int], _Throughput]) -> str:
    lines = [
        "Uploads of one chunk, three write transactions each; CPU and memory are of the process that calls",
        "",
        f"{'':26}{'uploads/s':>12}{'writes/s':>12}{'CPU ms':>12}{'peak RSS MiB':>14}",
    ]
    for (adapter, writers), figure in figures.items():
        lines.append(
            f"{f'{adapter}, writers: {writers}':26}{figure.uploads_per_s:>12.0f}"
            f"{WRITES * figure.uploads_per_s:>12.0f}{figure.cpu_ms:>12.2f}{figure.peak_rss_mib:>14.0f}"
        )
    return "\n".join(lines)


def _location(object_id: UUID) -> ChunkLocation:
    message = Message(id=object_id.int >> 66, channel_id=1, webhook_id=2, stored_size=SIZE)
    chunk = Chunk(
        object_id=object_id,
        index=0,
        message_id=message.id,
        attachment_id=None,
        offset=0,
        stored_size=SIZE,
        size=SIZE,
        digest=None,
    )
    return ChunkLocation(chunk=chunk, message=message)


async def _timed(call: Call, repeats: int) -> float:
    """The median of a call, in milliseconds."""

    async def prepare() -> Call:
        return call

    return await _timed_after(prepare, repeats)


async def _timed_after(prepare: Callable[[], Awaitable[Call]], repeats: int) -> float:
    """The median of calls that are prepared one by one, in milliseconds."""
    taken_ms = []
    for _ in range(repeats):
        call = await prepare()
        began_at = time.perf_counter()
        await call()
        taken_ms.append((time.perf_counter() - began_at) * 1000)
    return median(taken_ms)


def _report(columns: dict[str, dict[str, float]]) -> str:
    names = [f"{adapter} {size:,}" for adapter in ("SQLite", "Supabase") for size in SIZES]
    lines = [
        "The catalog: milliseconds of a call, by adapter and files in the folder; 100 files a page",
        "",
        f"{'':26}" + "".join(f"{name:>18}" for name in names),
    ]
    for operation in columns[names[0]]:
        values = "".join(f"{columns[name][operation]:>18.2f}" for name in names)
        lines.append(f"{operation:26}{values}")
    return "\n".join(lines)


CATALOGS = Suite("catalogs", "calls of the catalog on SQLite and Supabase", _run)
