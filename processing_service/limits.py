"""Limits that the system holds a process to. A worker sets them on itself before it reads a byte.

Their theory: address space bounds memory whatever asks for it, C libraries included; processor time
ends loops; the timer ends the process even when nobody is left to kill it; without core files a crash
costs no disk, and no picture of anybody's ends in one.
"""

import math
import resource
import signal

from processing_service.order import Limits

OPEN_FILES = 256


def apply(limits: Limits) -> None:
    """Hold this process, and what it starts, to the limits from now on."""
    seconds = math.ceil(limits.timeout_s)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    # At the hard limit the system kills outright, and nobody could tell why.
    _limit(resource.RLIMIT_CPU, seconds, seconds + 1)
    _limit(resource.RLIMIT_FSIZE, limits.max_view_bytes)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.timeout_s)


def _limit(what: int, soft: int, hard: int | None = None) -> None:
    _, most = resource.getrlimit(what)
    wanted = (soft, soft if hard is None else hard)
    if most != resource.RLIM_INFINITY:
        wanted = (min(wanted[0], most), min(wanted[1], most))
    resource.setrlimit(what, wanted)
