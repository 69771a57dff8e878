"""What gateways are given to send some content, and what they ask for meanwhile (`reading.manifest`).

A download token binds a download to its object, its gateway, its client and its link. Places of messages are
signed as well: a gateway is told the URLs of no message but those that it was told of.
Nothing is remembered, so that any manager answers for what another one has signed.
"""

import struct
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID, uuid4

import jwt
import msgspec
from aiohttp import web

from manager.downloads.content import CatalogChunks
from manager.errors import InvalidDownloadToken
from manager.signing.signatures import ExpiringClaims, Signer
from reading.content import Content
from reading.file_stream import FileBatch
from reading.manifest import (
    DOWNLOAD_TOKEN_LIFE_S,
    MANIFEST_FILE,
    MANIFEST_FILES,
    MANIFEST_HEADER,
    MEDIA_TYPE,
    FileManifest,
    FilesManifest,
    KeyOfObject,
    LocatedChunk,
    SignedFile,
)
from reading.plans import ResponsePlan
from storage.discord.messages import ChunkAddress
from storage.errors import ChunkCorrupt
from storage.keys import KeyRing
from storage.reader import ExpectedChunk

GATEWAY = web.RequestKey("gateway", str)
"""The gateway that forwards the request (`manager.gateways.door`)."""
_PLACE = struct.Struct(">QQQ")


class GatewayToken(ExpiringClaims, frozen=True, kw_only=True):
    """What a gateway asks for more with; `gateway`: which one."""

    gateway: str


_Token = TypeVar("_Token", bound=GatewayToken)


class DownloadToken(GatewayToken, frozen=True, kw_only=True):
    """One download by a gateway.

    Attributes:
        object_id: What is sent.
        key: Names the reference that keeps it.
        address: Of the client.
        link_id: The link by which the client has it; None: by none.
        is_begin: Whether the first byte of the content is sent.
    """

    object_id: UUID
    key: str
    address: str
    link_id: UUID | None = None
    is_begin: bool = False


class DownloadTokenSigner:
    """Signs download tokens and places of messages; `signer` is for `Purpose.DOWNLOAD_TOKENS`."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def expiry(self, life_s: float = DOWNLOAD_TOKEN_LIFE_S) -> int:
        """When a token ends that begins now."""
        return int(self._signer.now() + life_s)

    def begun(
        self,
        gateway: str,
        object_id: UUID,
        *,
        address: str,
        link_id: UUID | None = None,
        is_begin: bool = False,
    ) -> str:
        """The token of a download that begins; for the arguments see `DownloadToken`."""
        token = DownloadToken(
            exp=self.expiry(),
            object_id=object_id,
            key=str(uuid4()),
            gateway=gateway,
            address=address,
            link_id=link_id,
            is_begin=is_begin,
        )
        return self.text_of(token)

    def text_of(self, token: GatewayToken) -> str:
        """A token as a gateway gets it."""
        return self._signer.sign_claims(msgspec.to_builtins(token))

    def read(self, text: str, gateway: str, kind: type[_Token]) -> _Token:
        """A token that this gateway has sent. Raises `InvalidDownloadToken`."""
        try:
            token = self._signer.read_claims(text, kind)
        except jwt.InvalidTokenError as error:
            raise InvalidDownloadToken from error
        if token.gateway != gateway:
            raise InvalidDownloadToken
        return token

    def signed(self, chunks: Sequence[ExpectedChunk]) -> tuple[LocatedChunk, ...]:
        """Chunks with the signatures to ask for their messages."""
        return tuple(
            LocatedChunk(chunk=chunk, signature=self._signer.sign(_place(chunk.address)))
            for chunk in chunks
        )

    def check_signature(self, address: ChunkAddress, signature: bytes) -> None:
        """Returns if the signature is for the message of this address. Raises `InvalidDownloadToken`."""
        if not self._signer.verify(_place(address), signature):
            raise InvalidDownloadToken


def _place(address: ChunkAddress) -> bytes:
    return _PLACE.pack(address.message_id, address.channel_id, address.webhook_id or 0)


class ManifestMaker:
    """Answers requests that gateways forward.

    Args:
        chunks: Where chunks lie.
        keyring: From which the keys of objects are derived.
        tokens: Signs tokens.
    """

    def __init__(
        self, chunks: CatalogChunks, keyring: KeyRing, tokens: DownloadTokenSigner
    ) -> None:
        self._chunks = chunks
        self._keyring = keyring
        self._tokens = tokens

    async def answer(
        self,
        gateway: str,
        plan: ResponsePlan,
        content: Content,
        *,
        reader: str,
        address: str,
        link_id: UUID | None,
    ) -> web.Response:
        """The manifest of a response that has a body. Raises `CatalogUnavailable`, `ChunkCorrupt`."""
        token = self._tokens.begun(
            gateway, content.id, address=address, link_id=link_id, is_begin=plan.has_first_byte
        )
        manifest = FileManifest(
            token=token,
            reader=reader,
            plan=plan,
            content=content,
            keys=self.keys_of(content.id),
            chunks=self._tokens.signed(await self._first_chunks(plan, content)),
            is_counted=link_id is not None,
        )
        return web.Response(
            body=msgspec.msgpack.encode(manifest),
            content_type=MEDIA_TYPE,
            headers={MANIFEST_HEADER: MANIFEST_FILE, "Cache-Control": "no-store"},
        )

    def files(
        self, gateway: str, batches: Sequence[FileBatch], *, reader: str, address: str
    ) -> web.Response:
        """The manifest of a response with many small files."""
        files = [file for batch in batches for file in batch.files]
        signed = self._tokens.signed([file.chunk for file in files])
        # Any object will do: only messages are asked for, whose places are signed.
        token = (
            self._tokens.begun(gateway, files[0].chunk.object_id, address=address) if files else ""
        )
        manifest = FilesManifest(
            token=token,
            reader=reader,
            frames=b"".join(batch.frames for batch in batches),
            files=tuple(
                SignedFile(
                    file=file,
                    signature=located.signature,
                    keys=self.keys_of(file.chunk.object_id),
                )
                for file, located in zip(files, signed, strict=True)
            ),
        )
        return web.Response(
            body=msgspec.msgpack.encode(manifest),
            content_type=MEDIA_TYPE,
            headers={MANIFEST_HEADER: MANIFEST_FILES, "Cache-Control": "no-store"},
        )

    def keys_of(self, object_id: UUID) -> tuple[KeyOfObject, ...]:
        """What opens the chunks of an object, for each master key."""
        keys = [key.object_key(object_id) for key in self._keyring]
        return tuple(KeyOfObject(key_id=key.key_id, secret=key.secret) for key in keys)

    async def _first_chunks(self, plan: ResponsePlan, content: Content) -> Sequence[ExpectedChunk]:
        first = next(plan.chunk_indexes())
        found = await self._chunks.chunks(content, first)
        if not found or found[0].index != first:
            raise ChunkCorrupt(f"chunk {first} is not in the catalog any more")
        last = max(part.stop - 1 for part in plan.parts) // content.chunk_size
        return [chunk for chunk in found if chunk.index <= last]
