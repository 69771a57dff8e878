"""What a suite of benchmarks is."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says: data per run in MiB, and how often everything is run."""

    mib: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Suite:
    """A named set of measurements; `run` gives the report that is printed."""

    name: str
    about: str
    run: Callable[[Options], Coroutine[None, None, str]]
