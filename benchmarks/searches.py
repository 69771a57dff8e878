"""Searching a catalog with a million files, on SQLite and on Supabase: wall and CPU time of a page.

The names are those of cameras, offices and programs; a tenth of the contents has words. One user owns a
file of a hundred, and one folder of a thousand holds videos.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.harness import Options, Suite, verdict
from catalog.port import Catalog
from catalog.search_port import SearchQuery
from catalog.sqlite.adapter import SqliteCatalog
from catalog.sqlite.database import Database
from catalog.sqlite.schema import known_migrations, upgrade
from catalog.supabase.adapter import SupabaseCatalog
from local_supabase.database import LocalDatabase
from local_supabase.stack import LocalSupabase, running_supabase

FILES: Final = 1_000_000
FOLDERS: Final = 1000
PAGE: Final = 50
REPEATS: Final = 15
TARGET_MS: Final = 50.0

_SUBJECTS: Final = [
    "report",
    "invoice",
    "holiday",
    "summer",
    "winter",
    "berlin",
    "paris",
    "meeting",
    "notes",
    "draft",
    "budget",
    "plan",
    "family",
    "garden",
    "kitchen",
    "project",
    "contract",
    "letter",
    "scan",
    "music",
    "album",
    "recipe",
    "house",
    "school",
    "travel",
    "insurance",
]
_TYPES: Final = ("image/jpeg", "application/pdf", "text/plain", "application/octet-stream")


@dataclass(frozen=True, slots=True)
class _MadeFile:
    """One file of the catalog that is searched."""

    number: int

    @property
    def shuffled(self) -> int:
        """A number below 2^24 for each below 2^24, in no order."""
        return self.number * 7_654_321 % 2**24

    @property
    def folder_id(self) -> int:
        """Folders are numbered from 1 on."""
        return 1 + self.number % FOLDERS

    @property
    def size(self) -> int:
        """One of 65 536 has more than a gibibyte."""
        return self.shuffled + (2**30 if self.shuffled % 65_536 == 0 else 0)

    @property
    def changed_at(self) -> float:
        """One a second, in the order of their numbers."""
        return float(self.number)

    @property
    def object_id(self) -> bytes:
        """Each has a content of its own."""
        return self.number.to_bytes(16)

    @property
    def owner_id(self) -> int:
        """One user has a file of a hundred."""
        return 2 if self.shuffled % 100 == 0 else 1

    @property
    def name(self) -> str:
        """Half of them are a camera's."""
        first = _SUBJECTS[self.shuffled % len(_SUBJECTS)]
        second = _SUBJECTS[self.shuffled // 64 % len(_SUBJECTS)]
        match self.number % 10:
            case 0 | 1 | 2 | 3 | 4:
                return f"IMG_{self.number:07}.jpg"
            case 5 | 6:
                return f"{first} {second} {self.number}.pdf"
            case 7 | 8:
                return f"{second}-{first}-{self.number}.txt"
        return f"{self.shuffled * 2**40 + self.number:020x}.bin"

    @property
    def mime_type(self) -> str:
        """By the name; videos are in one folder."""
        if self.folder_id == FOLDERS:
            return "video/mp4"
        return _TYPES[(0, 0, 0, 0, 0, 1, 1, 2, 2, 3)[self.number % 10]]

    @property
    def words(self) -> str | None:
        """Of a tenth of the contents."""
        if self.number % 10 != 5:
            return None
        words = {_SUBJECTS[self.shuffled // 7**power % len(_SUBJECTS)] for power in range(12)}
        return " ".join(sorted({*words, f"number{self.number}", "the"}))


_USERS: Final = ((1, "ann"), (2, "bob"))
QUERIES: Final = {
    "as one types: i": SearchQuery(text="i"),
    "as one types: im": SearchQuery(text="im"),
    "as one types: img": SearchQuery(text="img"),
    "one letter that no name has": SearchQuery(text="q"),
    "two letters that old names alone have": SearchQuery(text="ld"),
    "two and one that few names have": SearchQuery(text="er 77 x"),
    "half of all names, one camera number": SearchQuery(text="img_0004321"),
    "part of many names": SearchQuery(text="oliday"),
    "two words": SearchQuery(text="holiday paris"),
    "part of few names": SearchQuery(text="4321.p"),
    "no name": SearchQuery(text="nothing like that"),
    "the whole name": SearchQuery(text="folder 77"),
    "a word of few texts": SearchQuery(text="number765435"),
    "a word of many texts": SearchQuery(text="the"),
    "words of some texts": SearchQuery(text="berlin recipe school"),
    "of a rare type": SearchQuery(types=("video/*",)),
    "of a usual type, part of the name": SearchQuery(text="house", types=("application/pdf",)),
    "larger than any but few": SearchQuery(min_size=2**30),
    "of an owner with few files": SearchQuery(text="img", owner_id=2),
    "changed in a certain hour": SearchQuery(changed_from=36_000.0, changed_before=39_600.0),
    "in a folder of a thousand": SearchQuery(text="img", below=9),
    "everything, the last changed first": SearchQuery(),
}


async def _run(options: Options) -> str:
    repeats = max(REPEATS, options.rounds)
    columns: dict[str, dict[str, _Figure]] = {}
    async with _sqlite_with_files() as catalog:
        columns["SQLite"] = await _measured(catalog, repeats)
    with running_supabase(durable=True) as supabase:
        async with _supabase_with_files(supabase) as catalog:
            columns["Supabase"] = await _measured(catalog, repeats)
    return _report(columns)


@dataclass(frozen=True, slots=True)
class _Figure:
    """Milliseconds of one search: the median, the slowest, CPU of this process; and how much it found."""

    median_ms: float
    slowest_ms: float
    cpu_ms: float
    hits: int


async def _measured(catalog: Catalog, repeats: int) -> dict[str, _Figure]:
    return {name: await _timed(catalog, query, repeats) for name, query in QUERIES.items()}


async def _timed(catalog: Catalog, query: SearchQuery, repeats: int) -> _Figure:
    """The first one, for which pages come off the disk, is not counted."""
    hits = len((await catalog.search(query, viewer_id=1, limit=PAGE)).hits)
    taken_ms = []
    cpu_s = time.process_time()
    for _ in range(repeats):
        began_at = time.perf_counter()
        await catalog.search(query, viewer_id=1, limit=PAGE)
        taken_ms.append((time.perf_counter() - began_at) * 1000)
    cpu_ms = (time.process_time() - cpu_s) / repeats * 1000
    return _Figure(median(taken_ms), max(taken_ms), cpu_ms, hits)


def _report(columns: dict[str, dict[str, _Figure]]) -> str:
    lines = [
        f"Searching {FILES:,} files, {PAGE} a page: milliseconds, median and slowest,",
        "and CPU of this process (for Supabase without that of PostgREST and PostgreSQL)",
        "",
        f"{'':40}{'hits':>6}" + "".join(f"{name:>12}{'slowest':>9}{'CPU':>7}" for name in columns),
    ]
    for query in QUERIES:
        figures = [column[query] for column in columns.values()]
        values = "".join(
            f"{each.median_ms:>12.1f}{each.slowest_ms:>9.1f}{each.cpu_ms:>7.1f}" for each in figures
        )
        lines.append(f"{query:40}{figures[0].hits:>6}{values}")
    slowest = max(each.median_ms for column in columns.values() for each in column.values())
    target = f"every search within {TARGET_MS:.0f} ms"
    return "\n".join([*lines, "", verdict(target, reached=slowest <= TARGET_MS)])


@asynccontextmanager
async def _sqlite_with_files() -> AsyncIterator[Catalog]:
    """Files of before there were searches: the migration indexes them faster than triggers would."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.sqlite"
        known = known_migrations()
        before = known[: [each.name for each in known].index("search")]
        async with Database.open(path) as database:
            await upgrade(database, time.time, before)
        _fill_sqlite(path)
        async with SqliteCatalog.open(path) as catalog:
            await asyncio.to_thread(_put_texts_into_sqlite, path)
            yield catalog


def _fill_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO users (id, name, is_admin, password_hash, created_at) VALUES (?, ?, 1, '', 0)",
            _USERS,
        )
        connection.executemany(
            "INSERT INTO folders (id, parent_id, name) VALUES (?, 0, ?)",
            ((number, f"folder {number}") for number in range(1, FOLDERS + 1)),
        )
        connection.executemany(
            "INSERT INTO objects (id, size, chunk_size, chunk_count, envelope, state, mime_type, hash,"
            " created_at) VALUES (?, ?, 1000, 1, 'v1', 'stored', ?, 'ab', 0)",
            ((each.object_id, each.size, each.mime_type) for each in _files()),
        )
        connection.executemany(
            "INSERT INTO files (id, folder_id, name, object_id, owner_id, is_public, size, created_at,"
            " updated_at) VALUES (?, ?, ?, ?, ?, 0, ?, 0, ?)",
            (
                (
                    each.number,
                    each.folder_id,
                    each.name,
                    each.object_id,
                    each.owner_id,
                    each.size,
                    each.changed_at,
                )
                for each in _files()
            ),
        )
        connection.execute(
            "INSERT INTO folder_usage (folder_id, mime_type, bytes, files) SELECT 0, mime_type, sum(size),"
            " count(*) FROM objects GROUP BY 2"
        )


def _put_texts_into_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO object_texts (object_id, words) VALUES (?, ?)",
            ((each.object_id, each.words) for each in _files() if each.words),
        )


@asynccontextmanager
async def _supabase_with_files(supabase: LocalSupabase) -> AsyncIterator[Catalog]:
    await asyncio.to_thread(_fill_supabase, supabase.database)
    async with SupabaseCatalog.open(supabase.url, supabase.service_key) as catalog:
        yield catalog


def _fill_supabase(database: LocalDatabase) -> None:
    tables: dict[str, Iterator[tuple[object, ...]]] = {
        "users (id, name, is_admin, password_hash, created_at)": (
            (number, name, "t", "", 0) for number, name in _USERS
        ),
        "folders (id, parent_id, name)": (
            (number, 0, f"folder {number}") for number in range(1, FOLDERS + 1)
        ),
        "objects (id, size, mime_type, chunk_size, chunk_count, envelope, state, hash, created_at)": (
            (each.object_id.hex(), each.size, each.mime_type, 1000, 1, "v1", "stored", "ab", 0)
            for each in _files()
        ),
        "files (id, folder_id, name, object_id, owner_id, is_public, size, created_at, updated_at,"
        " modified_at)": (
            (
                each.number,
                each.folder_id,
                each.name,
                each.object_id.hex(),
                each.owner_id,
                "f",
                each.size,
                0,
                each.changed_at,
                each.changed_at,
            )
            for each in _files()
        ),
        "object_texts (object_id, words)": (
            (each.object_id.hex(), each.words) for each in _files() if each.words
        ),
    }
    for table, rows in tables.items():
        copied = database.folder / "table"
        with copied.open("w") as file:
            file.writelines("\t".join(map(str, row)) + "\n" for row in rows)
        copied.chmod(0o644)
        # Without triggers: they would update the same rows once per file.
        database.query(
            f"set session_replication_role = 'replica'; copy public.{table} from '{copied}'"
        )
        copied.unlink()
    database.query(
        "insert into public.folder_usage (folder_id, mime_type, bytes, files) select 0, mime_type,"
        " sum(size), count(*) from public.objects group by 2"
    )
    database.query("select catalog_private.fill_search()")
    database.query("vacuum analyze")  # as the database does itself after a while


def _files() -> Iterator[_MadeFile]:
    return map(_MadeFile, range(1, FILES + 1))


SEARCHES = Suite("searches", "searches among a million files on SQLite and Supabase", _run)
