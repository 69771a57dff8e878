"""Secrets that the catalog keeps, encrypted with a master key, so that a copy of the database reveals none.

    master key id(4) ‖ nonce(12) ‖ ciphertext ‖ tag(16)

AES-256-GCM under a key for the purpose: HKDF-SHA256 of the master key. What the secret belongs to is
associated data, so that it cannot be moved elsewhere.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.key_derivation import KEY_ID_SIZE, Purpose, derive_key
from storage.keys import KeyRing, MasterKey

_NONCE_SIZE = 12


def seal(master: MasterKey, purpose: Purpose, secret: bytes, belongs_to: bytes) -> bytes:
    """Encrypts a secret with a master key."""
    nonce = secrets.token_bytes(_NONCE_SIZE)
    cipher = AESGCM(derive_key(master.secret, purpose))
    return master.key_id + nonce + cipher.encrypt(nonce, secret, belongs_to)


def unseal(keyring: KeyRing, purpose: Purpose, sealed: bytes, belongs_to: bytes) -> bytes | None:
    """The secret; None if no key of the ring opens it."""
    master = keyring.find(sealed[:KEY_ID_SIZE])
    if master is None:
        return None
    header = KEY_ID_SIZE + _NONCE_SIZE
    cipher = AESGCM(derive_key(master.secret, purpose))
    try:
        return cipher.decrypt(sealed[KEY_ID_SIZE:header], sealed[header:], belongs_to)
    except (InvalidTag, ValueError):
        return None
