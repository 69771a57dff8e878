"""Keys of single objects: what seals and opens the chunks of one object, and nothing else.

The manager derives them from a master key (`storage.keys`). Whoever has one can neither derive the master
key from it nor the key of another object.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from common.key_derivation import DERIVED_SIZE, KEY_ID_SIZE


class ObjectKey:
    """The key that seals the chunks of one object.

    Attributes:
        secret: The key itself, 32 bytes. Never shown in a repr.
        key_id: Four bytes that identify the master key from which it is derived; they reveal nothing of
            either.

    Raises:
        ValueError: The secret does not have 32 bytes, or the id does not have four.
    """

    __slots__ = ("__weakref__", "key_id", "secret")

    def __init__(self, secret: bytes, key_id: bytes) -> None:
        if len(secret) != DERIVED_SIZE or len(key_id) != KEY_ID_SIZE:
            raise ValueError(f"an object key has {DERIVED_SIZE} bytes, and an id of {KEY_ID_SIZE}")
        self.secret = bytes(secret)
        self.key_id = bytes(key_id)

    def __repr__(self) -> str:
        return f"ObjectKey(key_id={self.key_id.hex()})"


class KeysOfObjects:
    """What opens the chunks of some objects: a key of each for each master key, and no master key.

    Args:
        keys: Those of each object.
    """

    def __init__(self, keys: Mapping[UUID, Sequence[ObjectKey]]) -> None:
        self._keys = {(owner, key.key_id): key for owner, own in keys.items() for key in own}

    def __iter__(self) -> Iterator[ObjectKey]:
        # Chunks of the base protocol are opened by a master key itself.
        return iter(())

    def object_key(self, object_id: UUID, key_id: bytes) -> ObjectKey | None:
        """The key that is derived from the master key of this id; None: it is not here."""
        return self._keys.get((object_id, key_id))
