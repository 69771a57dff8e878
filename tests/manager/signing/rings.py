"""Signers without a catalog."""

from collections.abc import Callable

from catalog.records import DERIVED_KEY_ID
from common.key_derivation import Purpose
from manager.signing.signatures import Signer, SigningKey, SigningKeyRing

LIFE_S = 1000.0
"""For how long a retired key verifies."""
KEY_ID = bytes.fromhex("0a0b0c0d")


def signer_of(
    secret: bytes,
    purpose: Purpose,
    clock: Callable[[], float] = lambda: 0.0,
    *,
    key_id: bytes = KEY_ID,
) -> Signer:
    """A signer with one key, or (`DERIVED_KEY_ID`) the one that verifies what earlier releases signed."""
    ring = SigningKeyRing({purpose: LIFE_S}, clock)
    ring.replace([SigningKey.of(key_id, 0.0, secret, ring.purposes)])
    return Signer(ring, purpose)


def released_signer_of(secret: bytes, purpose: Purpose) -> Signer:
    """Verifies what release 0.2.0 signed with this oldest master key."""
    return signer_of(secret, purpose, key_id=DERIVED_KEY_ID)
