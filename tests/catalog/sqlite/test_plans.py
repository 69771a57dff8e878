"""Frequent queries neither scan nor sort a table, whatever its size."""

import re
from pathlib import Path

import pytest

from catalog.sqlite import statements
from catalog.sqlite.database import Database
from catalog.sqlite.statements import Statements, sql

STATEMENTS = Path(statements.__file__).parent
RARE = {"accounts", "master_keys", "service_credentials", "signing_keys", "transfer"}
"""Subjects whose statements read whole tables, since they are asked rarely and answer with all of it."""

NO_SCAN = {
    name: sql[name]
    for script in sorted(STATEMENTS.glob("*.sql"))
    if script.stem not in RARE
    for name in Statements(script.read_text())
}
# What a plan may scan: tables of one statement (a page, a path, a list of names), never stored ones.
TRANSIENT = {
    "caused",
    "counted",
    "concerning",
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
    "own",
    "ownerless",
    "public",
    "shared",
    "author",
    "given",
    "json_each",
}
# One row per group, or per service that was ever let in, in a listing that an administrator asks for; one per
# webhook, channel, or start of the manager within a month; one per user, asked for by a start.
SMALL = {
    sql.list_groups,
    sql.list_keys,
    sql.channel_limits,
    sql.count_invitations,
    sql.delete_ended_invitations,
    sql.list_invitations,
    sql.channel_sweeps,
    sql.drop_old_watches,
    sql.drop_sweeps,
    sql.drop_watches,
    sql.quarantines,
    sql.totp_factors,
    sql.user_usages,
    sql.watches,
}


async def plan(database: Database, statement: str) -> list[tuple[int, int, str]]:
    """Steps of the plan: (id, parent, text)."""
    parameters = dict.fromkeys(re.findall(r":([a-z_]+)", statement), 1)
    rows = await database.read(
        lambda session: session.rows(f"EXPLAIN QUERY PLAN {statement}", **parameters)
    )
    return [(row["id"], row["parent"], row["detail"]) for row in rows]


@pytest.mark.parametrize("statement", NO_SCAN.values(), ids=NO_SCAN.keys())
async def test_nothing_scans_a_stored_table(database, statement):
    """Every step is a search by index, or runs over rows that the statement has made itself."""
    for _, _, detail in await plan(database, statement):
        words = detail.split()
        if words[0] == "SCAN":
            is_partial_index = "INDEX" in words and words[-1] in {
                "objects_unreferenced",
                "messages_orphaned",
                "files_public_by_update",
                "folder_grants_to_everybody",
                "objects_to_index",
            }
            is_full_text = "VIRTUAL TABLE INDEX" in detail
            assert (
                words[1] in TRANSIENT or is_partial_index or is_full_text or statement in SMALL
            ), detail


PAGES = [
    "audit_events",
    "audit_events_of_action",
    *(name for name in sql if name.startswith("list_files_by_")),
    "list_folders_ascending",
    "list_folders_descending",
    "orphan_messages",
    "due_objects",
    "drop_old_deleted_messages",
    "delete_expired_references",
    "chunks",
    "files_after",
    "files_of_owner",
    "subfolders_after",
]


@pytest.mark.parametrize("name", PAGES)
async def test_pages_come_sorted_off_an_index(database, name):
    """Nothing is sorted but, for files, the page itself once it has been cut out."""
    steps = await plan(database, sql[name])
    sorts = [
        parent for _, parent, detail in steps if "TEMP B-TREE" in detail and "ORDER BY" in detail
    ]
    cuts_page_first = any(detail == "MATERIALIZE page" for _, _, detail in steps)
    assert sorts in ([], [0] if cuts_page_first else [])


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("orphan_messages", "messages_orphaned"),
        ("orphan_authors", "messages_orphaned"),
        ("count_orphans", "messages_orphaned"),
        ("due_objects", "objects_unreferenced"),
        ("delete_expired_references", "references_by_expiry"),
        ("drop_old_deleted_messages", "deleted_messages_by_age"),
    ],
)
async def test_garbage_has_indices_of_its_own(database, name, index):
    """Finding garbage costs what there is of it, not what is stored."""
    assert any(index in detail for _, _, detail in await plan(database, sql[name]))


PREFIXES = [name for name in NO_SCAN if name.endswith("_of_prefix")]


@pytest.mark.parametrize("name", PREFIXES)
async def test_a_prefix_is_looked_for_no_further_than_it_is_found(database, name):
    """Entries come sorted off an index, so that reading ends at the first one."""
    assert not [detail for *_, detail in await plan(database, NO_SCAN[name]) if "B-TREE" in detail]
