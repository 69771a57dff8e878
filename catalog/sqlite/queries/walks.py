"""Statements that go through a folder behind a name."""

from typing import Final

SUBFOLDERS_AFTER: Final = """
SELECT id, name, parent_id, file_count, subfolder_count FROM folders
WHERE parent_id = :folder_id AND name > :after ORDER BY name LIMIT :limit
"""
"""Subfolders behind a name, with how many entries they have."""

SUBFOLDERS_BY_NAME: Final = """
SELECT folders.id, folders.name, folders.parent_id FROM json_each(:names) AS wanted
CROSS JOIN folders ON folders.parent_id = :folder_id AND folders.name = wanted.value
"""
"""Subfolders by a JSON list of names."""
