"""Which of what processing found out about content is searched."""

from collections.abc import Iterator, Mapping
from typing import Final

from catalog.folding import distinct_words
from catalog.search_port import MAX_INDEXED_LENGTH

SEARCHED_FIELDS: Final = (
    "title",
    "author",
    "subject",
    "keywords",
    "description",
    "tags",
    "place",
    "camera",
    "taken_at",
    "text",
)
"""Fields of metadata, those first that are kept when there are too many words."""


def words_in_metadata(metadata: Mapping[str, object]) -> str:
    """The words of the searched fields, once each and sorted, joined by blanks."""
    texts = (text for name in SEARCHED_FIELDS for text in _texts(metadata.get(name)))
    return distinct_words(texts, max_length=MAX_INDEXED_LENGTH)


def _texts(value: object) -> Iterator[str]:
    """All texts in a value, however deep; processing bounds the depth of metadata."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
