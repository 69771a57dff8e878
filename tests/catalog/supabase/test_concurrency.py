"""Everything at once: no deadlock, no lost count, nothing half done."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from uuid import uuid4

import pytest

from catalog.errors import (
    CatalogError,
    CatalogUnavailable,
    FolderCircle,
    NameTaken,
    ObjectMissing,
    RootIsFixed,
)
from catalog.port import RenameOnConflict
from catalog.records import FileOrder
from tests.messages import enter_chunk

WORKERS = 8
ROUNDS = 12
PATHS = [(), ("a",), ("b",), ("a", "b"), ("b", "a"), ("a", "b", "c")]
EXPECTED = (FolderCircle, NameTaken, ObjectMissing, RootIsFixed)


class Worker:
    """Does one thing after the other, as chance will have it."""

    def __init__(self, catalog, uploads, clock, number: int) -> None:
        self.catalog, self.uploads, self.clock = catalog, uploads, clock
        self.chance = random.Random(number)
        self.objects = [*uploads.shared]

    async def run(self) -> None:
        """All rounds. What may be refused may."""
        deeds = [
            self.put,
            self.put,
            self.hold,
            self.collect,
            self.renew,
            self.move,
            self.delete,
            self.delete_folder,
            self.journal,
            self.pack,
            self.view,
        ]
        for _ in range(ROUNDS):
            try:
                await self.chance.choice(deeds)()
            except CatalogUnavailable:
                raise
            except CatalogError:
                continue

    async def put(self) -> None:
        """A file comes."""
        object_id = await self.uploads.store(ttl_s=self.chance.choice([0.0, 60.0]))
        self.objects.append(object_id)
        path = self.chance.choice(PATHS)
        await self.uploads.commit(object_id, path, "f", on_conflict=RenameOnConflict())

    async def hold(self) -> None:
        """A reference comes, which may be over already."""
        ttl_s = self.chance.choice([-1.0, 60.0, None])
        reference = self.uploads.reference(
            self.chance.choice(self.objects), key=self.chance.choice("kx"), ttl_s=ttl_s
        )
        await self.catalog.hold(reference)
        await self.catalog.release(reference.object_id, service="upload", key="x")

    async def collect(self) -> None:
        """Garbage goes."""
        await self.catalog.collect_objects(limit=self.chance.choice([1, 99]))

    async def renew(self) -> None:
        """References get more time."""
        held = [(object_id, "k") for object_id in self.chance.sample(self.objects, 2)]
        expires_at = self.clock() + self.chance.choice([-1, 9])
        await self.catalog.renew("upload", held, expires_at=expires_at)

    async def move(self) -> None:
        """A folder moves."""
        made = await self.catalog.make_folders(self.chance.choice(PATHS))
        target = await self.catalog.make_folders(self.chance.choice(PATHS))
        await self.catalog.move_folder(made.folder.id, target.folder.id)

    async def delete(self) -> None:
        """A file goes."""
        if file := await self.catalog.file_at(self.chance.choice(PATHS), "f"):
            await self.catalog.delete_file(file.id)

    async def delete_folder(self) -> None:
        """A folder goes."""
        if folder := await self.catalog.folder_at(self.chance.choice(PATHS)):
            await self.catalog.delete_folder(folder.id)

    async def journal(self) -> None:
        """A chunk comes, in a message that holds others, too."""
        object_id = await self.uploads.begin(ttl_s=self.chance.choice([0.0, 60.0]))
        message_id = self.chance.choice([5, 6])
        await enter_chunk(self.catalog, self.uploads.location(object_id, message_id=message_id))
        await self.catalog.forget_message(message_id)

    async def pack(self) -> None:
        """Objects begin together; then a message comes with chunks that others report as well."""
        drafts = [replace(self.uploads.draft(), id=each) for each in self.uploads.packed]
        self.chance.shuffle(drafts)
        holds = [self.uploads.reference(draft.id) for draft in drafts]
        await self.catalog.begin_objects(drafts, holds)
        message = self.uploads.location(drafts[0].id).message
        chunks = [self.uploads.location(draft.id, message_id=message.id).chunk for draft in drafts]
        self.chance.shuffle(chunks)
        await self.catalog.add_message(message, chunks)

    async def view(self) -> None:
        """An object becomes a view of another one."""
        original, view = self.chance.sample(self.objects, 2)
        await self.catalog.put_view(min(original, view), "thumbnail", max(original, view))


async def recount(catalog, folder_id: int) -> Counter[str]:
    """Checks the counts and totals of a subtree against its entries."""
    files = await catalog.list_files(
        folder_id, viewer_id=None, order=FileOrder.NAME, ascending=True, offset=0, limit=999
    )
    subfolders = await catalog.list_folders(folder_id, offset=0, limit=999)
    counts = await catalog.counts(folder_id)
    assert (counts.files, counts.subfolders) == (len(files), len(subfolders))
    totals = Counter({file.mime_type: 0 for file in files})
    for file in files:
        totals[file.mime_type] += file.size
    for placed in subfolders:
        totals.update(await recount(catalog, placed.folder.id))
    assert await catalog.usage_by_type(folder_id) == dict(totals)
    return totals


def disagreements(supabase) -> str:
    """Objects and messages whose counters are not what is there."""
    found: str = supabase.database.query(
        """
        select 'object', id::text from public.objects where reference_count <>
            (select count(*) from public.files where object_id = objects.id)
            + (select count(*) from public."references" as held where object_id = objects.id)
            + (select count(*) from public.views where view_object_id = objects.id)
        union all
        select 'message', id::text from public.messages where chunk_count <>
            (select count(*) from public.chunks where message_id = messages.id)
        """
    )
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_everything_at_once(catalog, uploads, clock, empty, pauses, seed):
    """Whatever meets whatever, nothing waits for itself and every count is right in the end."""
    deadlocks = "select deadlocks from pg_stat_database where datname = 'postgres'"
    before = empty.database.query(deadlocks)
    uploads.shared = [await uploads.store(ttl_s=None) for _ in range(4)]
    uploads.packed = [uuid4() for _ in range(4)]
    workers = [Worker(catalog, uploads, clock, seed * 100 + n) for n in range(WORKERS)]
    await asyncio.gather(*(worker.run() for worker in workers))
    await recount(catalog, 0)
    assert disagreements(empty) == ""
    empty.database.query("select pg_stat_force_next_flush()")
    assert empty.database.query(deadlocks) == before
    assert pauses.seconds == []
