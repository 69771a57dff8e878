"""Times as packets and headers have them: ISO 8601 in UTC, to the millisecond."""

from datetime import UTC, datetime, timedelta

from protocol.errors import InvalidValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_S = datetime(1601, 1, 1, tzinfo=UTC).timestamp()
"""The earliest modification time, in seconds since the epoch: the first one that file systems have."""
LATEST_S = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""The latest one, which a year of four digits has in every time zone."""


def format_timestamp(seconds: float) -> str:
    """Seconds since the epoch as text. Raises `ValueError` or `OverflowError` for years beyond 9999."""
    # `fromtimestamp` would cut a millisecond off of some, which no float has exactly.
    moment = _EPOCH + timedelta(milliseconds=round(seconds * 1000))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_timestamp(text: str) -> float:
    """Seconds since the epoch; a time without a zone is in UTC. Raises `ValueError` or `OverflowError`."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def parse_modification_time(text: str) -> float:
    """Seconds since the epoch.

    Raises:
        InvalidValue: it is no time, or before 1601 or after 9998.
    """
    try:
        seconds = parse_timestamp(text)
    except (ValueError, OverflowError):
        raise InvalidValue("must be a date and time as 2026-11-30T12:00:00.000Z") from None
    if not is_modification_time(seconds):
        raise InvalidValue("must lie in the years 1601 to 9998")
    return seconds


def is_modification_time(seconds: float) -> bool:
    """Whether a file may have this modification time; NaN is none."""
    return EARLIEST_S <= seconds < LATEST_S
