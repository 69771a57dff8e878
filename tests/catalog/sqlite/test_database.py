"""Transactions, bad days and closing."""

import asyncio
import sqlite3
from contextlib import closing
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from catalog.errors import (
    CatalogError,
    CatalogFaulty,
    CatalogFull,
    CatalogReadOnly,
    CatalogUnavailable,
)
from catalog.sqlite.adapter import SqliteCatalog
from catalog.sqlite.connections import Session
from catalog.sqlite.database import READERS, Database
from catalog.sqlite.schema import upgrade
from common.tasks import cancel_and_wait, settled
from tests.catalog.sqlite.transactions import ADD_FOLDER, open_transaction


async def test_settings_of_connections(database):
    """Commits are durable (WAL, FULL), foreign keys are enforced."""
    names = ("journal_mode", "synchronous", "foreign_keys")
    settings = await database.write(
        lambda session: [session.row(f"PRAGMA {name}")[0] for name in names]
    )
    assert settings == ["wal", 2, 1]


async def test_big_deletions_stay_in_memory(database):
    """A long transaction keeps more pages than the writer may hold for good, also after a failure."""

    def cache_size(session: Session) -> int:
        row = session.row("PRAGMA cache_size")
        assert row is not None
        return int(row[0])

    def fail(session: Session) -> None:
        raise KeyError

    assert await database.write(cache_size) == -16 * 1024
    assert await database.write(cache_size, is_long=True) == -64 * 1024
    with pytest.raises(KeyError):
        await database.write(fail, is_long=True)
    assert await database.write(cache_size) == -16 * 1024


async def test_readers_cannot_write(database):
    """A statement that writes is refused on a reader."""
    with pytest.raises(CatalogUnavailable):
        await database.read(lambda session: session.run("DELETE FROM users"))


async def test_listings_do_not_wait_for_a_write(database, catalog):
    """While a transaction is open, reads go on and see the state before it."""
    async with open_transaction(database, ADD_FOLDER):
        assert await catalog.list_folders(0, offset=0, limit=9) == []
    assert len(await catalog.list_folders(0, offset=0, limit=9)) == 1


async def test_more_readers_than_connections(catalog):
    """Any number of simultaneous reads is served."""
    answers = await asyncio.gather(*(catalog.folder_at(()) for _ in range(20)))
    assert len(set(answers)) == 1


async def test_errors_roll_back(database, catalog):
    """What a failed transaction wrote is gone, and the next one works."""

    def fail_halfway(session: Session) -> None:
        session.run(ADD_FOLDER)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await database.write(fail_halfway)
    assert await catalog.folder_at(("a",)) is None
    assert (await catalog.make_folders(("a",))).created


async def test_a_caller_that_is_cancelled_waits_for_its_transaction(database, catalog):
    """What has begun is over, as a whole, when the cancelled caller goes on."""
    async with open_transaction(database, ADD_FOLDER) as task:
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
    assert task.cancelled()
    assert await catalog.folder_at(("a",)) is not None


async def test_cancelling_who_waits_for_the_writer(database, catalog):
    """A caller that is cancelled while it waits its turn changes nothing, and disturbs nobody."""
    async with open_transaction(database):
        first = asyncio.create_task(catalog.make_folders(("a",)))
        second = asyncio.create_task(catalog.make_folders(("b",)))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    assert (await second).created
    assert await catalog.folder_at(("a",)) is None


async def test_cancelling_a_snapshot_leaves_no_reader_behind(database, catalog):
    """Whenever snapshots are cancelled, those who read afterwards see what is written then."""
    for steps in range(8):
        tasks = [
            asyncio.create_task(database.snapshot(lambda session: session.rows("SELECT 1")))
            for _ in range(2 * READERS)
        ]
        for _ in range(steps):
            await asyncio.sleep(0)
        await cancel_and_wait(*tasks)
        made = (await catalog.make_folders((f"{steps}",))).folder
        readings = [catalog.folder_at((f"{steps}",)) for _ in range(2 * READERS)]
        assert await asyncio.gather(*readings) == [made] * len(readings)


async def test_content_is_found_while_its_folders_are_deleted(catalog, uploads):
    """Where content lies is told as of one moment, however many folders go meanwhile."""
    object_id = await uploads.store()
    for number in range(100):
        committed = await uploads.commit(object_id, (f"{number}",), f"{number}")
        await catalog.hold(uploads.reference(object_id))
        deleting = asyncio.create_task(catalog.delete_folder(committed.file.folder_id))
        while not deleting.done():
            for place in await catalog.files_of(object_id):
                assert place.folder == (f"{number}",)
        await deleting


async def test_settled_finishes_before_it_passes_cancellation_on():
    """Work that has begun is over when the cancelled caller continues, however often cancelled."""
    begun, may_end, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        done.append(True)

    task = asyncio.create_task(settled(work()))
    await begun.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [True]


async def test_full_disk(database, catalog, uploads):
    """A full disk is reported as such, nothing is half written, and reading goes on."""
    await catalog.make_folders(("before",))
    ((pages,),) = await database.write(lambda session: session.rows("PRAGMA page_count"))
    await database.write(lambda session: session.run(f"PRAGMA max_page_count = {pages}"))

    async def fill() -> None:
        for _ in range(1000):
            await uploads.put(("a", "b"), str(uuid4()))

    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(CatalogFull, match="make room"):
                await fill()
    assert [(line["event"], line["reason"]) for line in lines] == [
        ("database-fault", "the disk of the database is full: make room on it")
    ]
    counts = await catalog.counts(0)
    folder = await catalog.folder_at(("a", "b"))
    files = 0 if folder is None else (await catalog.counts(folder.id)).files
    assert (await catalog.usage_by_type(0)).get("text/plain", 0) == 5 * files
    assert counts.subfolders >= 1
    await database.write(lambda session: session.run("PRAGMA max_page_count = 1000000"))
    assert await uploads.put(("a", "b"), "after")


async def test_read_only_database(database, catalog):
    """A database that takes no writes is told from one that is busy, and reading goes on."""
    await database.write(lambda session: session.run("PRAGMA query_only = ON"))
    with pytest.raises(CatalogReadOnly, match="check the rights"):
        await catalog.make_folders(("a",))
    assert await catalog.folder_at(("a",)) is None


async def test_damaged_file(path, clock):
    """What cannot be read because of damage is told at once, and logged once with what to do."""
    async with Database.open(path) as database:
        await upgrade(database, clock)
        ((size,),) = await database.read(lambda session: session.rows("PRAGMA page_size"))
        roots = await database.read(
            lambda session: session.rows("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0")
        )
    with path.open("r+b") as file:
        for (root,) in roots:
            file.seek((root - 1) * size)
            file.write(b"\xff" * size)
    with capture_logs() as lines:
        async with Database.open(path) as database:
            for _ in range(2):
                with pytest.raises(CatalogFaulty, match="backup"):
                    await SqliteCatalog(database, clock).folder_at(("a",))
    assert [line["event"] for line in lines] == ["database-fault"]


async def test_lock_of_another_process(path, catalog):
    """While another process writes, writes fail after the timeout and reads go on."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CatalogUnavailable, match="locked"):
            await catalog.make_folders(("a",))
        with pytest.raises(CatalogUnavailable):
            await catalog.check_writes()
        assert await catalog.folder_at(()) is not None
        other.execute("ROLLBACK")
    await catalog.check_writes()


async def test_closed_catalog(path, clock):
    """A closed catalog reports every call as unavailable, and closing leaves one file behind."""
    async with SqliteCatalog.open(path, clock=clock) as catalog:
        await catalog.make_folders(("a",))
    for call in (catalog.check_writes(), catalog.make_folders(("b",)), catalog.folder_at(())):
        with pytest.raises(CatalogUnavailable):
            await call
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


async def test_closing_waits_for_a_write(path, clock):
    """A write that has begun when the catalog closes is finished."""
    async with SqliteCatalog.open(path, clock=clock) as catalog:
        write = asyncio.create_task(catalog.make_folders(("a", "b")))
        await asyncio.sleep(0)
    assert len((await write).created) == 2


async def test_only_the_owner_may_read(path, catalog):
    """The file holds password hashes, so nobody else may read it."""
    await catalog.check_writes()
    modes = {entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()}
    assert modes == {0o600}


async def test_no_such_folder(tmp_path):
    """A path that cannot be opened is named."""
    with pytest.raises(CatalogUnavailable, match="nowhere"):
        async with SqliteCatalog.open(tmp_path / "nowhere" / "catalog.sqlite"):
            pass


async def test_too_old_sqlite(path, monkeypatch):
    """A SQLite library without what the schema needs is named before anything is made."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(CatalogUnavailable, match=r"3\.38 is needed"):
        async with SqliteCatalog.open(path):
            pass
    assert not path.exists()


async def test_not_a_database(path):
    """A file that is no database is refused and left alone."""
    path.write_bytes(b"something else entirely" * 100)
    before = path.read_bytes()
    with pytest.raises(CatalogUnavailable):
        async with SqliteCatalog.open(path):
            pass
    assert path.read_bytes() == before


async def test_two_managers_on_one_file(path, clock):
    """Two open catalogs on one file see each other's writes, and neither loses any."""
    async with (
        SqliteCatalog.open(path, clock=clock) as one,
        SqliteCatalog.open(path, clock=clock) as two,
    ):
        await asyncio.gather(
            *(each.make_folders((f"{n}",)) for n in range(10) for each in (one, two))
        )
        assert (await one.counts(0)).subfolders == 10
        assert await one.counts(0) == await two.counts(0)


async def test_cancelled_opening_leaves_nothing_running(path, clock):
    """Opening can be cancelled at any point, and works afterwards."""

    async def open_and_stay() -> None:
        async with SqliteCatalog.open(path, clock=clock):
            await asyncio.Event().wait()

    for steps in range(0, 60, 5):
        task = asyncio.create_task(open_and_stay())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with SqliteCatalog.open(path, clock=clock) as catalog:
        await catalog.check_writes()


async def test_hashes_stay_out_of_logs_and_reprs(catalog, caplog):
    """A password hash is in no log, not even at debug level, and in no representation."""
    caplog.set_level("DEBUG")
    user = await catalog.create_user("ann", "secret hash")
    assert "secret" not in caplog.text
    assert "secret" not in repr(user)


def test_errors_are_of_one_family():
    """What is raised has the catalog's base and a stable code of its own."""
    errors = CatalogError.__subclasses__()
    codes = {error.code for error in errors}
    assert len(codes) == len(errors)
