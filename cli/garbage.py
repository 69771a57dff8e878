"""What people are told of content that nothing refers to."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from cli.output import human_time
from common.wording import counted, human_size

MOST_LISTED = 100
"""Entries of a listing, at most."""


class Garbage(msgspec.Struct, frozen=True, rename="camel"):
    """Content that nothing refers to, as the manager tells it.

    Attributes:
        path: Where it was stored; None for what was never a file.
        owner: Whose it was.
        since: When it was noticed; None if it was not yet, or goes without a grace period.
        due_at: When its grace period is over; None if it has not begun.
        is_due: Whether the collector's next look deletes it.
    """

    file_id: str
    size: int
    path: str | None
    owner: str | None
    since: datetime | None
    due_at: datetime | None
    is_due: bool


def garbage_line(garbage: Garbage) -> str:
    """Id, size, when it goes, whose it was, and where it was stored."""
    later = human_time(garbage.due_at) if garbage.due_at else "not noticed yet"
    due = "now" if garbage.is_due else later
    size, owner = human_size(garbage.size), garbage.owner or "-"
    return f"{garbage.file_id}  {size:>9}  {due:19}  {owner:16}  {garbage.path or '-'}"


def what_happens(found: Sequence[Garbage], *, is_begun: bool) -> str:
    """One line: how much garbage there is, and what becomes of it when.

    Args:
        found: Up to `MOST_LISTED` entries.
        is_begun: Whether the collector has been asked to look now.
    """
    if not found:
        return "nothing is garbage"
    more = " or more" if len(found) == MOST_LISTED else ""
    there_is = f"nothing refers to {counted(len(found), 'file', more)}"
    if due := sum(garbage.is_due for garbage in found):
        return f"{there_is}; {_share(due, len(found))} deleted {_when(is_begun)}"
    times = [garbage.due_at for garbage in found if garbage.due_at]
    if not times:
        return f"{there_is}; the grace period begins with the collector's next look"
    return f"{there_is}; no grace period is over, the next one is at {human_time(min(times))} UTC"


def _share(due: int, total: int) -> str:
    if due == total:
        return "it is" if total == 1 else "they are"
    return f"{due} of them {'is' if due == 1 else 'are'}"


def _when(is_begun: bool) -> str:
    return "now" if is_begun else "by the collector's next look"
