# ruff: noqa: S608 - only constants of this module are joined
"""Statements about files, their shares, and the receipts of commits."""

from typing import Final

from catalog.records import FileOrder

_COLUMNS: Final = """
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
"""

_JOINS: Final = """
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
"""

FILE_BY_ID: Final = _COLUMNS + "FROM files" + _JOINS + "WHERE files.id = :file_id"
"""A file, with the viewer's share of it."""

FILES_BY_ID: Final = (
    _COLUMNS + "FROM json_each(:ids) AS wanted CROSS JOIN files ON files.id = wanted.value" + _JOINS
)
"""Files by a JSON list of ids, with the viewer's shares of them."""

FILES_BY_OBJECT: Final = (
    _COLUMNS + "FROM files" + _JOINS + "WHERE files.object_id = :object_id ORDER BY files.id"
)
"""The files that have some content."""

FILES_BY_NAME: Final = (
    _COLUMNS
    + "FROM json_each(:names) AS wanted"
    + " CROSS JOIN files ON files.folder_id = :folder_id AND files.name = wanted.value"
    + _JOINS
)
"""Files of a folder by a JSON list of names, with the viewer's shares of them."""

FILE_BY_NAME: Final = (
    _COLUMNS + "FROM files" + _JOINS + "WHERE files.folder_id = :folder_id AND files.name = :name"
)
"""A file by folder and name, with the viewer's share of it."""

FILE_AT: Final = (
    """
WITH RECURSIVE walk (depth, id) AS (
    SELECT 0, 0
    UNION ALL
    SELECT walk.depth + 1, folders.id
    FROM walk JOIN folders
        ON folders.parent_id = walk.id
        AND folders.name = json_extract(:path, '$[' || walk.depth || ']')
)
"""
    + _COLUMNS
    + "FROM walk CROSS JOIN files ON files.folder_id = walk.id AND files.name = :name"
    + _JOINS
    + "WHERE walk.depth = json_array_length(:path)"
)
"""A file by the path of its folder, a JSON list of names."""


def _page(index_order: str, page_order: str) -> str:
    # Ids first, from an index alone: the joins then meet one page, not all that OFFSET skips.
    return (
        "WITH page AS MATERIALIZED (SELECT id FROM files WHERE folder_id = :folder_id"
        f" ORDER BY {index_order} LIMIT :limit OFFSET :offset)"
        f"{_COLUMNS} FROM page CROSS JOIN files ON files.id = page.id"
        f"{_JOINS} ORDER BY {page_order}"
    )


LIST_FILES: Final = {
    (FileOrder.NAME, True): _page("name", "files.name"),
    (FileOrder.NAME, False): _page("name DESC", "files.name DESC"),
    (FileOrder.SIZE, True): _page("size, name", "files.size, files.name"),
    (FileOrder.SIZE, False): _page("size DESC, name", "files.size DESC, files.name"),
    (FileOrder.UPDATED_AT, True): _page("updated_at, name", "files.updated_at, files.name"),
    (FileOrder.UPDATED_AT, False): _page(
        "updated_at DESC, name", "files.updated_at DESC, files.name"
    ),
}
"""A page of a folder's files, by order and direction (True = ascending)."""

FILES_AFTER: Final = (
    _COLUMNS
    + "FROM files"
    + _JOINS
    + "WHERE files.folder_id = :folder_id AND files.name > :after"
    + " ORDER BY files.name LIMIT :limit"
)
"""Files of a folder behind a name, with the viewer's shares of them."""

INSERT_FILE: Final = """
INSERT INTO files (folder_id, name, object_id, owner_id, is_public, size, created_at, updated_at)
VALUES (:folder_id, :name, :object_id, :owner_id, :is_public, :size, :now, :now)
RETURNING id
"""
"""A new file."""

REPLACE_CONTENT: Final = """
UPDATE files SET object_id = :object_id, size = :size, updated_at = :now WHERE id = :file_id
RETURNING id
"""
"""Other content for a file, which stays the same in everything else."""

PLACE_FILE: Final = "UPDATE files SET folder_id = :folder_id, name = :name WHERE id = :file_id"
"""Moves or renames a file."""

PLACE_FILES: Final = """
UPDATE files SET folder_id = :folder_id, name = json_extract(wanted.value, '$.name')
FROM json_each(:places) AS wanted
WHERE files.id = json_extract(wanted.value, '$.id')
"""
"""Moves files, by a JSON list of ids and of names that are free there."""

SET_OWNER: Final = "UPDATE files SET owner_id = :owner_id WHERE id = :file_id"
"""Gives a file to another user, or to everybody."""

FILES_OF_OWNER: Final = "SELECT id FROM files WHERE owner_id = :owner_id ORDER BY id LIMIT :limit"
"""Ids of files that a user owns."""

COUNT_OF_OWNER: Final = "SELECT count(*) AS total FROM files WHERE owner_id = :owner_id"
"""How many files a user owns."""

SET_OWNER_OF_EACH: Final = """
UPDATE files SET owner_id = :owner_id WHERE id IN (SELECT wanted.value FROM json_each(:ids) AS wanted)
"""
"""Gives the files of a JSON list of ids to another user."""

REMOVE_SHARES_OF_USER: Final = """
DELETE FROM shares
WHERE user_id = :user_id AND file_id IN (SELECT wanted.value FROM json_each(:ids) AS wanted)
"""
"""Deletes a user's shares of the files of a JSON list of ids."""

DELETE_EACH: Final = (
    "DELETE FROM files WHERE id IN (SELECT wanted.value FROM json_each(:ids) AS wanted)"
)
"""Deletes the names of a JSON list of ids; content is collected once nothing else refers to it."""

SET_PUBLIC: Final = "UPDATE files SET is_public = :is_public WHERE id = :file_id"
"""Makes a file public, or not any more."""

SHARES_OF: Final = "SELECT * FROM shares WHERE file_id = :file_id ORDER BY user_id"
"""The shares of a file."""

SHARES_OF_EACH: Final = """
SELECT shares.* FROM json_each(:ids) AS wanted
CROSS JOIN shares ON shares.file_id = wanted.value
ORDER BY shares.file_id, shares.user_id
"""
"""The shares of all files of a JSON list of ids."""

PUT_SHARE: Final = """
INSERT INTO shares (file_id, user_id, can_write, shared_at)
VALUES (:file_id, :user_id, :can_write, :now)
ON CONFLICT (file_id, user_id) DO UPDATE SET can_write = excluded.can_write
RETURNING *
"""
"""Adds a share, or changes what it allows; it keeps the time at which it was given."""

REMOVE_SHARE: Final = """
DELETE FROM shares WHERE file_id = :file_id AND user_id = :user_id RETURNING 1
"""
"""A row if there was such a share."""

REMOVE_SHARES: Final = "DELETE FROM shares WHERE file_id = :file_id"
"""Deletes all shares of a file."""

INSERT_RECEIPT: Final = """
INSERT INTO commits (object_id, file_id, folder_id, name, owner_id, is_public,
    created_at, updated_at, replaced, created_folders, sequence)
SELECT object_id, id, folder_id, name, owner_id, is_public, created_at, updated_at,
    :replaced, :created_folders, :sequence
FROM files WHERE id = :file_id
"""
"""Notes what a commit did, for a caller that lost the answer and asks again."""

RECEIPT: Final = """
SELECT commits.file_id AS id, commits.folder_id, commits.name, commits.object_id,
    commits.owner_id, commits.is_public, objects.size, objects.mime_type, 0 AS has_thumbnail,
    commits.created_at, commits.updated_at, NULL AS viewer_id, commits.replaced,
    commits.created_folders, commits.sequence
FROM commits JOIN objects ON objects.id = commits.object_id
WHERE commits.object_id = :object_id
"""
"""What committing this object did, if it was committed before."""
