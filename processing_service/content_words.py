"""The words of a document's text, as its metadata have them for searches."""

import re
from itertools import islice
from typing import Final

MAX_WORDS_LENGTH: Final = 40 * 1024
"""Bytes of all words together in UTF-8, with a blank between two."""
MAX_WORD_LENGTH: Final = 100
"""Code points; longer ones are no words that anybody searches."""
MAX_TEXT_LENGTH: Final = 4 * 1024 * 1024
"""Code points of the text that are looked at."""
_WORD: Final = re.compile(r"\w+")


def content_words(text: str) -> str:
    """Each word of a text once, in lower case and in the order in which they come, joined by blanks.

    Those that come after `MAX_WORDS_LENGTH` are left out.
    """
    words: dict[str, None] = {}
    length = 0
    for match in islice(_WORD.finditer(text, 0, MAX_TEXT_LENGTH), MAX_TEXT_LENGTH):
        word = match[0].lower()
        if word in words or len(word) > MAX_WORD_LENGTH:
            continue
        length += len(word.encode("utf-8", "replace")) + 1
        if length > MAX_WORDS_LENGTH:
            break
        words[word] = None
    return " ".join(words)
