"""Does something to a catalog, says so on stdout, and dies on the spot, nothing closed.

Usage: dying_process.py <backend> <location> <deed>
"""

import asyncio
import os
import signal
import sys
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from catalog.port import Catalog, FailOnConflict, UploadCommit
from catalog.records import (
    Chunk,
    EnvelopeKind,
    Message,
    ObjectState,
    Reference,
    StoredObject,
)
from catalog.sqlite.adapter import SqliteCatalog
from catalog.supabase.adapter import SupabaseCatalog

OBJECT_ID = UUID(int=1)


def opened(kind: str, location: str) -> AbstractAsyncContextManager[Catalog]:
    """The catalog of that kind, at a path or at a URL with its key."""
    if kind == "supabase":
        return SupabaseCatalog.open(*location.split())
    return SqliteCatalog.open(location)


async def store(catalog: Catalog) -> None:
    """Journals a whole object of one chunk."""
    draft = StoredObject(
        id=OBJECT_ID,
        size=5,
        chunk_size=5,
        chunk_count=1,
        envelope=EnvelopeKind.V1,
        state=ObjectState.UPLOADING,
        mime_type="",
        hash="",
        created_at=1.0,
    )
    hold = Reference(object_id=OBJECT_ID, service="upload", key="k", expires_at=None)
    await catalog.begin_objects([draft], [hold])
    message = Message(id=42, channel_id=1, webhook_id=2, stored_size=38)
    chunk = Chunk(
        object_id=OBJECT_ID,
        index=0,
        message_id=42,
        attachment_id=None,
        offset=0,
        stored_size=38,
        size=5,
        digest=None,
    )
    await catalog.add_message(message, [chunk])


async def commit(catalog: Catalog) -> None:
    """Stores an object and gives it a name."""
    await store(catalog)
    await catalog.commit_upload(
        UploadCommit(
            object_id=OBJECT_ID,
            mime_type="text/plain",
            hash_hex="ab",
            folder=("a", "b"),
            name="c.txt",
            owner_id=None,
            is_public=True,
            on_conflict=FailOnConflict(),
        )
    )


async def main(kind: str, location: str, deed: str) -> None:
    """Does the deed and dies."""
    async with opened(kind, location) as catalog:
        await {"store": store, "commit": commit}[deed](catalog)
        os.write(1, b"acknowledged")
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
