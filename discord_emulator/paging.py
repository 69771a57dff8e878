"""Which messages of a channel a list shows: the query of `GET /channels/{id}/messages`."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from discord_emulator.errors import InvalidForm
from discord_emulator.snowflakes import is_snowflake

MOST = 100
USUAL = 50
_ANCHORS = ("before", "after", "around")


def page_of(ids: Sequence[int], query: Mapping[str, str]) -> list[int]:
    """Picks the messages that are shown, newest first.

    Args:
        ids: all messages of the channel, oldest first.
        query: may hold `limit` (1 to 100, else 50) and one of `before`, `after` and `around`.

    Raises:
        InvalidForm: a value is none, or two of those three are given.
    """
    limit = _limit(query)
    given = [name for name in _ANCHORS if name in query]
    if len(given) > 1:
        raise InvalidForm("Invalid Form Body: only one of before, after and around may be given")
    if not given:
        return list(reversed(ids[-limit:]))
    start, stop = _stretch(ids, given[0], _anchor(query, given[0]), limit)
    return list(reversed(ids[max(0, start) : stop]))


def _stretch(ids: Sequence[int], name: str, anchor: int, limit: int) -> tuple[int, int]:
    at = bisect_left(ids, anchor)
    if name == "before":
        return at - limit, at
    if name == "after":
        start = bisect_right(ids, anchor)
        return start, start + limit
    start = max(0, at - limit // 2)
    return start, start + limit


def _anchor(query: Mapping[str, str], name: str) -> int:
    if not is_snowflake(query[name]):
        raise InvalidForm(f"Invalid Form Body: {name} is not a snowflake")
    return int(query[name])


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(USUAL))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
        raise InvalidForm(f"Invalid Form Body: limit must be 1 to {MOST}")
    return int(text)
