"""Frequent queries neither scan nor sort a table, whatever its size."""

import re

import pytest

from catalog.sqlite.database import Database
from catalog.sqlite.queries import (
    files,
    folders,
    jobs,
    messages,
    objects,
    positions,
    services,
    usage,
    walks,
)

NO_SCAN = {
    **{
        f"LIST_FILES {order} {ascending}": sql
        for (order, ascending), sql in files.LIST_FILES.items()
    },
    **{f"FILE_POSITIONS {key}": sql for key, sql in positions.FILE_POSITIONS.items()},
    **{f"FOLDER_POSITIONS {key}": sql for key, sql in positions.FOLDER_POSITIONS.items()},
    **{
        f"{module.__name__.rpartition('.')[2]}.{name}": sql
        for module in (files, folders, jobs, messages, objects, services, usage, walks)
        for name, sql in vars(module).items()
        if name.isupper() and not name.startswith("_") and isinstance(sql, str)
    },
}
# What a plan may scan: tables of one statement (a page, a path, a list of names), never stored ones.
TRANSIENT = {
    "page",
    "walk",
    "ascent",
    "line",
    "tree",
    "wanted",
    "part",
    "stretch",
    "CONSTANT",
    "start",
    "found",
    "author",
    "json_each",
}
# One row per service that was ever let in, in a listing that an administrator asks for; one per
# webhook, channel, or start of the manager within a month.
SMALL = {
    services.ALL_KEYS,
    messages.CHANNEL_SWEEPS,
    messages.DROP_OLD_WATCHES,
    messages.DROP_SWEEPS,
    messages.DROP_WATCHES,
    messages.QUARANTINES,
    messages.WATCHES,
}


async def plan(database: Database, sql: str) -> list[tuple[int, int, str]]:
    """Steps of the plan: (id, parent, text)."""
    parameters = dict.fromkeys(re.findall(r":([a-z_]+)", sql), 1)
    async with database.writing() as session:
        rows = await session.rows(f"EXPLAIN QUERY PLAN {sql}", **parameters)
    return [(row["id"], row["parent"], row["detail"]) for row in rows]


@pytest.mark.parametrize("sql", NO_SCAN.values(), ids=NO_SCAN.keys())
async def test_nothing_scans_a_stored_table(database, sql):
    """Every step is a search by index, or runs over rows that the statement has made itself."""
    for _, _, detail in await plan(database, sql):
        words = detail.split()
        if words[0] == "SCAN":
            is_partial_index = "INDEX" in words and words[-1] in {
                "objects_unreferenced",
                "messages_orphaned",
            }
            assert words[1] in TRANSIENT or is_partial_index or sql in SMALL, detail


PAGES = {
    **{f"files {order} {ascending}": sql for (order, ascending), sql in files.LIST_FILES.items()},
    "folders ascending": folders.LIST_FOLDERS_ASCENDING,
    "folders descending": folders.LIST_FOLDERS_DESCENDING,
    "orphans": messages.ORPHAN_MESSAGES,
    "garbage": objects.DUE_OBJECTS,
    "old deleted messages": objects.DROP_OLD_DELETED_MESSAGES,
    "expired": objects.DELETE_EXPIRED_REFERENCES,
    "chunks": objects.CHUNKS,
    "files behind a name": files.FILES_AFTER,
    "files of an owner": files.FILES_OF_OWNER,
    "subfolders behind a name": walks.SUBFOLDERS_AFTER,
}


@pytest.mark.parametrize("sql", PAGES.values(), ids=PAGES.keys())
async def test_pages_come_sorted_off_an_index(database, sql):
    """Nothing is sorted but, for files, the page itself once it has been cut out."""
    steps = await plan(database, sql)
    sorts = [
        parent for _, parent, detail in steps if "TEMP B-TREE" in detail and "ORDER BY" in detail
    ]
    cuts_page_first = any(detail == "MATERIALIZE page" for _, _, detail in steps)
    assert sorts in ([], [0] if cuts_page_first else [])


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (messages.ORPHAN_MESSAGES, "messages_orphaned"),
        (messages.ORPHAN_AUTHORS, "messages_orphaned"),
        (messages.COUNT_ORPHANS, "messages_orphaned"),
        (objects.DUE_OBJECTS, "objects_unreferenced"),
        (objects.DELETE_EXPIRED_REFERENCES, "references_by_expiry"),
        (objects.DROP_OLD_DELETED_MESSAGES, "deleted_messages_by_age"),
    ],
)
async def test_garbage_has_indices_of_its_own(database, sql, index):
    """Finding garbage costs what there is of it, not what is stored."""
    assert any(index in detail for _, _, detail in await plan(database, sql))
