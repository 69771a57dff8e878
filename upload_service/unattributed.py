"""Bodies that begin with the file: to which upload they belong is known only when they are over.

Anybody who reaches this service can send one, without knowing of any upload. So they are few at
once, and none may hold its place for long with a byte now and then: what comes too slowly is ended.
"""

from typing import Final

from storage.envelope import ENVELOPE_HEADER
from upload_service.buffers import Lease
from upload_service.errors import BodyTooLarge
from upload_service.stall import MIN_BYTES_PER_S, Pace, StallGuard

_PATIENCE: Final = 1 / 6
"""How far a body may fall behind, as a part of the time in which it may stand still. Whoever waits
for its place gives up after that time, so the places change hands several times before."""
_TOO_SLOW: Final = (
    f"a body that begins with the file must come at {MIN_BYTES_PER_S // 1024} KiB/s at least; "
    "send the fields id and chunk before the file"
)


class Collecting:
    """Takes all that comes from the file on, exactly where its ciphertext will stand.

    Args:
        lease: where it goes.
        guard: of the reception; must be entered already.
    """

    def __init__(self, lease: Lease, guard: StallGuard) -> None:
        self.lease = lease
        self._pace = Pace(guard, patience_s=guard.stall_s * _PATIENCE, reason=_TOO_SLOW)
        self._size = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        start = ENVELOPE_HEADER + self._size
        if start + len(piece) > len(self.lease.buffer):
            raise BodyTooLarge("the body is larger than any chunk")
        self.lease.buffer[start : start + len(piece)] = piece
        self._size += len(piece)
        self._pace.came(len(piece))

    def collected(self) -> memoryview:
        """All bytes, once the body is over."""
        self._pace.stop()
        return self.lease.buffer[ENVELOPE_HEADER : ENVELOPE_HEADER + self._size]

    def discard(self) -> None:
        """Give everything back."""
        self._pace.stop()
        self.lease.release()
