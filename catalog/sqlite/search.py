"""Finding files and folders.

An index answers one condition. So the conditions are tried one after the other: the first that at most
`MOST_CANDIDATES` entries satisfy gives the candidates, of which one statement takes those that satisfy the
others and that the viewer may find. Where each holds for more, entries are read in the order of the answer
until the page is full: what many entries satisfy is soon found.
"""

import json
import math
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from catalog.folding import gram_word
from catalog.indexed_text import words_in_metadata
from catalog.records import File, Folder
from catalog.rows import folder_of
from catalog.search_port import (
    MAX_TERMS,
    MIN_LARGE_BYTES,
    MIN_PREFIX_LENGTH,
    SearchHit,
    SearchPage,
    SearchPosition,
    SearchQuery,
    SearchRank,
    entry_id_of_file,
    entry_id_of_folder,
    hits_of,
    parent_id_of,
    split_entry_ids,
)
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, search, write
from catalog.sqlite.folders import path_to
from catalog.sqlite.placed_files import find_files
from catalog.sqlite.statements import sql

MOST_CANDIDATES: Final = 2000
MOST_TEXTS: Final = 1000
"""Contents with the words of a query that are looked at, those that were processed last."""
_ROWS_READ: Final = 500
_TRIGRAM: Final = 3
_LAST_CHARACTER: Final = "\U0010ffff"
_START: Final = SearchPosition(rank=SearchRank.NAME, changed_at=math.inf, entry_id=0)
_NAMES: Final = (SearchRank.NAME, SearchRank.PREFIX, SearchRank.PART)


class SqliteSearch(SqlitePart):
    """`SearchStore` on SQLite."""

    @search
    def search(
        self,
        session: Session,
        query: SearchQuery,
        *,
        viewer_id: int,
        after: SearchPosition | None = None,
        limit: int,
        counts_folder_rights: bool = False,
    ) -> SearchPage:
        """Entries that the viewer may list, those of the best rank first. Raises `SearchTooLong`."""
        search_ = _Search(session, query, viewer_id, counts_folder_rights=counts_folder_rights)
        found = search_.positions(after or _START, limit + 1)
        hits = _hits(session, found[:limit], viewer_id)
        return SearchPage(hits=hits, next=found[limit - 1] if len(found) > limit else None)

    @write
    def index_texts(self, session: Session, *, limit: int) -> int:
        """Indexes what was found out before. Answers how many objects it looked at."""
        rows = session.rows(sql.objects_to_index, limit=limit)
        for row in rows:
            put_text(session, row["id"], words_in_metadata(json.loads(row["metadata"])))
        return len(rows)


def put_text(session: Session, object_id: bytes, words: str) -> None:
    """Indexes the words of content, in place of those that it has."""
    session.run(sql.delete_text, object_id=object_id)
    if words:
        session.run(sql.insert_text, object_id=object_id, words=words)
    session.run(sql.note_text_indexed, object_id=object_id)


class _Search:
    """One search, within a snapshot."""

    def __init__(
        self, session: Session, query: SearchQuery, viewer_id: int, *, counts_folder_rights: bool
    ) -> None:
        self._session = session
        self._query = query
        self._types = _types(session, query) if query.types else None
        terms = [*query.terms, *[""] * (MAX_TERMS - len(query.terms))]
        self._conditions = {
            "viewer_id": viewer_id,
            "counts_folder_rights": counts_folder_rights,
            "text": query.folded_text,
            "length": len(query.folded_text),
            **{f"term_{letter}": term for letter, term in zip("abcdefgh", terms, strict=True)},
            "files": query.files,
            "folders": query.folders,
            "types": self._types and json.dumps(self._types),
            "min_size": query.min_size,
            "max_size": query.max_size,
            "changed_from": query.changed_from,
            "changed_before": query.changed_before,
            "owner_id": query.owner_id,
            "below": query.below,
        }

    def positions(self, after: SearchPosition, limit: int) -> list[SearchPosition]:
        """The entries behind a position, in their order."""
        if self._types == []:
            return []
        found = self._named(after, limit) if after.rank in _NAMES else []
        words = self._query.words
        if len(found) < limit and words and self._query.files:
            ids = self._ids(sql.search_ids_by_text, texts=_full_text_of(words), most=MOST_TEXTS)
            found += self._page(ids, after, limit - len(found), (SearchRank.TEXT,))
        return found

    def _named(self, after: SearchPosition, limit: int) -> list[SearchPosition]:
        for candidates in self._candidates():
            if len(candidates) <= MOST_CANDIDATES:
                return self._page(candidates, after, limit, _NAMES)
        found: list[SearchPosition] = []
        for rank in _NAMES[after.rank :] if self._query.folded_text else _NAMES[:1]:
            found += self._of_rank(rank, after, limit - len(found))
            if len(found) == limit:
                break
        return found

    def _candidates(self) -> Iterator[list[int]]:
        """For each condition that an index answers, some entries: all, or more than are looked at."""
        query = self._query
        if names := [term for term in query.terms if len(term) >= _TRIGRAM]:
            yield self._ids(sql.search_ids_by_name, names=" AND ".join(map(_quoted, names)))
        if grams := [gram_word(term) for term in query.terms if len(term) < _TRIGRAM]:
            yield self._ids(sql.search_ids_by_grams, grams=" AND ".join(map(_quoted, grams)))
        if query.below is not None:
            yield self._ids(sql.search_ids_below, below=query.below)
        if query.min_size is not None and query.min_size >= MIN_LARGE_BYTES:
            yield self._ids(sql.search_ids_large, min_size=query.min_size)
        if query.owner_id is not None:
            yield self._ids(sql.search_ids_of_owner, owner_id=query.owner_id)
        if self._types is not None:
            yield self._ids(sql.search_ids_of_types, types=json.dumps(self._types))
        if query.changed_from is not None or query.changed_before is not None:
            first, last = query.changed_from or 0.0, query.changed_before or math.inf
            yield self._ids(sql.search_ids_of_time, changed_from=first, changed_before=last)

    def _of_rank(self, rank: SearchRank, after: SearchPosition, limit: int) -> list[SearchPosition]:
        text = self._query.folded_text
        if text and rank is not SearchRank.PART:
            last = text + (_LAST_CHARACTER if rank is SearchRank.PREFIX else "\0")
            candidates = self._ids(sql.search_ids_by_beginning, first=text, last=last)
            if len(candidates) <= MOST_CANDIDATES:
                return self._page(candidates, after, limit, (rank,))
        return self._read_by_time(rank, after if after.rank is rank else _START, limit)

    def _read_by_time(
        self, rank: SearchRank, after: SearchPosition, limit: int
    ) -> list[SearchPosition]:
        found: list[SearchPosition] = []
        at, entry_id = after.changed_at, after.entry_id
        before = self._query.changed_before
        if before is not None and before <= at:
            at, entry_id = before, 0
        while len(found) < limit:
            rows = self._session.rows(
                sql.search_ids_by_time,
                **self._conditions,
                rank=rank,
                from_at=-math.inf if self._query.changed_from is None else self._query.changed_from,
                before_at=at,
                before_id=entry_id,
                limit=_ROWS_READ,
            )
            ids = [row["id"] for row in rows]
            found += self._page(ids, _START, limit - len(found), (rank,))
            if len(rows) < _ROWS_READ:
                break
            at, entry_id = rows[-1]["changed_at"], rows[-1]["id"]
        return found

    def _ids(self, statement: str, *, most: int | None = None, **parameters: object) -> list[int]:
        """At most so many entries; None for one more than are looked at."""
        most = MOST_CANDIDATES + 1 if most is None else most
        rows = self._session.rows(statement, **parameters, most=most)
        return [row["id"] for row in rows]

    def _page(
        self,
        ids: list[int],
        after: SearchPosition,
        limit: int,
        ranks: tuple[SearchRank, ...],
    ) -> list[SearchPosition]:
        rows = self._session.rows(
            sql.search_page,
            **self._conditions,
            ids=json.dumps(ids),
            is_text=SearchRank.TEXT in ranks,
            first_rank=ranks[0],
            last_rank=ranks[-1],
            after_rank=after.rank,
            after_at=after.changed_at,
            after_id=after.entry_id,
            limit=limit,
        )
        return [
            SearchPosition(
                rank=SearchRank(row["rank"]), changed_at=row["changed_at"], entry_id=row["id"]
            )
            for row in rows
        ]


def _types(session: Session, query: SearchQuery) -> list[str]:
    """Those of the types that files have."""
    present = [row["mime_type"] for row in session.rows(sql.search_types)]
    return [each for each in present if any(fnmatchcase(each, type_) for type_ in query.types)]


def _full_text_of(words: tuple[str, ...]) -> str:
    return " AND ".join(
        _quoted(word) + ("*" if len(word) >= MIN_PREFIX_LENGTH else "") for word in words
    )


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _hits(session: Session, found: list[SearchPosition], viewer_id: int) -> tuple[SearchHit, ...]:
    file_ids, folder_ids = split_entry_ids([each.entry_id for each in found])
    entries: dict[int, File | Folder] = {
        entry_id_of_file(file.id): file for file in find_files(session, file_ids, viewer_id)
    }
    for row in session.rows(sql.search_folders, ids=json.dumps(folder_ids)):
        entries[entry_id_of_folder(row["id"])] = folder_of(row)
    paths = {
        id_: path_to(session, id_) for id_ in {parent_id_of(each) for each in entries.values()}
    }
    return hits_of(found, entries, paths)
