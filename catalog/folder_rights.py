"""What a user may do in a folder."""

from enum import IntEnum


class FolderRight(IntEnum):
    """What a user may do in a folder and in all below it; each right includes those before it."""

    READ = 1
    """List what is in it, and read the files."""
    WRITE = 2
    """Add, replace, rename, move and delete what is in it."""
    MANAGE = 3
    """Share it, and what is in it, with others."""
