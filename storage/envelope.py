"""The envelope in which a chunk lies on Discord: bytes in, bytes out, no I/O.

Version 1 is what is written::

    version(1) ‖ key id(4) ‖ nonce(12) ‖ ciphertext ‖ tag(16)

AES-256-GCM. The key belongs to one object (HKDF-SHA256 of the master key, salted with the object's
id), so random 96-bit nonces are drawn about as often as the object has chunks: far below the 2^32
times that NIST SP 800-38D section 8.3 allows under one key. The associated data holds object id,
chunk index and chunk count, so that a chunk is invalid at any other position. Version and key id
need no authentication of their own: a changed one selects no key, or a wrong one.

The base protocol's envelope, IV(16) ‖ tag(16) ‖ ciphertext under the master key itself and without
associated data, is read and never written.

Sealing and opening happen in buffers that the caller owns; OpenSSL releases the GIL meanwhile.
"""

import os
import struct
from collections.abc import Callable
from typing import Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from common.key_derivation import KEY_ID_SIZE
from storage.errors import ChunkCorrupt, UnknownKey
from storage.object_keys import ObjectKey

Envelope = Literal["v1", "base", "plain"]
"""How a chunk is wrapped: our envelope, the base protocol's, or not at all."""

VERSION = b"\x01"
NONCE_SIZE = 12
TAG_SIZE = 16
ENVELOPE_HEADER = 1 + KEY_ID_SIZE + NONCE_SIZE
ENVELOPE_OVERHEAD = ENVELOPE_HEADER + TAG_SIZE
SEALING_SLACK = 16
"""Bytes that a sealing buffer needs beyond the envelope, since the cipher requires them while it runs."""

_BASE_IV_SIZE = 16
_BASE_HEADER = _BASE_IV_SIZE + TAG_SIZE
_BLOCK = 16

_OVERHEADS: dict[Envelope, int] = {"v1": ENVELOPE_OVERHEAD, "base": _BASE_HEADER, "plain": 0}

Writable = bytearray | memoryview
FindObjectKey = Callable[[UUID, bytes], ObjectKey | None]
"""The key of an object, derived from the master key that has this id; None without such a key."""


def is_authenticated(envelope: Envelope, digest: bytes | None) -> bool:
    """Whether a chunk proves which object it belongs to, and at which place, whatever the catalog says.

    Chunks of the base protocol do not: nothing protects plain ones, and encrypted ones can be exchanged.
    """
    return envelope == "v1" and digest is not None


def sealed_size(envelope: Envelope, size: int) -> int:
    """Bytes of a chunk in its envelope, exactly; `size`: bytes of the plain chunk."""
    return size + _OVERHEADS[envelope]


def _associated_data(object_id: UUID, index: int, count: int) -> bytes:
    return struct.pack(">16sQQ", object_id.bytes, index, count)


class ChunkSealer:
    """Encrypts one chunk, piece by piece, straight into the caller's buffer.

    A piece may itself lie in the buffer, if exactly where its ciphertext goes: plain byte n of the
    chunk at `ENVELOPE_HEADER + n`.

    Args:
        key: The key of the object.
        object_id: Object that the chunk belongs to.
        index: Index of the chunk, from 0.
        count: How many chunks the object has.
        buffer: Writable, with room for the plain chunk + `ENVELOPE_OVERHEAD` + `SEALING_SLACK`.
    """

    __slots__ = ("_buffer", "_encryptor", "_end")

    def __init__(
        self, key: ObjectKey, object_id: UUID, index: int, count: int, buffer: memoryview
    ) -> None:
        nonce = os.urandom(NONCE_SIZE)
        self._encryptor = Cipher(algorithms.AES256(key.secret), modes.GCM(nonce)).encryptor()
        self._encryptor.authenticate_additional_data(_associated_data(object_id, index, count))
        self._buffer = buffer
        buffer[:ENVELOPE_HEADER] = VERSION + key.key_id + nonce
        self._end = ENVELOPE_HEADER

    def update(self, piece: bytes | bytearray | memoryview) -> None:
        """Encrypts the next bytes of the chunk. Raises ValueError when the buffer has no room."""
        end = self._end + len(piece)
        if end + TAG_SIZE > len(self._buffer):
            raise ValueError("the chunk is longer than its buffer")
        self._encryptor.update_into(piece, self._buffer[self._end :])
        self._end = end

    def finish(self) -> memoryview:
        """Adds the tag and returns the whole envelope, a part of the caller's buffer."""
        self._encryptor.finalize()
        end = self._end + TAG_SIZE
        self._buffer[self._end : end] = self._encryptor.tag
        return self._buffer[:end]


def open_chunk(
    sealed: Writable, find_key: FindObjectKey, object_id: UUID, index: int, count: int
) -> memoryview:
    """Decrypts a version 1 envelope in place.

    Args:
        sealed: The whole envelope. It is overwritten, and worthless after an error.
        find_key: Finds the key that has sealed the chunk.
        object_id: Object that the chunk must belong to.
        index: Index that the chunk must have.
        count: How many chunks the object must have.

    Returns:
        The plain bytes, a part of `sealed`.

    Raises:
        ChunkCorrupt: This is not that chunk, or not one byte of it may be trusted.
        UnknownKey: The key that it names is not to be had.
    """
    view = memoryview(sealed)
    if len(view) < ENVELOPE_OVERHEAD or view[:1] != VERSION:
        raise ChunkCorrupt("not an envelope of version 1")
    key_id = bytes(view[1 : 1 + KEY_ID_SIZE])
    key = find_key(object_id, key_id)
    if key is None:
        raise UnknownKey(key_id)
    nonce = bytes(view[1 + KEY_ID_SIZE : ENVELOPE_HEADER])
    tag = bytes(view[-TAG_SIZE:])
    associated_data = _associated_data(object_id, index, count)
    return _decrypt(key.secret, nonce, tag, associated_data, view[ENVELOPE_HEADER:-TAG_SIZE])


def open_base_chunk(sealed: Writable, key: bytes) -> memoryview:
    """Decrypts an envelope of the base protocol in place.

    Args:
        sealed: The whole envelope.
        key: The 32 bytes of the master key that has sealed it.

    Returns:
        The plain bytes, a part of `sealed`, which is overwritten and worthless after an error.

    Raises:
        ChunkCorrupt: The tag does not fit; the key may be the wrong one.
    """
    view = memoryview(sealed)
    if len(view) < _BASE_HEADER:
        raise ChunkCorrupt("too short for an encrypted chunk")
    iv = bytes(view[:_BASE_IV_SIZE])
    tag = bytes(view[_BASE_IV_SIZE:_BASE_HEADER])
    return _decrypt(key, iv, tag, b"", view[_BASE_HEADER:])


def _decrypt(
    key: bytes, nonce: bytes, tag: bytes, associated_data: bytes, text: memoryview
) -> memoryview:
    decryptor = Cipher(algorithms.AES256(key), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(associated_data)
    # `update_into` may require a free block behind its output, so the last block is decrypted apart.
    split = max(0, len(text) - _BLOCK)
    decryptor.update_into(text[:split], text)
    text[split:] = decryptor.update(bytes(text[split:]))
    try:
        decryptor.finalize()
    except InvalidTag:
        raise ChunkCorrupt("the authentication tag does not fit") from None
    return text
