"""Text as searches compare it: without case, accents and compatibility forms.

The database functions of Supabase fold by the same rules, character by character, so that both catalogs
give the same answers. `catalog_private.folded` and `catalog_private.words` have the same ranges.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

_MARKS: Final = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
"""Combining marks that people leave out when they type. Vowel signs of Indic scripts are none."""
_SEPARATORS: Final = re.compile(
    "[\\x00-/:-@\\[-`{-\x7f\x80-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7"
    "\u2000-\u206f\u2190-\u2bff\u3000-\u3004\u3008-\u3020\u3030\ud800-\udfff\ufe30-\ufe4f\ufffd]+"
)
"""What stands between words; all ASCII characters but letters and digits are among it."""
_IDEOGRAPHS: Final = re.compile(
    "([\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
)
"""Scripts without blanks between words: each character counts as a word."""
MAX_WORD_LENGTH: Final = 64
"""Code points; longer words are cut there."""


def folded(text: str) -> str:
    """The text as it is compared: `Straße`, `STRASSE` and `strasse` are one.

    A text that is folded already stays as it is. The result may be longer than the text.
    """
    if text.isascii():
        return text.lower()
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    # One character at a time: lower() makes of a sigma at the end of a word another one.
    lower = "".join(map(str.lower, plain)) if "\u03a3" in plain else plain.lower()
    return lower.replace("ß", "ss").replace("\u03c2", "\u03c3")


def short_grams(folded_name: str) -> str:
    """All that a name contains of one and two characters, as words of an index, joined by blanks.

    An index of trigrams cannot find these. They are in hexadecimal, since any character may be in them.
    """
    grams = {*folded_name, *map("".join, pairwise(folded_name))}
    return " ".join(map(gram_word, grams))


def gram_word(gram: str) -> str:
    """One of them, as a search looks for it."""
    return gram.encode("utf-8", "surrogatepass").hex()


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in their order."""
    spaced = _IDEOGRAPHS.sub(r" \1 ", _SEPARATORS.sub(" ", folded(text)))
    return [word[:MAX_WORD_LENGTH] for word in spaced.split(" ") if word]


def distinct_words(texts: Iterable[str], *, max_length: int) -> str:
    """All words of some texts, once each and sorted, joined by blanks.

    Args:
        texts: in the order of their importance.
        max_length: code points of the result; words that come after those that fit are left out.
    """
    found: set[str] = set()
    length = -1
    for text in texts:
        for word in words_of(text):
            if word in found:
                continue
            length += len(word) + 1
            if length > max_length:
                return " ".join(sorted(found))
            found.add(word)
    return " ".join(sorted(found))
