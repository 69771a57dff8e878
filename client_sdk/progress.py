"""How far a transfer has come."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where a transfer stands."""

    WAITING = "waiting"
    """No upload service is free yet, or a retry is due."""
    SPOOLING = "spooling"
    """A stream of unknown size is read into a temporary file; `transferred` counts its bytes."""
    TRANSFERRING = "transferring"
    """Bytes are on their way."""
    SETTLING = "settling"
    """All bytes have arrived; the manager has yet to give them their name."""
    DONE = "done"
    """The transfer is complete."""


@dataclass(frozen=True)
class Progress:
    """One report about one transfer.

    Attributes:
        stage: Where it stands.
        transferred: Bytes that are through. Falls when something has to be sent again.
        total: Size of the whole, in bytes; None while it is not known.
    """

    stage: Stage
    transferred: int
    total: int | None


ProgressCallback = Callable[[Progress], None]


class ProgressMeter:
    """Counts the bytes of one transfer and reports every change to a callback.

    Args:
        total: Size of the whole, in bytes; None if it is not known yet.
        report: Called with every change, in the event loop: it must be quick. None reports to
            nobody.
    """

    def __init__(self, total: int | None, report: ProgressCallback | None) -> None:
        self._total = total
        self._report = report
        self._stage = Stage.WAITING
        self._transferred = 0

    def enter(self, stage: Stage) -> None:
        """The transfer has come to another stage."""
        self._stage = stage
        self._tell()

    def measure(self, total: int) -> None:
        """The size of the whole is known now."""
        self._total = total
        self._tell()

    def restart(self, transferred: int = 0) -> None:
        """Begin anew, with so many bytes already there."""
        self._transferred = transferred
        self._tell()

    def add(self, count: int) -> None:
        """So many bytes more are through; fewer when negative."""
        self._transferred += count
        self._tell()

    def _tell(self) -> None:
        if self._report is not None:
            self._report(Progress(self._stage, self._transferred, self._total))
