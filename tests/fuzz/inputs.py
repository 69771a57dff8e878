"""What all targets share: how often they run, mutated and long input, and the bound on the time of one."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

fuzzed = settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "25")))
"""Decorates every target: `make test` runs a few examples, `make fuzz` hundreds in each round."""
MOST_S = 1.0
"""Processor time that one input may take: a hundred times what any needs, and seconds less than a loop."""


@contextmanager
def quickly(most_s: float = MOST_S) -> Iterator[None]:
    """The block takes no longer than that on the processor, whatever else the machine does."""
    began_at = time.thread_time()
    yield
    taken_s = time.thread_time() - began_at
    assert taken_s <= most_s, f"one input took {taken_s:.1f} s"


def repeated(piece: st.SearchStrategy[Any], most: int = 65_536) -> st.SearchStrategy[Any]:
    """A small piece over and over, up to about `most` characters: what takes quadratic time shows."""

    def often(piece: Any, share: int) -> Any:
        return piece * (most * share // 100 // max(1, len(piece)))

    return st.builds(often, piece, st.integers(0, 100))


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes with a few of them changed, dropped, doubled, or replaced by others."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        stop = min(len(content), start + draw(st.integers(0, 12)))
        kept = bytes(content[start:stop])
        new = draw(st.sampled_from([b"", kept * 2]) | st.binary(max_size=6))
        content[start:stop] = new
    return bytes(content)


@st.composite
def mutated_text(draw: st.DrawFn, whole: str) -> str:
    """As `mutated`, of text."""
    return draw(mutated(whole.encode("utf-8", "surrogatepass"))).decode("latin-1")


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON, with the numbers and texts that programs stumble over."""
    numbers = st.sampled_from([0, -1, 2**31, 2**53, 2**63, 2**64, 10**400, 0.5, -0.0, 1e308])
    texts = st.sampled_from(["", "\x00", "\ud800", "é" * 300, "../..", "null", "1", "\u202e"])
    leaves = st.none() | st.booleans() | st.integers() | numbers | texts | st.text(max_size=8)
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
        ),
        max_leaves=12,
    )
