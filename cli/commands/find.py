"""`find`: searches files and folders."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import typer

from cli.commands.accounts import limit_of
from cli.commands.administration import time_of
from cli.commands.browse import entry_data, entry_facts
from cli.context import command_context
from cli.errors import reported
from cli.output import print_json, print_line
from client_sdk import FolderInfo, SearchResult
from client_sdk.errors import InvalidInput

_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT: Final = "application/vnd.oasis.opendocument."
TYPES: Final[Mapping[str, Sequence[str]]] = {
    "image": ("image/*",),
    "video": ("video/*",),
    "audio": ("audio/*",),
    "text": ("text/*", "application/json", "application/xml"),
    "pdf": ("application/pdf",),
    "document": (
        "application/pdf",
        "application/msword",
        "application/rtf",
        "application/epub+zip",
        f"{_OFFICE}wordprocessingml.document",
        f"{_OPEN_DOCUMENT}text",
    ),
    "spreadsheet": (
        "text/csv",
        "application/vnd.ms-excel",
        f"{_OFFICE}spreadsheetml.sheet",
        f"{_OPEN_DOCUMENT}spreadsheet",
    ),
    "presentation": (
        "application/vnd.ms-powerpoint",
        f"{_OFFICE}presentationml.presentation",
        f"{_OPEN_DOCUMENT}presentation",
    ),
    "archive": (
        "application/zip",
        "application/gzip",
        "application/x-tar",
        "application/x-7z-compressed",
        "application/x-bzip2",
        "application/x-xz",
        "application/zstd",
        "application/vnd.rar",
        "application/x-rar-compressed",
    ),
}
"""Kinds of files by the words that people have for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindOptions:
    """What is searched for, as it was typed; None and empty ones ask for nothing.

    Attributes:
        types: MIME types, kinds of files, "file" or "folder".
        larger: size, at least.
        smaller: size, at most.
        newer: time, or how long ago, from which on files were changed.
        older: the same, before which.
        owner: name of a user.
        limit: how many are shown at most.
    """

    types: Sequence[str]
    larger: str | None
    smaller: str | None
    newer: str | None
    older: str | None
    owner: str | None
    limit: int

    def conditions(self, now: datetime) -> dict[str, Any]:
        """As `Client.search` takes them. Raises `InvalidInput`."""
        kinds = {each for each in self.types if each in {"file", "folder"}}
        names = [each for each in self.types if each not in kinds]
        if unknown := [each for each in names if each not in TYPES and "/" not in each]:
            raise InvalidInput(
                f"--type takes file, folder, {', '.join(TYPES)}, or a MIME type as image/png, "
                f"but not {', '.join(unknown)}"
            )
        return {
            "kind": kinds.pop() if len(kinds) == 1 else None,
            "types": [each for name in names for each in TYPES.get(name, (name,))],
            "min_size": limit_of("--larger", self.larger),
            "max_size": limit_of("--smaller", self.smaller),
            "changed_from": None if self.newer is None else time_of("--newer", self.newer, now),
            "changed_before": None if self.older is None else time_of("--older", self.older, now),
            "owner": self.owner,
        }


def find(
    context: typer.Context,
    text: str,
    folder: str | None,
    options: FindOptions,
    *,
    long: bool,
    as_json: bool,
) -> None:
    """Search files and folders; print their paths, the best matches first."""
    ctx = command_context(context)
    with reported(ctx.err):
        conditions = options.conditions(datetime.now(UTC))

    async def run() -> None:
        results: list[SearchResult] = []
        async with ctx.client() as cloud:
            found = cloud.search(text, folder=folder, **conditions)
            async with aclosing(found):
                async for each in found:
                    results.append(each)
                    if len(results) == options.limit:
                        break
        if as_json:
            print_json(ctx.out, [_result_data(each) for each in results])
            return
        for each in results:
            print_line(ctx.out, _line(each, long=long))

    ctx.run(run())


def _result_data(result: SearchResult) -> dict[str, Any]:
    return {"path": result.entry.path, "match": result.match, **entry_data(result.entry)}


def _line(result: SearchResult, *, long: bool) -> str:
    entry = result.entry
    mark = "/" if isinstance(entry, FolderInfo) else ""
    return f"{entry_facts(entry) if long else ''}{entry.path}{mark}"
