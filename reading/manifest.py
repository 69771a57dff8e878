"""What a manager gives a gateway, so that it sends some content, and what a gateway asks for meanwhile.

A gateway has no access to the catalog, no webhook and no master key. It passes a client's request on to the
manager, with the header `GATEWAY_HEADER` and its own credential, and in `CLIENT_HEADER` the address of the
client. The manager decides: it answers the request itself, which the gateway passes on as it is, or, with the
header `MANIFEST_HEADER`, with a manifest (MessagePack). No stored content can set that header.

A manifest has the answer's head, what of which chunks makes up its body, the key of this one object, and a
*token*: a signed text by which the gateway asks for more of the same. It expires after minutes unless it is
renewed. Chunks come in windows, however large the content is.
"""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

import msgspec

from protocol.file_stream import MOST_FILES
from reading.content import WINDOW, Content
from reading.file_stream import StreamedFile
from reading.plans import ResponsePlan
from storage.discord.messages import ChunkAddress, PostedMessage
from storage.object_keys import ObjectKey
from storage.reader import ExpectedChunk

GATEWAY_HEADER: Final = "Discord-Cloud-Gateway"
CLIENT_HEADER: Final = "Discord-Cloud-Client"
MANIFEST_HEADER: Final = "Discord-Cloud-Manifest"
MANIFEST_FILE: Final = "file"
"""The header's value before the manifest of one object."""
MANIFEST_ARCHIVE: Final = "archive"
"""The header's value before the manifest of an archive."""
MANIFEST_FILES: Final = "files"
"""The header's value before the manifest of many small files."""
MANIFEST_NONE: Final = "none"
"""The header's value in an answer to the gateway, whose credential the manager does not take."""
MEDIA_TYPE: Final = "application/vnd.msgpack"
RENEWED_AFTER_S: Final = 60.0
"""Seconds after which a gateway renews a download token that it still needs."""
DOWNLOAD_TOKEN_LIFE_S: Final = 900.0
"""Seconds for which a download token is valid."""
ARCHIVE_TOKEN_LIFE_S: Final = 24 * 3600.0
"""Seconds for which the token of an archive is valid; each page of the listing brings another one."""
LONGEST_TOKEN: Final = 2048
LONGEST_ARCHIVE_TOKEN: Final = 128 * 1024
"""It has the names of the folders on the way down."""

REDIRECTED_FILE: Final = "/redirected-download"
"""Where clients are led for a file (`manager.downloads.redirects`)."""
REDIRECTED_ARCHIVE: Final = "/redirected-archive"

SERVED: Final = (
    ("GET", "/"),
    ("GET", "/page/service-worker.js"),
    ("GET", "/page/{version}/{name:.+}"),
    ("GET", "/download"),
    ("GET", "/bulk-download"),
    ("POST", "/bulk-download"),
    ("POST", "/download-files"),
    ("GET", "/folder-link"),
    ("POST", "/folder-link"),
    ("GET", "/signed-download"),
    ("POST", "/signed-download"),
    ("GET", "/signed-download-metadata"),
    ("GET", REDIRECTED_FILE),
    ("GET", REDIRECTED_ARCHIVE),
    ("GET", "/files/{object_id}"),
    ("GET", "/views/{object_id}/{name}"),
    ("GET", "/content/{user_id}/{file_id}"),
    ("GET", "/content/{user_id}/{file_id}/{view}"),
)
"""What a gateway passes on, as aiohttp writes routes; GET stands for HEAD as well."""

TokenText = Annotated[str, msgspec.Meta(max_length=LONGEST_TOKEN)]
ArchiveTokenText = Annotated[str, msgspec.Meta(max_length=LONGEST_ARCHIVE_TOKEN)]
Index = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class LocatedChunk(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk, and the signature with which a gateway may ask for its message."""

    chunk: ExpectedChunk
    signature: bytes


class KeyOfObject(msgspec.Struct, frozen=True, kw_only=True):
    """A key that opens chunks of the object; no repr shows it."""

    key_id: bytes
    secret: bytes

    def __repr__(self) -> str:
        return f"KeyOfObject(key_id={self.key_id.hex()})"

    @property
    def key(self) -> ObjectKey:
        """The key. Raises `ValueError` if it is none."""
        return ObjectKey(self.secret, self.key_id)


class FileManifest(msgspec.Struct, frozen=True, kw_only=True):
    """How a gateway answers one request with one object.

    Attributes:
        token: What it asks for more with.
        reader: Towards whose limit the download counts.
        plan: Head and body of the answer.
        content: The object.
        keys: What opens its chunks.
        chunks: The first ones that the body needs, up to a window.
        is_counted: Whether the manager must permit the body right before its first byte.
    """

    token: str
    reader: str
    plan: ResponsePlan
    content: Content
    keys: tuple[KeyOfObject, ...]
    chunks: Annotated[tuple[LocatedChunk, ...], msgspec.Meta(max_length=WINDOW)]
    is_counted: bool


class ChunksRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for the chunks from an index on (`POST /gateway/chunks`)."""

    token: TokenText
    first: Index


class LocatedChunks(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: up to a window of chunks."""

    chunks: Annotated[tuple[LocatedChunk, ...], msgspec.Meta(max_length=WINDOW)]


class MessageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for a message with fresh URLs (`POST /gateway/message`).

    Attributes:
        refused_url: One that the CDN has refused; None: none was.
    """

    token: TokenText
    address: ChunkAddress
    signature: Annotated[bytes, msgspec.Meta(max_length=64)]
    refused_url: Annotated[str, msgspec.Meta(max_length=4096)] | None = None


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Says something about a download (`POST /gateway/renew`, `/gateway/begin` and `/gateway/release`)."""

    token: TokenText


class RenewedToken(msgspec.Struct, frozen=True, kw_only=True):
    """The next token, with which the content is kept alive."""

    token: str


class UnreadableChunk(msgspec.Struct, frozen=True, kw_only=True):
    """Says that a chunk cannot be read (`POST /gateway/unreadable`)."""

    token: TokenText
    object_id: UUID
    index: Index
    code: Annotated[str, msgspec.Meta(pattern=r"^[a-z-]{1,64}$")]


class MessageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The message, or the code of the `StorageError` for which the manager has none."""

    message: PostedMessage | None = None
    code: str | None = None


class SignedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A small file, the signature with which a gateway may ask for its message, and what opens its chunk."""

    file: StreamedFile
    signature: bytes
    keys: tuple[KeyOfObject, ...]


class FilesManifest(msgspec.Struct, frozen=True, kw_only=True):
    """How a gateway answers one request with many small files.

    Attributes:
        token: What it asks for messages with; empty if there are no files.
        reader: Towards whose limit the download counts.
        frames: Of the files of which nothing is read.
        files: The others.
    """

    token: str
    reader: str
    frames: bytes
    files: Annotated[tuple[SignedFile, ...], msgspec.Meta(max_length=MOST_FILES)]


class ArchiveManifest(msgspec.Struct, frozen=True, kw_only=True):
    """How a gateway answers one request with an archive, of which it asks for page after page."""

    token: str
    reader: str
    headers: Mapping[str, str]


class ArchiveTokenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for the next pages of an archive (`POST /gateway/archive/pages`)."""

    token: ArchiveTokenText


class ArchiveEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file in an archive, as it was listed."""

    id: int
    name: str
    size: int
    is_packed: bool


class ArchivePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some files of a folder; `folder_id` None: the folder itself. `path`: of the folder, in the archive."""

    path: tuple[str, ...]
    folder_id: int | None = None
    files: tuple[ArchiveEntry, ...] = ()


class ArchivePages(msgspec.Struct, frozen=True, kw_only=True):
    """The next pages, and the token for those after them; None: there are no more."""

    pages: tuple[ArchivePage, ...]
    token: str | None


class PackedFilesRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for small files of a folder (`POST /gateway/archive/packed`), right before they are sent."""

    token: ArchiveTokenText
    folder_id: Index
    names: Annotated[tuple[str, ...], msgspec.Meta(max_length=1000)]


class PackedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A small file as it is now, with the keys of its object; `chunk` None: it is empty."""

    id: int
    size: int
    modified_at: float
    chunk: LocatedChunk | None
    keys: tuple[KeyOfObject, ...]


class PackedEntries(msgspec.Struct, frozen=True, kw_only=True):
    """Those that may be sent, and the token with which their messages are asked for."""

    files: tuple[PackedEntry, ...]
    token: str


class ArchiveFileRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for a file (`POST /gateway/archive/file`), right before it is sent."""

    token: ArchiveTokenText
    file_id: Index


class ArchiveFileAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is now, as in `FileManifest`."""

    token: str
    modified_at: float
    content: Content
    keys: tuple[KeyOfObject, ...]
    chunks: Annotated[tuple[LocatedChunk, ...], msgspec.Meta(max_length=WINDOW)]


class ArchiveFileFound(msgspec.Struct, frozen=True, kw_only=True):
    """The file; None: it is gone, or may not be read any more."""

    file: ArchiveFileAnswer | None
