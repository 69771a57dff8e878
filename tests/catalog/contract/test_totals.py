"""Totals and counts of folders equal a recount after any sequence of changes."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from catalog.errors import CatalogError, FolderCircle, RootIsFixed
from catalog.port import OverwriteOnConflict, RenameOnConflict
from catalog.records import FileOrder

PATHS = st.lists(st.sampled_from("ab"), max_size=3).map(tuple)
NAMES = st.sampled_from(["x.txt", "y.txt"])
SIZES = st.integers(min_value=0, max_value=9)
TYPES = st.sampled_from(["text/plain", "image/png"])
EVERYTHING = {"offset": 0, "limit": 10_000}


class Totals(RuleBasedStateMachine):
    """Files and folders made, moved, overwritten and deleted, in any order."""

    def __init__(self, backend: Any, clock: Any, uploads_into: Any) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.catalog = self.run(self.stack.enter_async_context(backend.another().open()))
        self.uploads = uploads_into(self.catalog, clock)

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Runs a call of the catalog to its end."""
        return self.runner.run(call)

    def teardown(self) -> None:
        """Closes the catalog."""
        self.run(self.stack.aclose())
        self.runner.close()

    @rule(path=PATHS, name=NAMES, size=SIZES, mime_type=TYPES, overwrite=st.booleans())
    def put(self, path, name, size, mime_type, overwrite):
        """A file comes, beside or in place of the one that has its name."""
        present = self.run(self.catalog.file_at(path, name))
        conflict = OverwriteOnConflict(present.id) if overwrite and present else RenameOnConflict()
        object_id = self.run(self.uploads.store(size=size, mime_type=mime_type))
        self.run(self.uploads.commit(object_id, path, name, on_conflict=conflict))

    @rule(path=PATHS, name=NAMES, goal=PATHS)
    def move_file(self, path, name, goal):
        """A file moves to a folder that is made for it."""
        if file := self.run(self.catalog.file_at(path, name)):
            folder = self.run(self.catalog.make_folders(goal)).folder
            self.run(self.catalog.move_files([file.id], folder.id))

    @rule(path=PATHS, name=NAMES)
    def delete_file(self, path, name):
        """A file goes."""
        if file := self.run(self.catalog.file_at(path, name)):
            self.run(self.catalog.delete_file(file.id))

    @rule(path=PATHS, goal=PATHS)
    def move_folder(self, path, goal):
        """A folder moves, if it may."""
        folder, parent = (self.run(self.catalog.folder_at(each)) for each in (path, goal))
        if folder and parent:
            self.tolerating(self.catalog.move_folder(folder.id, parent.id), FolderCircle)

    @rule(path=PATHS)
    def delete_folder(self, path):
        """A folder goes with everything in it."""
        if folder := self.run(self.catalog.folder_at(path)):
            self.tolerating(self.catalog.delete_folder(folder.id))

    def tolerating(
        self, call: Coroutine[Any, Any, Any], error: type[CatalogError] = RootIsFixed
    ) -> None:
        """Runs a call that may be refused."""
        with suppress(RootIsFixed, error):
            self.run(call)

    @invariant()
    def totals_equal_a_recount(self):
        """The totals of each folder are the sums over all that lies in and below it."""
        self.run(self.recount(0))

    async def recount(self, folder_id: int) -> Counter[str]:
        """Checks a subtree against its entries; answers the bytes by type."""
        files = await self.catalog.list_files(
            folder_id, viewer_id=None, order=FileOrder.NAME, ascending=True, **EVERYTHING
        )
        subfolders = await self.catalog.list_folders(folder_id, **EVERYTHING)
        counts = await self.catalog.counts(folder_id)
        assert (counts.files, counts.subfolders) == (len(files), len(subfolders))
        totals: Counter[str] = Counter()
        for file in files:
            totals[file.mime_type] += file.size
        for placed in subfolders:
            below = await self.recount(placed.folder.id)
            for mime_type, size in below.items():
                totals[mime_type] += size
        assert await self.catalog.usage_by_type(folder_id) == dict(totals)
        return totals


def test_totals_hold(backend, clock, uploads_into):
    """After any sequence of changes every folder's totals and counts equal a recount."""

    class Run(Totals):
        """The machine on this backend."""

        def __init__(self) -> None:
            super().__init__(backend, clock, uploads_into)

    run_state_machine_as_test(
        Run,
        settings=settings(
            max_examples=backend.examples(20),
            stateful_step_count=25,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
