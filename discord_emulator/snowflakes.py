"""Discord's ids: 42 bits of milliseconds since 2015, then 22 bits that tell apart.

The emulator leaves the lowest four bits of a message's id free and gives them to its attachments,
so that an attachment's message is found on disk without an index.
"""

from collections.abc import Callable

DISCORD_EPOCH_S = 1_420_070_400
_STEP = 16
_MAX_DIGITS = 19


class Snowflakes:
    """Hands out ids that only grow, even when the clock stands still or goes back.

    Args:
        clock: gives seconds since the Unix epoch.
        newest: the largest id that is in use.
    """

    def __init__(self, clock: Callable[[], float], newest: int = 0) -> None:
        self._clock = clock
        self._newest = newest - newest % _STEP

    def next(self) -> int:
        """Returns an id greater than all before."""
        by_clock = int((self._clock() - DISCORD_EPOCH_S) * 1000) << 22
        self._newest = max(by_clock, self._newest + _STEP)
        return self._newest


def created_at(snowflake: int) -> float:
    """Returns when an id was made, in seconds since the Unix epoch."""
    return (snowflake >> 22) / 1000 + DISCORD_EPOCH_S


def attachment_id(message_id: int, index: int) -> int:
    """Returns the id of a message's attachment; `index` counts from 0 and is at most 14."""
    return message_id + 1 + index


def message_of_attachment(attachment: int) -> int:
    """Returns the id of the message that an attachment belongs to."""
    return attachment - attachment % _STEP


def is_snowflake(text: str) -> bool:
    """Tells whether text from a URL can be an id."""
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
