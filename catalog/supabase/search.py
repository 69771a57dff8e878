"""Finding files and folders."""

import json
from typing import Final

from catalog.errors import SearchTooLong
from catalog.indexed_text import words_in_metadata
from catalog.records import File, Folder
from catalog.rows import folder_of
from catalog.search_port import (
    MIN_PREFIX_LENGTH,
    SearchHit,
    SearchPage,
    SearchPosition,
    SearchQuery,
    SearchRank,
    entry_id_of_file,
    entry_id_of_folder,
    hits_of,
)
from catalog.supabase.client import Answer, SupabasePart
from catalog.supabase.failures import StatementCanceled
from catalog.supabase.rows import Row, file_of, path_of

_TRIGRAM: Final = 3
_PATTERN: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


class SupabaseSearch(SupabasePart):
    """`SearchStore` on Supabase."""

    async def search(
        self,
        query: SearchQuery,
        *,
        viewer_id: int,
        after: SearchPosition | None = None,
        limit: int,
        counts_folder_rights: bool = False,
    ) -> SearchPage:
        """Entries that the viewer may list, those of the best rank first. Raises `SearchTooLong`."""
        try:
            answer = await self._functions.read(
                "search",
                viewer_id=viewer_id,
                query={**_query_to_json(query), "counts_folder_rights": counts_folder_rights},
                after=after and _position_to_json(after),
                limit=limit + 1,
            )
        except StatementCanceled as error:
            raise SearchTooLong from error
        found = [_position_of(row) for row in answer["hits"]]
        return SearchPage(
            hits=_hits(answer, found[:limit]),
            next=found[limit - 1] if len(found) > limit else None,
        )

    async def index_texts(self, *, limit: int) -> int:
        """Indexes what was found out before. Answers how many objects it looked at."""
        rows = await self._functions.read("objects_to_index", limit=limit)
        texts = [
            {"id": row["id"], "words": words_in_metadata(json.loads(row["metadata"]))}
            for row in rows
        ]
        if texts:
            await self._functions.write("index_texts", texts=texts)
        return len(texts)


def _query_to_json(query: SearchQuery) -> Row:
    return {
        "text": query.folded_text,
        "patterns": [f"%{term.translate(_PATTERN)}%" for term in query.terms],
        "grams": [term for term in query.terms if len(term) < _TRIGRAM],
        "words": " & ".join(map(_word_to_text, query.words)),
        "files": query.files,
        "folders": query.folders,
        "types": [_type_to_pattern(type_) for type_ in query.types] or None,
        "min_size": query.min_size,
        "max_size": query.max_size,
        "changed_from": query.changed_from,
        "changed_before": query.changed_before,
        "owner_id": query.owner_id,
        "below": query.below,
    }


def _word_to_text(word: str) -> str:
    # No word has a quotation mark or a backslash in it.
    return f"'{word}'" + (":*" if len(word) >= MIN_PREFIX_LENGTH else "")


def _type_to_pattern(type_: str) -> str:
    pattern = type_.removesuffix("*").translate(_PATTERN)
    return pattern + "%" if type_.endswith("*") else pattern


def _position_to_json(position: SearchPosition) -> Row:
    return {
        "rank": position.rank,
        "changed_at": position.changed_at,
        "id": position.entry_id,
    }


def _position_of(row: Row) -> SearchPosition:
    return SearchPosition(
        rank=SearchRank(row["rank"]), changed_at=float(row["changed_at"]), entry_id=row["id"]
    )


def _hits(answer: Answer, found: list[SearchPosition]) -> tuple[SearchHit, ...]:
    entries: dict[int, File | Folder] = {
        entry_id_of_file(row["id"]): file_of(row) for row in answer["files"]
    }
    for row in answer["folders"]:
        entries[entry_id_of_folder(row["id"])] = folder_of(row)
    paths = {row["id"]: path_of(row["path"]) for row in answer["paths"]}
    return hits_of(found, entries, paths)
