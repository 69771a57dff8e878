"""What can go wrong with a chunk, as the client that sent it is answered.

Every error has a stable `code` (for logs and metrics), an HTTP `status` and a text for people. The
intake turns them into answers in one place; nothing below it knows HTTP.
"""

from typing import ClassVar

from common.wording import counted


class ChunkError(Exception):
    """A chunk was not stored. The text is safe to show to the client that sent it."""

    code: ClassVar[str] = "chunk-error"
    status: ClassVar[int] = 400


class BadForm(ChunkError):
    """The body is not the form that a chunk is sent in."""

    code = "bad-form"


class EncodedBody(ChunkError):
    """The body, or a part of it, is compressed or encoded otherwise."""

    code = "encoded-body"
    status = 415

    def __init__(self) -> None:
        super().__init__("the form must be sent as it is, without any Content-Encoding")


class BadField(ChunkError):
    """The field `id` or `chunk` does not hold what it should."""

    code = "bad-field"


class WrongLength(ChunkError):
    """The file does not have exactly the length that this chunk must have."""

    code = "wrong-length"


class BodyCut(ChunkError):
    """The body ended, or its connection broke, before the form was complete."""

    code = "body-cut"


class UnknownUpload(ChunkError):
    """No upload with this id runs here."""

    code = "unknown-upload"
    status = 404

    def __init__(self) -> None:
        super().__init__("no upload with this id runs here")


class NoSuchChunk(ChunkError):
    """The upload has no chunk with this index."""

    code = "no-such-chunk"

    def __init__(self, index: int, count: int) -> None:
        super().__init__(f"the upload has the chunks 0 to {count - 1}, not {index}")


class Stalled(ChunkError):
    """The client stopped sending."""

    code = "stalled"
    status = 408


class TooSlow(ChunkError):
    """A body comes too slowly to hold one of the few buffers that there are for such."""

    code = "too-slow"
    status = 408


class OtherBytesStored(ChunkError):
    """The chunk is stored already, with other bytes."""

    code = "other-bytes-stored"
    status = 409

    def __init__(self, index: int) -> None:
        super().__init__(f"chunk {index} is stored already, with other bytes")


class StoredBefore(ChunkError):
    """The chunk was stored before the upload was resumed; here it is not known with which bytes."""

    code = "stored-before"
    status = 409

    def __init__(self, index: int) -> None:
        super().__init__(
            f"chunk {index} was stored before this upload was resumed: send only the missing ones"
        )


class UploadEnded(ChunkError):
    """The upload was aborted, timed out, or lost its manager while the chunk was on its way."""

    code = "upload-ended"
    status = 410


class BodyTooLarge(ChunkError):
    """The body is larger than any chunk's form can be."""

    code = "body-too-large"
    status = 413


class TooLargeForDiscord(ChunkError):
    """Discord takes less in one message than this chunk, and will not take it later either."""

    code = "too-large-for-discord"
    status = 413

    def __init__(self, stored_size: int) -> None:
        super().__init__(
            f"Discord refuses a message of {counted(stored_size, 'byte')} as too large; "
            "the operator must lower CHUNK_SIZE on the manager"
        )


class NotStored(ChunkError):
    """Discord or the manager did not take the chunk. It may be sent again."""

    code = "not-stored"
    status = 502


class StorageFault(ChunkError):
    """Nothing can be stored until the server's operator acts; sending it again does not help."""

    code = "storage-fault"
    status = 507


class Busy(ChunkError):
    """There is no room for this body now. It may be sent again."""

    code = "busy"
    status = 503


class Stopping(ChunkError):
    """The service is about to stop. The chunk may be sent to the service that goes on with the upload."""

    code = "stopping"
    status = 503

    def __init__(self) -> None:
        super().__init__("this service stops, and takes no further chunks")


class TicketRefused(ChunkError):
    """The manager does not accept the ticket: forged, expired, used, or for another file."""

    code = "ticket-refused"
    status = 403


class TypeMismatch(ChunkError):
    """The bytes of the file are not of the type that the ticket is for."""

    code = "type-mismatch"
    status = 415

    def __init__(self, claimed: str) -> None:
        super().__init__(f"the file does not look like {claimed}, which the ticket is for")


class MethodNotAllowed(ChunkError):
    """Chunks and forms are sent with POST."""

    code = "method-not-allowed"
    status = 405

    def __init__(self, what: str = "chunks") -> None:
        super().__init__(f"{what} are sent with POST")
