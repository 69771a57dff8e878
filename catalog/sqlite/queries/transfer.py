# ruff: noqa: S608 - only constants of this module and names of columns are joined
"""Statements that read and write whole tables, field by field as the records have them."""

from typing import Final

from catalog.transfer_records import (
    ApiKeyRecord,
    ChunkRecord,
    CommitRecord,
    FileRecord,
    FolderRecord,
    JobRecord,
    MasterKeyRecord,
    MessageRecord,
    ObjectRecord,
    ReferenceRecord,
    SequenceRecord,
    ShareRecord,
    TicketRecord,
    TransferRecord,
    UserRecord,
    ViewRecord,
)

_TABLES: Final[dict[type[TransferRecord], tuple[str, str]]] = {
    UserRecord: ("users", "id"),
    MessageRecord: ("messages", "id"),
    ObjectRecord: ("objects", "id"),
    ChunkRecord: ("chunks", 'object_id, "index"'),
    FileRecord: ("files", "id"),
    ShareRecord: ("shares", "file_id, user_id"),
    ReferenceRecord: ('"references"', 'object_id, service, "key"'),
    ViewRecord: ("views", "object_id, name"),
    CommitRecord: ("commits", "object_id"),
    ApiKeyRecord: ("api_keys", "id"),
    TicketRecord: ("tickets", "id"),
    JobRecord: ("jobs", "object_id"),
    MasterKeyRecord: ("master_keys", "used_from"),
}
"""Table and key of each kind that is a table as it stands."""

_FOLDERS: Final = """
WITH RECURSIVE placed (id, parent_id, name, depth) AS (
    SELECT id, parent_id, name, 1 FROM folders WHERE parent_id = 0
    UNION ALL
    SELECT folders.id, folders.parent_id, folders.name, placed.depth + 1
    FROM placed JOIN folders ON folders.parent_id = placed.id
)
SELECT id, parent_id, name FROM placed ORDER BY depth, id
"""

_SEQUENCES: Final = """
SELECT wanted.value AS "table", coalesce(seq, 0) AS last_id
FROM json_each('["api_keys", "files", "folders", "users"]') AS wanted
LEFT JOIN sqlite_sequence ON name = wanted.value ORDER BY wanted.value
"""

_ADD_FILE: Final = """
INSERT INTO files (id, folder_id, name, object_id, owner_id, is_public, size, created_at,
    updated_at)
VALUES (:id, :folder_id, :name, :object_id, :owner_id, :is_public,
    coalesce((SELECT size FROM objects WHERE id = :object_id), 0), :created_at, :updated_at)
"""

_ADD_SEQUENCE: Final = """
INSERT INTO sqlite_sequence (name, seq)
SELECT :table, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :table)
"""

_RAISE_SEQUENCE: Final = """
UPDATE sqlite_sequence SET seq = max(seq, :last_id) WHERE name = :table
"""

PAIRED_FILES: Final = """
SELECT json_extract(wanted.value, '$.id') AS id FROM json_each(:files) AS wanted
CROSS JOIN folders ON folders.parent_id = json_extract(wanted.value, '$.folder_id')
    AND folders.name = json_extract(wanted.value, '$.name')
"""
"""Of files, a JSON list of their ids, folders and names, the ids of those whose path a folder has."""

IS_EMPTY: Final = """
SELECT NOT EXISTS (
    SELECT 1 FROM users UNION ALL SELECT 1 FROM folders WHERE id <> 0
    UNION ALL SELECT 1 FROM messages UNION ALL SELECT 1 FROM objects
    UNION ALL SELECT 1 FROM files UNION ALL SELECT 1 FROM tickets
    UNION ALL SELECT 1 FROM api_keys UNION ALL SELECT 1 FROM jobs
) AS is_empty
"""
"""Whether nothing but the root is there. Everything else refers to one of these tables."""

FORGET_MASTER_KEYS: Final = "DELETE FROM master_keys"
"""What a manager has noted that ran on the empty catalog."""

COUNT_USAGE: Final = """
WITH RECURSIVE climbing (folder_id, mime_type, bytes, files) AS (
    SELECT files.folder_id, objects.mime_type, sum(files.size), count(*)
    FROM files JOIN objects ON objects.id = files.object_id GROUP BY 1, 2
    UNION ALL
    SELECT folders.parent_id, climbing.mime_type, climbing.bytes, climbing.files
    FROM climbing JOIN folders ON folders.id = climbing.folder_id
    WHERE folders.parent_id IS NOT NULL
)
INSERT INTO folder_usage (folder_id, mime_type, bytes, files)
SELECT folder_id, mime_type, sum(bytes), sum(files) FROM climbing GROUP BY 1, 2
"""
"""Totals of all subtrees, from nothing."""

INCOMPLETE: Final = """
SELECT 1 FROM objects WHERE state = 'stored' AND (chunk_count, size) <> (
    SELECT count(*), coalesce(sum(chunks.size), 0) FROM chunks WHERE chunks.object_id = objects.id
) LIMIT 1
"""
"""A row if stored content lacks chunks, or they do not add up to it."""


def read_all(kind: type[TransferRecord]) -> str:
    """All rows of a kind, in the order of an export."""
    if kind is FolderRecord:
        return _FOLDERS
    if kind is SequenceRecord:
        return _SEQUENCES
    table, key = _TABLES[kind]
    return f"SELECT {_columns(kind)} FROM {table} ORDER BY {key}"


def add_one(kind: type[TransferRecord]) -> tuple[str, ...]:
    """Statements that insert a row."""
    if kind is FileRecord:
        return (_ADD_FILE,)
    if kind is SequenceRecord:
        return _ADD_SEQUENCE, _RAISE_SEQUENCE
    table = "folders" if kind is FolderRecord else _TABLES[kind][0]
    values = ", ".join(f":{name}" for name in kind.__struct_fields__)
    return (f"INSERT INTO {table} ({_columns(kind)}) VALUES ({values})",)


def _columns(kind: type[TransferRecord]) -> str:
    return ", ".join(f'"{name}"' for name in kind.__struct_fields__)
