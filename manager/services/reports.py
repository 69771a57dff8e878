"""What upload services report: to what a chunk belongs, and what a base-protocol service has stored.

The latter posts one message for each chunk, by the bot. It reports its messages only once all are there,
so nothing is journalled before that; what it posted for an upload that failed is known only to itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from catalog.records import Chunk, ChunkLocation, EnvelopeKind, Message
from common.wording import counted
from manager.errors import ManagerError
from manager.files.upload_requests import RequestedUpload
from protocol import u2s
from protocol.chunks import chunk_length
from storage.envelope import sealed_size

MAX_SNOWFLAKE = 2**63 - 1
"""Ids of Discord are below that until the year 2084, and no catalog takes larger ones."""


class ChunkMeasures(Protocol):
    """How an upload is cut into chunks; sizes are bytes."""

    @property
    def size(self) -> int:
        """That of the whole content."""

    @property
    def chunk_size(self) -> int:
        """That of every chunk but the last."""

    @property
    def chunk_count(self) -> int:
        """The number of chunks."""


class ChunkTarget(Protocol):
    """A running upload whose chunks are reported."""

    @property
    def layout(self) -> ChunkMeasures:
        """How it is cut into chunks."""

    @property
    def takes_chunks(self) -> bool:
        """Whether a chunk that is reported now belongs to it."""


class InvalidReport(ManagerError):
    """A service reported something about its upload that cannot be."""

    code = "invalid-report"

    def __init__(self, what: str) -> None:
        super().__init__(f"the upload service reported {what}")


def snowflake(text: str) -> int:
    """An id of Discord's as a service reports it. Raises `InvalidReport` when it can be none."""
    number = int(text)
    if number > MAX_SNOWFLAKE:
        raise InvalidReport(f"{text} as an id of Discord's, which is too large for one")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseContent:
    """The chunks of one upload, in order. Ids are snowflakes."""

    channel_id: int
    message_ids: tuple[int, ...]
    envelope: EnvelopeKind

    @classmethod
    def reported(
        cls, packet: u2s.UploadFinish, requested: RequestedUpload, channel_id: int
    ) -> "BaseContent":
        """Reads it from the report of a service that posts to that channel.

        Raises `InvalidReport` when that cannot be the chunks of this upload.
        """
        messages = tuple(snowflake(message) for message in packet.messages or ())
        if len(messages) != requested.chunk_count:
            chunks = counted(requested.chunk_count, "chunk")
            raise InvalidReport(f"{counted(len(messages), 'message')} for {chunks}")
        if len(set(messages)) != len(messages):
            raise InvalidReport("one message for several chunks")
        if packet.channel is None or int(packet.channel) != channel_id:
            raise InvalidReport("messages in another channel than it was given")
        if packet.is_encrypted is None:
            raise InvalidReport("messages without saying whether they are encrypted")
        envelope = EnvelopeKind.BASE if packet.is_encrypted else EnvelopeKind.PLAIN
        return cls(channel_id=channel_id, message_ids=messages, envelope=envelope)

    def locations(self, requested: RequestedUpload) -> Iterator[ChunkLocation]:
        """Where each chunk lies, as far as it is known: neither attachment nor digest are."""
        for index, message_id in enumerate(self.message_ids):
            size = chunk_length(requested.size, requested.chunk_size, index)
            stored_size = sealed_size(self.envelope.value, size)
            yield ChunkLocation(
                chunk=Chunk(
                    object_id=UUID(requested.upload_id),
                    index=index,
                    message_id=message_id,
                    attachment_id=None,
                    offset=0,
                    stored_size=stored_size,
                    size=size,
                    digest=None,
                ),
                message=_message(message_id, self.channel_id, stored_size),
            )


def reported_messages(packet: u2s.UploadFinish, channel_id: int | None) -> list[Message]:
    """The messages of a report that is of no use, if they lie where the service was to post."""
    if packet.channel is None or int(packet.channel) != channel_id:
        return []
    return [
        _message(int(message), int(packet.channel), 0)
        for message in packet.messages or ()
        if int(message) <= MAX_SNOWFLAKE
    ]


def _message(message_id: int, channel_id: int, stored_size: int) -> Message:
    return Message(id=message_id, channel_id=channel_id, webhook_id=None, stored_size=stored_size)
