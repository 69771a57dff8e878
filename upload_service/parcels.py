"""Parcels: what the upload service hands over to be stored, and how that is reported."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from protocol.u2s import MessageStored, StoredChunk
from storage.discord.messages import ChunkAddress
from upload_service.active_uploads import Backend


class ChunkOwner(Protocol):
    """What a chunk belongs to: an upload, or a file of a bundle."""

    @property
    def id(self) -> UUID:
        """The upload."""

    @property
    def backend(self) -> Backend:
        """Where its chunks go."""

    def type_of_chunk(self, index: int) -> str | None:
        """The MIME type that the report of a chunk holds; None for none."""

    def require_alive(self) -> None:
        """Check that it has not ended. Raises `UploadEnded`."""

    def stored(self, index: int, digest: bytes) -> None:
        """End a flight: the chunk is stored, and the manager has entered it."""

    def dropped(self, index: int) -> None:
        """End a flight: the chunk is missing again."""

    def end(self, reason: str) -> None:
        """Take nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelChunk:
    """A sealed chunk in a parcel. It is in flight: the forwarder ends that.

    Attributes:
        upload: what it belongs to.
        index: which of its chunks it is, from 0.
        offset: where it begins in the parcel, in bytes.
        stored_size: bytes that it takes up there.
        size: bytes that it had before it was sealed.
        digest: the SHA-256 of these.
    """

    upload: ChunkOwner
    index: int
    offset: int
    stored_size: int
    size: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Sealed bytes that are stored as a whole: one chunk, or several small ones, of any uploads.

    Attributes:
        content: the bytes. They must not change before `release` is called.
        chunks: what is in it, one at least.
        ended: resolved once none of the uploads wants it any more: a post that waits is given up then.
        release: gives the memory back; the forwarder calls it once the bytes are sent or given up, and
            perhaps again.
    """

    content: memoryview
    chunks: tuple[ParcelChunk, ...]
    ended: asyncio.Future[None]
    release: Callable[[], None]

    @property
    def backend(self) -> Backend:
        """Where it goes: the chunks of a parcel have one backend in common."""
        return self.chunks[0].upload.backend


def report_of(parcels: Sequence[tuple[Parcel, ChunkAddress]]) -> MessageStored:
    """The report of a message that holds these parcels, at least one, each at its address."""
    _, address = parcels[0]
    return MessageStored(
        message_id=str(address.message_id),
        channel_id=str(address.channel_id),
        webhook_id=str(address.webhook_id),
        chunks=tuple(chunk for parcel, place in parcels for chunk in _chunks_of(parcel, place)),
    )


def _chunks_of(parcel: Parcel, address: ChunkAddress) -> Sequence[StoredChunk]:
    attachment_id = None if address.attachment_id is None else str(address.attachment_id)
    return [
        StoredChunk(
            upload_id=str(chunk.upload.id),
            index=chunk.index,
            attachment_id=attachment_id,
            offset=address.offset + chunk.offset,
            stored_size=chunk.stored_size,
            size=chunk.size,
            digest=chunk.digest.hex(),
            type=chunk.upload.type_of_chunk(chunk.index),
        )
        for chunk in parcel.chunks
    ]
