"""Operations that share a transaction: each as if it were alone, and none answered before the commit."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import CatalogError, CatalogUnavailable, InvalidRecord
from catalog.port import FailOnConflict, FolderPath, OverwriteOnConflict, RenameOnConflict
from catalog.records import FileOrder
from catalog.sqlite.adapter import SqliteCatalog
from catalog.sqlite.connections import Session
from catalog.sqlite.database import Database
from catalog.sqlite.group_commit import LARGEST_GROUP
from tests.catalog.conftest import Clock, Uploads
from tests.catalog.sqlite.transactions import open_transaction
from tests.commits import commit_file
from tests.messages import enter_chunk

PATHS = st.sampled_from([(), ("a",), ("a", "b"), ("f",), ("f", "c")])
NAMES = st.sampled_from(["f", "a", "g.txt"])
CONFLICTS = st.sampled_from(
    [FailOnConflict(), RenameOnConflict(), OverwriteOnConflict(1), OverwriteOnConflict(2)]
)
COMMITS = st.tuples(
    st.just("commit"), st.integers(0, 4), PATHS, NAMES, CONFLICTS, st.sampled_from([None, 404])
)
OPERATIONS = st.one_of(
    COMMITS,
    COMMITS,
    st.tuples(st.just("make_folders"), PATHS),
    st.tuples(st.just("rename_file"), st.integers(1, 3), NAMES),
    st.tuples(st.just("delete_file"), st.integers(1, 3)),
    st.tuples(st.just("delete_folder"), st.integers(1, 3)),
    st.tuples(st.just("release"), st.integers(0, 4)),
    st.tuples(st.just("collect")),
    st.tuples(st.just("fail")),
)


def add_folder(name: str) -> Callable[[Session], None]:
    """An operation that makes a folder in the root."""
    return lambda session: session.run(
        "INSERT INTO folders (parent_id, name) VALUES (0, :name)", name=name
    )


async def begun(*calls: Awaitable[Any]) -> list[asyncio.Task[Any]]:
    """The calls, each as far as to where it waits for its turn."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    await asyncio.sleep(0)
    return tasks


async def folders(catalog: SqliteCatalog) -> list[str]:
    """What lies in the root."""
    return [each.folder.name for each in await catalog.list_folders(0, offset=0, limit=999)]


async def test_nothing_is_answered_before_the_shared_commit(database, catalog):
    """While one operation of a transaction runs, those before it are neither answered nor seen."""
    async with open_transaction(database):
        tasks = await begun(catalog.make_folders(("a",)), catalog.make_folders(("b",)))
        second = open_transaction(database)
        entering = asyncio.create_task(second.__aenter__())
        await asyncio.sleep(0)
    await entering
    assert not any(task.done() for task in tasks)
    assert await folders(catalog) == []
    await second.__aexit__(None, None, None)
    await asyncio.gather(*tasks)
    assert await folders(catalog) == ["a", "b"]


async def test_an_operation_that_fails_is_rolled_back_alone(database, catalog):
    """Those beside it in the transaction do not notice, whatever it has written."""

    def fail(session: Session) -> None:
        add_folder("x")(session)
        raise RuntimeError

    def fail_in_the_database(session: Session) -> None:
        add_folder("y")(session)
        add_folder("y")(session)

    async with open_transaction(database):
        tasks = await begun(
            database.write(add_folder("a")),
            database.write(fail),
            database.write(add_folder("b")),
            database.write(fail_in_the_database),
            database.write(add_folder("c")),
        )
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [type(None), RuntimeError, type(None), InvalidRecord, type(None)]
    assert await folders(catalog) == ["a", "b", "c"]


async def test_a_commit_that_fails_fails_all(database, catalog):
    """Nothing of the transaction is left, all are told, and the next one works."""

    def break_the_commit(session: Session) -> None:
        session.run("PRAGMA defer_foreign_keys = ON")
        session.run("INSERT INTO folders (parent_id, name) VALUES (99, 'x')")

    async with open_transaction(database):
        tasks = await begun(
            database.write(add_folder("a")),
            database.write(break_the_commit),
            database.write(add_folder("b")),
        )
    for task in tasks:
        with pytest.raises(InvalidRecord):
            await task
    assert await folders(catalog) == []
    assert (await catalog.make_folders(("a",))).created


async def test_a_transaction_that_the_database_ends_fails_all(database, catalog):
    """What was written before in the same transaction is gone, so it is not called done."""
    async with open_transaction(database):
        tasks = await begun(
            database.write(add_folder("a")),
            database.write(_end_the_transaction),
            database.write(add_folder("b")),
        )
    for task in tasks:
        with pytest.raises(CatalogUnavailable):
            await task
    assert await folders(catalog) == []
    assert (await catalog.make_folders(("a",))).created


def _end_the_transaction(session: Session) -> None:
    session.roll_back()
    raise CatalogUnavailable("as with a full disk")


async def test_a_group_is_bounded(database, catalog):
    """However many wait, so many are answered before the next one runs."""
    async with open_transaction(database):
        tasks = await begun(
            *(database.write(add_folder(f"{number:03}")) for number in range(LARGEST_GROUP))
        )
        last = open_transaction(database)
        entering = asyncio.create_task(last.__aenter__())
        await asyncio.sleep(0)
    await entering
    assert all(task.done() for task in tasks)
    await last.__aexit__(None, None, None)


async def test_nobody_waits_for_the_commit_of_a_long_operation(database, catalog):
    """It has a transaction of its own: those before it are answered before it begins."""
    async with open_transaction(database):
        tasks = await begun(
            database.write(add_folder("a")),
            database.write(_fail_late, is_long=True),
            database.write(add_folder("b")),
        )
    with pytest.raises(RuntimeError, match="b is not there"):
        await tasks[1]
    assert tasks[0].done()
    await tasks[2]
    assert await folders(catalog) == ["a", "b"]


def _fail_late(session: Session) -> None:
    names = [row["name"] for row in session.rows("SELECT name FROM folders WHERE id > 0")]
    raise RuntimeError("b is not there" if names == ["a"] else names)


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory) -> Path:
    """A database of this release with nothing in it."""
    path: Path = tmp_path_factory.mktemp("empty") / "catalog.sqlite"

    async def make() -> None:
        async with SqliteCatalog.open(path, clock=Clock()):
            pass

    asyncio.run(make())
    return path


class World:
    """A catalog with some content that has no name yet."""

    def __init__(self, database: Database) -> None:
        clock = Clock()
        self.database = database
        self.catalog = SqliteCatalog(database, clock)
        self.uploads = Uploads(self.catalog, clock)
        self.objects = [UUID(int=number + 1) for number in range(5)]

    async def fill(self) -> None:
        """Stores the content, but for the last one, which is incomplete."""
        drafts = [replace(self.uploads.draft(), id=each) for each in self.objects]
        await self.catalog.begin_objects(
            drafts, [self.uploads.reference(each) for each in self.objects]
        )
        for each in self.objects[:-1]:
            await enter_chunk(self.catalog, self.uploads.location(each))
            await self.catalog.finish_object(each, mime_type="a/b", hash_hex="ab")

    async def outcome(self, operation: tuple[Any, ...]) -> str:
        """What an operation answers, with numbers of changes, or how it fails."""
        kind, *arguments = operation
        try:
            return repr(await getattr(self, f"_{kind}")(*arguments))
        except (CatalogError, RuntimeError) as error:
            return repr(error)

    async def _commit(
        self, number: int, folder: FolderPath, name: str, on_conflict: Any, owner_id: int | None
    ) -> object:
        return await commit_file(
            self.catalog,
            self.objects[number],
            folder,
            name,
            owner_id=owner_id,
            is_public=True,
            on_conflict=on_conflict,
        )

    async def _make_folders(self, path: FolderPath) -> object:
        return await self.catalog.make_folders(path)

    async def _rename_file(self, file_id: int, name: str) -> object:
        return await self.catalog.rename_file(file_id, name)

    async def _delete_file(self, file_id: int) -> object:
        return await self.catalog.delete_file(file_id)

    async def _delete_folder(self, folder_id: int) -> object:
        return await self.catalog.delete_folder(folder_id)

    async def _release(self, number: int) -> None:
        await self.catalog.release(self.objects[number], service="upload", key="k")

    async def _collect(self) -> object:
        return await self.catalog.collect_objects(limit=9)

    async def _fail(self) -> object:
        def fail(session: Session) -> None:
            session.run("UPDATE change_sequence SET last = last + 100")
            session.run("DELETE FROM files")
            raise RuntimeError("half done")

        return await self.database.write(fail)

    async def contents(self) -> object:
        """All that there is."""
        found = []
        for folder_id in range(9):
            files = await self.catalog.list_files(
                folder_id, viewer_id=None, order=FileOrder.NAME, ascending=True, offset=0, limit=99
            )
            found.append((await self.catalog.list_folders(folder_id, offset=0, limit=99), files))
        contents = [await self.catalog.object_by_id(each) for each in self.objects]
        made = await self.catalog.make_folders(("numbered",))
        return found, contents, made.sequence


@given(operations=st.lists(OPERATIONS, min_size=2, max_size=12))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_shared_transactions_give_what_single_ones_give(empty_file, tmp_path, operations):
    """Same answers, same errors, same numbers, same catalog, whatever fails in between."""

    async def run(path: Path, *, together: bool) -> object:
        shutil.copy(empty_file, path)
        async with Database.open(path) as database:
            world = World(database)
            await world.fill()
            if together:
                outcomes = await asyncio.gather(*map(world.outcome, operations))
            else:
                outcomes = [await world.outcome(operation) for operation in operations]
            return outcomes, await world.contents()

    async def both() -> tuple[object, object]:
        return (
            await run(tmp_path / "single", together=False),
            await run(tmp_path / "shared", together=True),
        )

    single, shared = asyncio.run(both())
    assert single == shared
