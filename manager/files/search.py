"""Searches of clients, and what keeps the index of texts complete."""

from typing import Final

from catalog.search_port import SearchStore

_INDEXED_AT_ONCE: Final = 100


async def index_older_texts(catalog: SearchStore) -> None:
    """Indexes what processing had found before it was searched, or before an import, and returns."""
    while await catalog.index_texts(limit=_INDEXED_AT_ONCE):
        pass
