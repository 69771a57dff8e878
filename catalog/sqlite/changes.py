"""The numbers of changes of folders and files."""

from catalog.sqlite.database import Session
from catalog.sqlite.statements import sql


async def next_change(session: Session) -> int:
    """The number of the change that this transaction makes."""
    return int((await session.rows(sql.next_change))[0]["last"])


async def last_change(session: Session) -> int:
    """The number of the last change that this transaction sees."""
    return int((await session.rows(sql.last_change))[0]["last"])
