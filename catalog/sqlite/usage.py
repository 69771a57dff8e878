"""Totals of subtrees by MIME type, kept up within the transactions that change them."""

from catalog.sqlite.database import Session
from catalog.sqlite.statements import sql


async def add_file(
    session: Session, folder_id: int, *, mime_type: str, size: int, number: int = 1
) -> None:
    """Counts a file, or several with `size` bytes together, in its folder and in all above."""
    await session.run(
        sql.count_file, folder_id=folder_id, mime_type=mime_type, size=size, number=number
    )


async def subtract_file(
    session: Session, folder_id: int, *, mime_type: str, size: int, number: int = 1
) -> None:
    """Takes a file, or several, out of the totals of its folder and of all above."""
    await session.run(
        sql.uncount_file, folder_id=folder_id, mime_type=mime_type, size=size, number=number
    )
    await session.run(sql.delete_empty_usage, folder_id=folder_id)


async def add_subtree(session: Session, folder_id: int, *, subtree_id: int) -> None:
    """Counts a subtree in a folder, its new parent, and in all above."""
    await session.run(sql.count_subtree, folder_id=folder_id, subtree_id=subtree_id)


async def subtract_subtree(session: Session, folder_id: int, *, subtree_id: int) -> None:
    """Takes a subtree out of the totals of its parent and of all above, but not out of its own."""
    await session.run(sql.uncount_subtree, folder_id=folder_id, subtree_id=subtree_id)
    await session.run(sql.delete_empty_usage, folder_id=folder_id)
