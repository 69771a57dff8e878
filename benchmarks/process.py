"""Measured child processes: pinned to a core, with their CPU time and memory read from /proc."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_STOP_TIMEOUT_S = 20.0


def cores() -> tuple[frozenset[int], frozenset[int]]:
    """Cores for the measured process and for everybody else; the same ones when there is but one."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) == 1:
        return frozenset(usable), frozenset(usable)
    return frozenset(usable[:1]), frozenset(usable[1:])


class Child:
    """A running child process."""

    def __init__(
        self, pid: int, announcement: dict[str, Any], output: asyncio.StreamReader
    ) -> None:
        self.pid = pid
        self.announcement = announcement
        self._output = output

    async def announced(self) -> dict[str, Any]:
        """What it announces next."""
        facts: dict[str, Any] = json.loads(await self._output.readline())
        return facts

    def cpu_s(self) -> float:
        """CPU seconds, user and system, since it started."""
        # The name may hold blanks and brackets; the numbers begin behind the last bracket.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def peak_rss_mib(self) -> float:
        """The most memory that it has had resident, in MiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("/proc does not tell the peak of resident memory")


@asynccontextmanager
async def child(
    module: str, pinned_to: frozenset[int], environment: Mapping[str, str]
) -> AsyncIterator[Child]:
    """Run `python -m module` until the end of the block.

    The child announces that it is ready with one line of JSON on its standard output.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        os.sched_setaffinity(process.pid, pinned_to)
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise RuntimeError(f"{module} did not start")
        yield Child(process.pid, json.loads(line), process.stdout)
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def announce(**facts: object) -> None:
    """Tell the parent something: first of all that this process is ready."""
    print(json.dumps(facts), flush=True)
