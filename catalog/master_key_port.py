"""The part of the port that remembers which master keys have sealed the content.

The promises of `catalog.port` hold here as well. Keys are known by their ids, which give nothing of them
away.
"""

from collections.abc import Collection, Mapping
from typing import Protocol


class MasterKeyStore(Protocol):
    """Which key has sealed what, by the time at which an upload began."""

    async def note_master_key(self, key_id: bytes) -> None:
        """New content is sealed with this key from now on.

        The first key that is ever noted is taken for that of all content before. No change if it is the
        last one that was noted.
        """

    async def content_of_missing_keys(self, configured: Collection[bytes]) -> Mapping[bytes, int]:
        """How many stored objects were sealed with each key that is not one of these.

        Keys without any are left out. The effort is that of all objects, unless no key is missing.
        """
