"""Searching files and folders: the part of the port, and what it asks and answers.

A name matches if it contains every term of the text, in any order; case, accents and compatibility forms do
not count (`catalog.folding`). A text that processing found in a file matches if each word of the query begins
one of its words; words of fewer than three letters have to be equal to one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol, TypeAlias

from catalog.folding import folded, words_of
from catalog.records import ROOT_FOLDER_ID, File, Folder

MAX_TERMS: Final = 8
MAX_TEXT_LENGTH: Final = 256
"""Code points of the text of a query."""
MAX_TYPES: Final = 16
MIN_PREFIX_LENGTH: Final = 3
"""Shorter words of a query have to be whole words of a text."""
MAX_INDEXED_LENGTH: Final = 48 * 1024
"""Code points of a file's words that are searched."""
MIN_LARGE_BYTES: Final = 64 * 1024 * 1024
"""From this size on files have an index by size."""
_TYPE: Final = re.compile(r"[a-z0-9.+_-]+/(?:\*|[a-z0-9.+_-]+)")

FolderPath: TypeAlias = tuple[str, ...]


class SearchRank(IntEnum):
    """How well an entry matches; lower ones are answered first, those of one rank by their last change."""

    NAME = 0
    """The whole name is the text; or the query has no text."""
    PREFIX = 1
    """The name begins with the text."""
    PART = 2
    """The name contains all terms."""
    TEXT = 3
    """What processing found in the content contains all words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What is searched for. All conditions hold together; None and an empty tuple ask for nothing.

    Attributes:
        text: name, part of a name, or words of the content.
        files: whether files are searched for.
        folders: whether folders are; they have no type, size and owner, so no such condition finds one.
        types: MIME types, `image/*` standing for all that begin so; one of them.
        min_size: bytes, at least.
        max_size: bytes, at most.
        changed_from: seconds since the epoch, from then on.
        changed_before: seconds since the epoch, before that.
        owner_id: whose files.
        below: the folder in which, or below which, entries lie; itself it is not found.
    """

    text: str = ""
    files: bool = True
    folders: bool = True
    types: tuple[str, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    changed_from: float | None = None
    changed_before: float | None = None
    owner_id: int | None = None
    below: int | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError` for a query that is too long, or has a type that is none."""
        if len(self.text) > MAX_TEXT_LENGTH or len(self.terms) > MAX_TERMS:
            raise ValueError(
                f"a search has at most {MAX_TERMS} words and {MAX_TEXT_LENGTH} characters"
            )
        if len(self.types) > MAX_TYPES or not all(map(_TYPE.fullmatch, self.types)):
            raise ValueError(
                f"a search has at most {MAX_TYPES} types, as image/png or image/*, in lower case"
            )

    @property
    def folded_text(self) -> str:
        """The text as names are compared with it."""
        return folded(self.text).strip()

    @property
    def terms(self) -> tuple[str, ...]:
        """What a name has to contain; the longest first, since fewest names contain it."""
        return tuple(sorted(set(self.folded_text.split()), key=lambda term: (-len(term), term)))

    @property
    def words(self) -> tuple[str, ...]:
        """What a text has to contain."""
        return tuple(sorted(set(words_of(self.text))))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPosition:
    """Where a page ends, and the next one begins."""

    rank: SearchRank
    changed_at: float
    entry_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """A file, with the share of the viewer, or a folder; and the folder in which it lies."""

    rank: SearchRank
    folder: FolderPath
    entry: File | Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """Some of what was found; `next` is None at the end."""

    hits: tuple[SearchHit, ...]
    next: SearchPosition | None


class SearchStore(Protocol):
    """Finds files and folders. What a change writes is found from its transaction on."""

    async def search(
        self,
        query: SearchQuery,
        *,
        viewer_id: int,
        after: SearchPosition | None = None,
        limit: int,
        counts_folder_rights: bool = False,
    ) -> SearchPage:
        """Entries that the viewer may list; those of the best rank first, the last changed of a rank first.

        Files whose content the viewer may not read are found by their names alone; with
        `counts_folder_rights` any right on the folder of a file, or on one above it, is one to read it.
        A file changes when its content is replaced, a folder when it is made; ties are broken by kind and
        id, descending. The root is never found, and nothing below a folder that is missing.
        Raises `SearchTooLong` for a search that would take longer than searches may.
        """

    async def index_texts(self, *, limit: int) -> int:
        """Indexes what processing had found before a release that searches it, or an import, was installed.

        Looks at so many objects at most, and answers how many there were; 0: everything is indexed.
        """


def entry_id_of_file(file_id: int) -> int:
    """The number that a file has among files and folders."""
    return 2 * file_id


def entry_id_of_folder(folder_id: int) -> int:
    """The number that a folder has among files and folders."""
    return 2 * folder_id + 1


def split_entry_ids(entry_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """The ids of the files and of the folders among the entries."""
    files = [number // 2 for number in entry_ids if number % 2 == 0]
    return files, [number // 2 for number in entry_ids if number % 2 == 1]


def parent_id_of(entry: File | Folder) -> int:
    """The folder in which a file or folder lies."""
    if isinstance(entry, File):
        return entry.folder_id
    return ROOT_FOLDER_ID if entry.parent_id is None else entry.parent_id


def hits_of(
    found: Sequence[SearchPosition],
    entries: Mapping[int, File | Folder],
    paths: Mapping[int, FolderPath],
) -> tuple[SearchHit, ...]:
    """What stands at the positions: entries by their numbers, paths by the ids of folders."""
    return tuple(
        SearchHit(
            rank=each.rank,
            folder=paths[parent_id_of(entries[each.entry_id])],
            entry=entries[each.entry_id],
        )
        for each in found
    )
