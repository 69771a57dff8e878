"""Master keys, from which the keys of single objects are derived. Only the manager has any."""

import base64
import binascii
import re
from collections.abc import Iterator
from uuid import UUID

from common.key_derivation import Purpose, derive_key, key_id
from common.wording import counted
from storage.errors import InvalidMasterKey
from storage.object_keys import ObjectKey

KEY_SIZE = 32


class MasterKey:
    """A secret of 32 bytes from which the key of every object is derived.

    Attributes:
        secret: The key itself. Never shown in a repr.
        key_id: Four bytes that identify the key that sealed a chunk; they reveal nothing of it.

    Raises:
        InvalidMasterKey: The secret does not have 32 bytes.
    """

    __slots__ = ("key_id", "secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_SIZE:
            raise InvalidMasterKey(f"a master key has {KEY_SIZE} bytes, this one {len(secret)}")
        self.secret = bytes(secret)
        self.key_id = key_id(self.secret)

    def __repr__(self) -> str:
        return f"MasterKey(key_id={self.key_id.hex()})"

    def derive(self, object_id: UUID, purpose: Purpose) -> bytes:
        """The 32-byte key of one object for one purpose."""
        return derive_key(self.secret, purpose, salt=object_id.bytes)

    def object_key(self, object_id: UUID) -> ObjectKey:
        """The key that seals the chunks of one object."""
        return ObjectKey(self.derive(object_id, Purpose.CHUNK), self.key_id)


class KeyRing:
    """Several master keys, for rotation: the first encrypts, all decrypt.

    Raises:
        InvalidMasterKey: There is no key, or two have the same id.
    """

    __slots__ = ("_by_id", "_keys")

    def __init__(self, *keys: MasterKey) -> None:
        if not keys:
            raise InvalidMasterKey("at least one master key is needed")
        self._keys = keys
        self._by_id = {key.key_id: key for key in keys}
        if len(self._by_id) != len(keys):
            raise InvalidMasterKey("the same master key is given twice")

    def __repr__(self) -> str:
        return f"KeyRing{self._keys!r}"

    def __iter__(self) -> Iterator[MasterKey]:
        return iter(self._keys)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Reads base64 keys of 32 bytes, separated by commas or white space.

        Raises:
            InvalidMasterKey: Names the position of the bad key, never the key.
        """
        entries = [entry for entry in re.split(r"[,\s]+", text) if entry]
        return cls(
            *(_parse_key(entry, position) for position, entry in enumerate(entries, start=1))
        )

    @property
    def primary(self) -> MasterKey:
        """The key that encrypts."""
        return self._keys[0]

    @property
    def oldest(self) -> MasterKey:
        """The last key, with which earlier releases signed: rotation puts new keys first."""
        return self._keys[-1]

    def find(self, key_id: bytes) -> MasterKey | None:
        """The key that has this id, or None when it is not configured."""
        return self._by_id.get(key_id)

    def object_key(self, object_id: UUID, key_id: bytes) -> ObjectKey | None:
        """An object's key, derived from the key that has this id; None when it is not configured."""
        key = self.find(key_id)
        return None if key is None else key.object_key(object_id)


def _parse_key(word: str, position: int) -> MasterKey:
    try:
        secret = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidMasterKey(f"master key {position} is not base64") from None
    if len(secret) != KEY_SIZE:
        raise InvalidMasterKey(
            f"master key {position} has {counted(len(secret), 'byte')}, {KEY_SIZE} are needed"
        )
    return MasterKey(secret)
