"""An authenticator in software, as a browser shows it to a page: makes passkeys and signs with them."""

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


class Authenticator:
    """One passkey, for one website.

    Args:
        origin: Where the browser is.
        counts: Whether it has a signature counter.
    """

    def __init__(self, origin: str, *, counts: bool = False) -> None:
        self.origin = origin
        self.verifies_user = True
        self.counter = 0
        self._counts = counts
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._id = os.urandom(16)
        self._handle = b""

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create()` answers, as JSON."""
        self._handle = _bytes(options["user"]["id"])
        numbers = self._key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: _coordinate(numbers.x), -3: _coordinate(numbers.y)}
        credential = bytes(16) + len(self._id).to_bytes(2, "big") + self._id + cbor.encode(cose)
        data = self._data(options["rp"]["id"], _ATTESTED) + credential
        attestation = {"fmt": "none", "attStmt": {}, "authData": data}
        return self._credential(
            {
                "clientDataJSON": _text(self._client_data("webauthn.create", options)),
                "attestationObject": _text(cbor.encode(attestation)),
            }
        )

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get()` answers, as JSON."""
        self.counter += self._counts
        client_data = self._client_data("webauthn.get", options)
        data = self._data(options["rpId"], 0)
        signed = data + hashlib.sha256(client_data).digest()
        return self._credential(
            {
                "clientDataJSON": _text(client_data),
                "authenticatorData": _text(data),
                "signature": _text(self._key.sign(signed, ec.ECDSA(SHA256()))),
                "userHandle": _text(self._handle),
            }
        )

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        return {
            "id": _text(self._id),
            "rawId": _text(self._id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": response,
        }

    def _data(self, website: str, flags: int) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies_user else 0)
        counter = self.counter.to_bytes(4, "big")
        return hashlib.sha256(website.encode()).digest() + bytes([flags]) + counter

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        facts = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps({**facts, "crossOrigin": False}).encode()


def _coordinate(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
