"""Write transactions that stay open for a while."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from catalog.sqlite.connections import Session
from catalog.sqlite.database import Database

ADD_FOLDER = "INSERT INTO folders (parent_id, name) VALUES (0, 'a')"


@asynccontextmanager
async def open_transaction(
    database: Database, *statements: str
) -> AsyncIterator[asyncio.Task[None]]:
    """A write transaction that has run the statements and ends with the block."""
    loop = asyncio.get_running_loop()
    has_begun, may_end = asyncio.Event(), threading.Event()

    def work(session: Session) -> None:
        for statement in statements:
            session.run(statement)
        loop.call_soon_threadsafe(has_begun.set)
        may_end.wait(10)

    task = asyncio.create_task(database.write(work))
    await has_begun.wait()
    try:
        yield task
    finally:
        may_end.set()
        await asyncio.wait({task})
