"""How slowly somebody may read. No I/O; durations are passed in.

A reader has so many seconds of patience. Seconds of waiting for the reader use it up, and every byte
that is taken gives some back, as many as it takes at the lowest pace. So who is at least that fast on
average is never given up, whatever the pauses between, as long as none outlasts the patience; who takes
nothing is given up after it, and who is too slow the sooner, the slower.
"""


class ReaderPace:
    """The patience that is left with one reader.

    Args:
        patience_s: Seconds of waiting without a byte after which a reader is given up.
        lowest_bytes_per_s: What a reader has to take on average; 0 for no such demand.
    """

    def __init__(self, *, patience_s: float, lowest_bytes_per_s: float) -> None:
        self._patience_s = patience_s
        self._lowest_bytes_per_s = lowest_bytes_per_s
        self._left_s = patience_s

    @property
    def left_s(self) -> float:
        """Seconds that may be waited for the reader now; 0 when there are none left."""
        return max(0.0, self._left_s)

    def took(self, size_bytes: int, waited_s: float) -> None:
        """Notes that the reader has taken so many bytes, for which so many seconds were waited."""
        if self._lowest_bytes_per_s == 0:
            return
        gained_s = size_bytes / self._lowest_bytes_per_s
        self._left_s = min(self._patience_s, self._left_s - waited_s + gained_s)
