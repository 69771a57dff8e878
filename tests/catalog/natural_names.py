"""Names, and the order in which people would put them, worked out without keys."""

import re
import unicodedata

from hypothesis import strategies as st

# Letters of each kind that is folded, numbers, and what sorts around them in ASCII.
PARTS = st.sampled_from([*"aAbBzZäÄéßøŁИй²0129 ._-()%~日😀", "e\u0301", "00", "10", "9" * 30])
NAMES = st.lists(PARTS, min_size=1, max_size=6).map("".join).filter(lambda name: len(name) <= 127)


def plain(name: str) -> str:
    """The name without case and accents."""
    return re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", name.casefold()))


def natural(name: str) -> list[tuple[int, int]]:
    """Numbers by magnitude, where digits are; all else by code point, without case and accents."""
    order = []
    for index, part in enumerate(re.split("([0-9]+)", plain(name))):
        order += [(ord("0"), int(part))] if index % 2 else [(ord(letter), 0) for letter in part]
    return order
