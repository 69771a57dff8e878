"""Faults that last until an operator acts: what to do about them, and logging each once."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog

log = structlog.get_logger(__name__)

QUIET_S: Final = 60.0
"""Seconds without a fault after which it is over."""
_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def disk_fault(error: OSError) -> str | None:
    """A fault of the disk that only the operator can repair, and how; None for other errors."""
    if error.errno in _DISK_FULL:
        return "the disk is full: make room on it"
    if error.errno == errno.EROFS:
        return "the disk is read-only: mount it for writing"
    return None


class FaultLog:
    """Logs a fault when it begins and when it is over, however often it occurs in between.

    What is small may still fit on a full disk, so a fault is over only when it was not met for a while.

    Args:
        event: Name of the event in the log; its end is the event `fault-over`, which names it.
        monotonic: Seconds that never jump.
        fields: Further fields of both lines.
    """

    def __init__(
        self, event: str, *, monotonic: Callable[[], float] = time.monotonic, **fields: object
    ) -> None:
        self._event = event
        self._monotonic = monotonic
        self._fields = fields
        self._reasons: set[str] = set()
        self._met_at = 0.0

    def met(self, reason: str) -> None:
        """The fault occurred, for the first time or again. Each of its few reasons is logged once."""
        self._met_at = self._monotonic()
        if reason not in self._reasons:
            self._reasons.add(reason)
            log.error(self._event, reason=reason, **self._fields)

    @contextmanager
    def noting(self, kind: type[Exception]) -> Iterator[None]:
        """Errors of this kind that leave the block are the fault, and their texts its reasons."""
        try:
            yield
        except kind as error:
            self.met(str(error))
            raise

    def works(self) -> None:
        """What may fail has worked this time."""
        if self._reasons and self._monotonic() - self._met_at >= QUIET_S:
            self._reasons.clear()
            log.info("fault-over", fault=self._event, **self._fields)
