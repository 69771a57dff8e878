"""Keys by which names are listed: in natural order, without regard to case and accents.

`IMG_2` comes before `IMG_10`, and `app.ts` before `README.md`. A key is text that databases compare by
code points (SQLite's BINARY, PostgreSQL's "C"). It is the folded name, in which each number is preceded
by a 0 and its length in two hexadecimal digits, and has no leading zeros: so numbers compare by
magnitude, and every digit of a key belongs to a number.

Both databases store keys. A change of these rules, or of those of folding, needs a migration that makes
all keys anew, in PostgreSQL with a new version of `natural_sort_key`, which follows the same rules.
"""

import re
from typing import Final

from catalog.folding import folded

_NUMBER: Final = re.compile("[0-9]+")
_LAST_NUMBER: Final = re.compile("[0-9]+$")
_LIKE_WILDCARD: Final = re.compile(r"[%_\\]")
_LENGTH_MARK: Final = 3
"""Code points before the digits of a number."""
MAX_KEY_LENGTH: Final = 255
"""Code points; longer keys are cut there, since folding may make a name many times as long."""


def natural_sort_key(name: str) -> str:
    """The key that stands beside a name in the database."""
    return _NUMBER.sub(_number_key, folded(name))[:MAX_KEY_LENGTH]


def prefix_pattern(prefix: str) -> str:
    r"""The pattern for LIKE, with `\` as its escape, that the keys of all names with the prefix are like.

    A number at its end is the beginning of a number: `img_2` is that of `IMG_2` and `IMG_20`. Keys have no
    leading zeros, so keys of other names are like it, too: whether a name begins so, the folded name says.
    """
    beginning = folded(prefix)
    last_number = _LAST_NUMBER.search(beginning)
    if last_number is None:
        return _literal(natural_sort_key(beginning)) + "%"
    stem = natural_sort_key(beginning[: last_number.start()])
    digits = last_number[0].lstrip("0")
    if len(stem) + _LENGTH_MARK + len(digits) > MAX_KEY_LENGTH:
        return _literal(stem) + "%"
    return f"{_literal(stem)}0__{digits}%"


def _number_key(number: re.Match[str]) -> str:
    digits = number[0].lstrip("0")
    return f"0{len(digits):02x}{digits}"


def _literal(key: str) -> str:
    return _LIKE_WILDCARD.sub(r"\\\g<0>", key)
