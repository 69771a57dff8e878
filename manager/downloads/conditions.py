"""Conditional requests: what a client with an older copy gets (RFC 9110 section 13). No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum, auto

from multidict import MultiMapping

_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


class Outcome(Enum):
    """What the conditions of a request come to."""

    PROCEED = auto()
    """They hold, or there are none."""
    NOT_MODIFIED = auto()
    """The client's copy is the current one: 304."""
    FAILED = auto()
    """The client wants another version than there is: 412."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells versions apart: a strong entity tag, and the time of change (epoch seconds)."""

    tag: str
    modified_at: float

    @property
    def etag(self) -> str:
        """The value of `ETag`."""
        return f'"{self.tag}"'

    @property
    def last_modified(self) -> str:
        """The value of `Last-Modified`; whole seconds, which is all that HTTP knows."""
        return format_datetime(datetime.fromtimestamp(int(self.modified_at), UTC), usegmt=True)


def evaluate(headers: Mapping[str, str], current: Validators) -> Outcome:
    """Judges the preconditions of a GET or HEAD in the order of RFC 9110 section 13.2.2."""
    if not _precondition_holds(headers, current):
        return Outcome.FAILED
    if _copy_is_current(headers, current):
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def range_applies(headers: Mapping[str, str], current: Validators) -> bool:
    """Whether `Range` counts: without `If-Range`, or when that names the current version."""
    condition = headers.get("If-Range")
    if condition is None:
        return True
    if _ENTITY_TAG.fullmatch(condition.strip()):
        # The comparison is strong: a weak tag never matches (section 13.1.5).
        return condition.strip() == current.etag
    return _seconds(condition) == int(current.modified_at)


def _precondition_holds(headers: Mapping[str, str], current: Validators) -> bool:
    if (tags := _list(headers, "If-Match")) is not None:
        return tags.strip() == "*" or current.etag in _ENTITY_TAG.findall(tags)
    since = _seconds(headers.get("If-Unmodified-Since"))
    return since is None or int(current.modified_at) <= since


def _copy_is_current(headers: Mapping[str, str], current: Validators) -> bool:
    if (tags := _list(headers, "If-None-Match")) is not None:
        listed = (tag.removeprefix("W/") for tag in _ENTITY_TAG.findall(tags))
        return tags.strip() == "*" or current.etag in listed
    since = _seconds(headers.get("If-Modified-Since"))
    return since is not None and int(current.modified_at) <= since


def _list(headers: Mapping[str, str], name: str) -> str | None:
    """A list that may be spread over several lines of the header (section 5.3)."""
    if isinstance(headers, MultiMapping) and name in headers:
        return ", ".join(headers.getall(name))
    return headers.get(name)


def _seconds(date: str | None) -> int | None:
    """Epoch seconds of an HTTP date; None when there is none or it is malformed."""
    try:
        return int(parsedate_to_datetime(date).timestamp()) if date else None
    except (ValueError, OverflowError):
        return None
