"""What the catalog's tests share: a virtual clock, and uploads made in one line."""

import hashlib
import itertools
from uuid import UUID, uuid4

import pytest

from catalog.port import Catalog, CommittedFile, FailOnConflict, FolderPath, OnConflict
from catalog.records import (
    Chunk,
    ChunkLocation,
    EnvelopeKind,
    File,
    Message,
    ObjectState,
    Reference,
    StoredObject,
)
from tests.commits import commit_file
from tests.messages import enter_chunk

SERVICE = "upload"


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """The time now."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds


class Uploads:
    """Makes objects the way an upload does: begin, journal chunks, finish, commit."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self.catalog = catalog
        self.clock = clock
        self.snowflakes = itertools.count(10**18)

    def draft(
        self, *, chunk_count: int = 1, size: int = 5, modified_at: float | None = None
    ) -> StoredObject:
        """An object that nobody knows yet."""
        return StoredObject(
            id=uuid4(),
            size=size,
            chunk_size=max(1, size),
            chunk_count=chunk_count,
            envelope=EnvelopeKind.V1,
            state=ObjectState.UPLOADING,
            mime_type="",
            hash="",
            created_at=self.clock(),
            modified_at=modified_at,
        )

    def reference(
        self, object_id: UUID, *, service: str = SERVICE, key: str = "k", ttl_s: float | None = 60.0
    ) -> Reference:
        """A reference that is over after `ttl_s`, None for a permanent one."""
        expires_at = None if ttl_s is None else self.clock() + ttl_s
        return Reference(object_id=object_id, service=service, key=key, expires_at=expires_at)

    def location(
        self, object_id: UUID, *, index: int = 0, size: int = 5, message_id: int | None = None
    ) -> ChunkLocation:
        """A chunk in a message of its own."""
        message = Message(
            id=next(self.snowflakes) if message_id is None else message_id,
            channel_id=77,
            webhook_id=88,
            stored_size=size + 33,
        )
        chunk = Chunk(
            object_id=object_id,
            index=index,
            message_id=message.id,
            attachment_id=message.id + 1,
            offset=0,
            stored_size=size + 33,
            size=size,
            digest=hashlib.sha256(bytes(size)).digest(),
        )
        return ChunkLocation(chunk=chunk, message=message)

    async def begin(
        self,
        *,
        chunk_count: int = 1,
        size: int = 5,
        ttl_s: float | None = 60.0,
        modified_at: float | None = None,
    ) -> UUID:
        """An object in state uploading, held by a reference of the upload service."""
        draft = self.draft(chunk_count=chunk_count, size=size, modified_at=modified_at)
        await self.catalog.begin_objects([draft], [self.reference(draft.id, ttl_s=ttl_s)])
        return draft.id

    async def store(
        self,
        *,
        size: int = 5,
        mime_type: str = "text/plain",
        ttl_s: float | None = 60.0,
        modified_at: float | None = None,
    ) -> UUID:
        """An object of one chunk, stored, and still held by its upload."""
        object_id = await self.begin(size=size, ttl_s=ttl_s, modified_at=modified_at)
        await enter_chunk(self.catalog, self.location(object_id, size=size))
        await self.catalog.finish_object(object_id, mime_type=mime_type, hash_hex="ab" * 32)
        return object_id

    async def commit(
        self,
        object_id: UUID,
        folder: FolderPath = (),
        name: str = "a.txt",
        *,
        owner_id: int | None = None,
        is_public: bool = False,
        on_conflict: OnConflict | None = None,
    ) -> CommittedFile:
        """Gives an object a name, and lets go of the upload's own reference."""
        committed = await commit_file(
            self.catalog,
            object_id,
            folder,
            name,
            owner_id=owner_id,
            is_public=is_public,
            on_conflict=on_conflict or FailOnConflict(),
        )
        await self.catalog.release(object_id, service=SERVICE, key="k")
        return committed

    async def put(
        self,
        folder: FolderPath = (),
        name: str = "a.txt",
        *,
        size: int = 5,
        mime_type: str = "text/plain",
        owner_id: int | None = None,
        modified_at: float | None = None,
    ) -> File:
        """A committed file."""
        object_id = await self.store(size=size, mime_type=mime_type, modified_at=modified_at)
        return (await self.commit(object_id, folder, name, owner_id=owner_id)).file


@pytest.fixture
def clock() -> Clock:
    """A clock that stands until a test moves it."""
    return Clock()


@pytest.fixture
def uploads(catalog: Catalog, clock: Clock) -> Uploads:
    """Uploads into the catalog under test."""
    return Uploads(catalog, clock)


@pytest.fixture
def uploads_into():
    """Makes `Uploads` for a catalog that the test opens itself."""
    return Uploads
