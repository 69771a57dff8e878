"""What processes that are not ours cost: CPU time and memory, with all that they started.

Of a running server they are read from /proc, before and after the work. Of a command, which ends, the
kernel says them when it is waited for.
"""

import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_SAMPLE_MS = 20
_RESET_PEAK_RSS = "5"
"""Written to /proc/PID/clear_refs: proc(5)."""


@dataclass(frozen=True, slots=True)
class CommandFigures:
    """What one run of a command took: seconds, CPU seconds, peak RSS of its largest process in MiB."""

    wall_s: float
    cpu_s: float
    peak_rss_mib: float


def run_measured(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path
) -> CommandFigures:
    """Run a command to its end.

    Args:
        command: the program, and its arguments.
        environment: variables beside those of this process.
        folder: where it runs; its output is kept there, in `command.log`.

    Raises:
        RuntimeError: it failed; the end of its output is in the text.
    """
    log = folder / "command.log"
    with log.open("wb") as output:
        began_at = time.monotonic()
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        peak_rss_mib = _peak_until_end(process.pid)
        wall_s = time.monotonic() - began_at
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {log.read_text(errors='replace')[-2000:]}")
    return CommandFigures(wall_s, usage.ru_utime + usage.ru_stime, peak_rss_mib)


def _peak_until_end(pid: int) -> float:
    """Wait for a process, which stays to be waited for, and return its peak RSS in MiB.

    The kernel's `ru_maxrss` begins with the memory of the process that forked, which is this one.
    """
    peak = 0.0
    ended = select.poll()
    descriptor = os.pidfd_open(pid)
    try:
        ended.register(descriptor, select.POLLIN)
        while not ended.poll(_SAMPLE_MS):
            peak = _memory_mib(pid, "VmHWM") or peak
    finally:
        os.close(descriptor)
    return peak


class ServerProcess:
    """A server that runs, and the processes that it started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def cpu_s(self) -> float:
        """Return the CPU seconds, user and system, since the start: also of children that ended."""
        return sum(_cpu_s(pid) for pid in self._pids())

    def rss_mib(self) -> float:
        """Return the resident memory in MiB, without what was reserved but never used."""
        return sum(_memory_mib(pid, "VmRSS") for pid in self._pids())

    def peak_rss_mib(self) -> float:
        """Return the peak of the server's own process since `forget_peak`, in MiB."""
        return _memory_mib(self.pid, "VmHWM")

    def forget_peak(self) -> None:
        """Begin the peak of resident memory anew."""
        Path(f"/proc/{self.pid}/clear_refs").write_text(_RESET_PEAK_RSS)

    def _pids(self) -> Iterator[int]:
        waiting = [self.pid]
        while waiting:
            pid = waiting.pop()
            yield pid
            waiting += _children(pid)


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for each in listed for child in each.read_text().split()]


def _cpu_s(pid: int) -> float:
    # The name may hold blanks and brackets; the numbers begin behind the last bracket.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS_PER_S


def _memory_mib(pid: int, name: str) -> float:
    """Return a figure of /proc/PID/status; 0 once the process has ended."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0
