# ruff: noqa: S608 - only constants of this module are joined
"""Statements that find an entry by its name, and count what is listed before it.

The entry at the start is looked up first, then the index is read from there to the first entry that
matches, then what precedes that one is counted: all of it in an index, whatever the folder holds.
"""

from typing import Final

from catalog.records import FileOrder

_EXACT: Final = "entry.name = :name"
# NOCASE folds ASCII only. Unlike LIKE, a comparison knows no wildcards.
_PREFIX: Final = "substr(entry.name, 1, length(:name)) = :name COLLATE NOCASE"


def _position(table: str, parent: str, key: str, *, ascending: bool, match: str) -> str:
    columns = "name" if key == "name" else f"{key}, name"
    order = key if ascending else f"{key} DESC"
    if key != "name":
        order += ", name"
    return (
        f"WITH start AS MATERIALIZED (SELECT {columns} FROM {table} WHERE {parent} = :folder_id"
        f" ORDER BY {order} LIMIT 1 OFFSET :start),"
        f" found AS MATERIALIZED (SELECT {_qualified(columns)} FROM start CROSS JOIN {table} AS entry"
        f" WHERE entry.{parent} = :folder_id AND {_not_before('start', key, ascending=ascending)}"
        f" AND {match} ORDER BY {_qualified(order)} LIMIT 1)"
        f" SELECT found.name, (SELECT count(*) FROM {table} AS entry"
        f" WHERE entry.{parent} = :folder_id AND {_before('found', key, ascending=ascending)}"
        ') AS "index" FROM found'
    )


def _qualified(order: str) -> str:
    return ", ".join(f"entry.{part}" for part in order.split(", "))


def _not_before(other: str, key: str, *, ascending: bool) -> str:
    """Whether an entry is listed with the other one or behind it."""
    if key == "name":
        return f"entry.name {'>=' if ascending else '<='} {other}.name"
    if ascending:
        return f"(entry.{key}, entry.name) >= ({other}.{key}, {other}.name)"
    return (
        f"entry.{key} <= {other}.{key}"
        f" AND (entry.{key} < {other}.{key} OR entry.name >= {other}.name)"
    )


def _before(other: str, key: str, *, ascending: bool) -> str:
    """Whether an entry is listed before the other one. Ties go by name ascending."""
    if key == "name":
        return f"entry.name {'<' if ascending else '>'} {other}.name"
    if ascending:
        return f"(entry.{key}, entry.name) < ({other}.{key}, {other}.name)"
    return (
        f"entry.{key} >= {other}.{key}"
        f" AND (entry.{key} > {other}.{key} OR entry.name < {other}.name)"
    )


FILE_POSITIONS: Final = {
    (order, ascending, is_prefix): _position(
        "files",
        "folder_id",
        order.value,
        ascending=ascending,
        match=_PREFIX if is_prefix else _EXACT,
    )
    for order in FileOrder
    for ascending in (True, False)
    for is_prefix in (True, False)
}
"""A file's index and name, by order, direction (True = ascending), and whether a prefix is given."""

FOLDER_POSITIONS: Final = {
    (ascending, is_prefix): _position(
        "folders", "parent_id", "name", ascending=ascending, match=_PREFIX if is_prefix else _EXACT
    )
    for ascending in (True, False)
    for is_prefix in (True, False)
}
"""The same of a subfolder, by direction, and whether a prefix is given."""
