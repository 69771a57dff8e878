"""The bare cost of the cryptography: SHA-256 and AES-256-GCM in memory, piece by piece."""

import hashlib
import os
import time

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_PIECE = 256 * 1024


def crypto_cpu_s(count: int, chunk_size: int) -> float:
    """CPU seconds that hashing and encrypting `count` chunks takes."""
    plain = memoryview(os.urandom(chunk_size))
    sealed = memoryview(bytearray(chunk_size + 64))
    before = time.process_time()
    for _ in range(count):
        digest = hashlib.sha256()
        encryptor = Cipher(algorithms.AES256(os.urandom(32)), modes.GCM(os.urandom(12))).encryptor()
        for start in range(0, chunk_size, _PIECE):
            piece = plain[start : start + _PIECE]
            digest.update(piece)
            encryptor.update_into(piece, sealed[start:])
        encryptor.finalize()
        digest.digest()
    return time.process_time() - before
