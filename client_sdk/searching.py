"""The client's method that searches."""

import contextlib
from collections.abc import AsyncGenerator, Iterable
from datetime import UTC, datetime
from typing import Literal

from client_sdk import listing
from client_sdk.models import SearchResult
from client_sdk.paths import RemotePath, clean_folder
from client_sdk.users import Sharing
from protocol import c2s

SearchedKind = Literal["file", "folder"]
_ENTRIES: dict[SearchedKind, c2s.ListType] = {"file": "files", "folder": "subfolders"}


class Searching(Sharing):
    """Searches. `Client` has the documentation."""

    async def search(
        self,
        text: str = "",
        *,
        folder: RemotePath | None = None,
        kind: SearchedKind | None = None,
        types: Iterable[str] = (),
        min_size: int | None = None,
        max_size: int | None = None,
        changed_from: datetime | None = None,
        changed_before: datetime | None = None,
        owner: str | None = None,
    ) -> AsyncGenerator[SearchResult, None]:
        """Yield files and folders, the best matches first, and of those alike what was changed last.

        All conditions hold together. A page of at most 100 is asked for whenever the one before was taken.

        Args:
            text: A part of the name, or several in any order, without regard to case and accents; or words
                of the content, of files that the user may read.
            folder: Where to search, with everything below; None for everywhere.
            kind: "file" or "folder"; None for both.
            types: MIME types, or `image/*` for all that begin so; one of them is enough.
            min_size: Bytes, at least.
            max_size: Bytes, at most.
            changed_from: Files whose content was replaced, and folders that were made, from then on.
            changed_before: The same, before then. Times without a zone are in UTC.
            owner: Name of the user who owns the files.

        Raises:
            InvalidInput: `folder` is no path, or `owner` no user name.
            NotFound: There is no such user.
            Refused: A condition is none, there is no such folder, the search takes too long, or the manager
                does not know the extension `search`.
        """
        request = c2s.SearchRequest(
            text=text.strip() or None,
            path=None if folder is None else clean_folder(folder),
            entries=None if kind is None else _ENTRIES[kind],
            types=tuple(each.lower() for each in types) or None,
            min_size=min_size,
            max_size=max_size,
            changed_from=_timestamp(changed_from),
            changed_before=_timestamp(changed_before),
            owner_id=None if owner is None else (await self.find_user(owner)).id,
        )
        results = listing.found(self._link, self._search_turn, request)
        async with contextlib.aclosing(results):
            async for result in results:
                yield result


def _timestamp(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
