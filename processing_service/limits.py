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
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_FSIZE, limits.max_view_bytes)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.timeout_s)


def _limit(what: int, value: int) -> None:
    _, most = resource.getrlimit(what)
    if most != resource.RLIM_INFINITY:
        value = min(value, most)
    resource.setrlimit(what, (value, value))
