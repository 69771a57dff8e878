"""Entering a finished upload into the catalog."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from catalog.permits import Permit
from catalog.port import (
    Catalog,
    CommittedFile,
    FailOnConflict,
    OnConflict,
    OverwriteOnConflict,
    RenameOnConflict,
)
from catalog.records import ChunkLocation, EnvelopeKind, ObjectState, StoredObject
from common.tasks import cancel_and_wait
from manager.retrying import CatalogPatience
from manager.uploads import effects
from manager.uploads.state_machine import Upload, UploadFacts

CHUNKS_AT_ONCE = 16
"""Chunks that are being entered at the same time, where a service tells of all at once."""


def draft_of(facts: UploadFacts, envelope: EnvelopeKind, now: float) -> StoredObject:
    """The object that an upload fills. `now`: seconds since the Unix epoch."""
    return StoredObject(
        id=UUID(facts.upload_id),
        size=facts.size,
        chunk_size=facts.chunk_size,
        chunk_count=facts.chunk_count,
        envelope=envelope,
        state=ObjectState.UPLOADING,
        mime_type="",
        hash="",
        created_at=now,
    )


async def enter_chunks(
    catalog: Catalog, patience: CatalogPatience, locations: Iterable[ChunkLocation]
) -> None:
    """Enters the chunks of an object, several at a time. Raises `CatalogError`."""
    places = asyncio.Semaphore(CHUNKS_AT_ONCE)

    async def enter(location: ChunkLocation) -> None:
        async with places:
            await patience.committing(lambda: catalog.add_chunk(location))

    entering = [asyncio.create_task(enter(location)) for location in locations]
    try:
        await asyncio.gather(*entering)
    finally:
        await cancel_and_wait(*entering)


async def enter_upload(
    catalog: Catalog, upload: Upload, commit: effects.Commit, *, permit: Permit
) -> CommittedFile:
    """Completes the content and gives it its name. May be repeated. Raises `CatalogError`.

    `permit` says which files may be replaced, in the moment in which that happens: however long ago
    somebody was asked about it.
    """
    facts = upload.facts
    on_conflict = _in_catalog_terms(commit.on_conflict, permit)
    if upload.place.is_cut:
        # What has the name there is not what would have it in the folder that was asked for.
        on_conflict = RenameOnConflict()
    object_id = UUID(facts.upload_id)
    await catalog.finish_object(object_id, mime_type=commit.mime_type, hash_hex=commit.content_hash)
    return await catalog.commit_file(
        object_id,
        upload.place.path,
        facts.name,
        owner_id=facts.user_id,
        is_public=facts.is_public,
        on_conflict=on_conflict,
    )


def _in_catalog_terms(on_conflict: effects.OnConflict, permit: Permit) -> OnConflict:
    match on_conflict:
        case effects.ReplaceFile(file_id):
            return OverwriteOnConflict(file_id, permit)
        case effects.NumberName():
            return RenameOnConflict()
        case effects.FailIfTaken():
            return FailOnConflict()
