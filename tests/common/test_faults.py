"""Faults that last, and what is told of them."""

import errno

import pytest
from structlog.testing import capture_logs

from common.faults import QUIET_S, FaultLog, disk_fault


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "the disk is full: make room on it"),
        (errno.EDQUOT, "the disk is full: make room on it"),
        (errno.EROFS, "the disk is read-only: mount it for writing"),
        (errno.EIO, None),
        (errno.ECONNRESET, None),
    ],
)
def test_faults_of_the_disk(number: int, told: str | None) -> None:
    """A full and a read-only disk stay so until somebody acts, and the text says how."""
    assert disk_fault(OSError(number, "")) == told


def test_a_fault_is_told_once_and_its_end_once() -> None:
    """However often it is met, also where something works in between."""
    now = 1000.0
    faults = FaultLog("disk-fault", monotonic=lambda: now, folder="data")
    with capture_logs() as lines:
        faults.works()
        for _ in range(3):
            faults.met("full")
            faults.works()
            now += QUIET_S - 1
            faults.works()
        faults.met("read-only")
        faults.met("full")
        now += QUIET_S
        faults.works()
        faults.works()
        faults.met("full")
    told = [(line["event"], line.get("reason"), line["folder"]) for line in lines]
    assert told == [
        ("disk-fault", "full", "data"),
        ("disk-fault", "read-only", "data"),
        ("fault-over", None, "data"),
        ("disk-fault", "full", "data"),
    ]
