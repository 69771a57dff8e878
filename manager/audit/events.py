"""Makes audit events, and counts equal ones instead of keeping each.

Equal events within a minute are one with a count. What strangers cause is limited besides, so that a flood
of guesses does not fill the catalog: each action has a budget, and once that is spent, one event per hour
counts what is beyond it.
"""

import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from catalog.records import AuditEvent, AuditOutcome, User
from manager.audit.actions import AuditAction

COUNT_S: Final = 60.0
"""Seconds from the first of several equal events within which they are counted as one."""
STRANGERS_BURST: Final = 1000
"""Events of an action that strangers may cause at once."""
STRANGERS_REFILL_S: Final = 6.0
"""Seconds after which they may cause one more: 14 400 a day."""
OVERFLOW_S: Final = 3600.0
"""Seconds for which one event counts what they cause beyond that."""
MAX_COUNTED: Final = 10_000
"""Events that are remembered because equal ones may follow."""
_LONGEST_SUBJECT: Final = 2048
_LONGEST_TEXT: Final = 256
_MOST_ITEMS: Final = 20

_Key = tuple[str, AuditOutcome, int | None, str | None, str | None, str | None, str]


def new_event(
    action: AuditAction,
    *,
    at: float,
    actor: User | str | None,
    address: str | None,
    subject: str | None = None,
    outcome: AuditOutcome | str = AuditOutcome.SUCCESS,
    details: Mapping[str, object] | None = None,
) -> AuditEvent:
    """The event as a catalog can store it: long texts are cut, and what is no text is replaced."""
    name = actor.name if isinstance(actor, User) else actor
    return AuditEvent(
        id=uuid4(),
        first_at=at,
        last_at=at,
        action=action.value,
        outcome=AuditOutcome(outcome),
        actor_id=actor.id if isinstance(actor, User) else None,
        actor=_text(name, _LONGEST_TEXT),
        address=_text(address, _LONGEST_TEXT),
        subject=_text(subject, _LONGEST_SUBJECT),
        details=json.dumps(
            {name: _detail(value) for name, value in (details or {}).items()},
            sort_keys=True,
            separators=(",", ":"),
        ),
    )


@dataclass(slots=True)
class _Budget:
    """How many events of an action strangers may cause now."""

    left: float = STRANGERS_BURST
    at: float = 0.0

    def spend(self, now: float) -> bool:
        """Whether there is one left, which is spent then."""
        refilled = self.left + max(0.0, now - self.at) / STRANGERS_REFILL_S
        self.left, self.at = min(STRANGERS_BURST, refilled), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class EventCounter:
    """Remembers events for as long as equal ones are counted with them."""

    def __init__(self) -> None:
        self._counted: OrderedDict[_Key, AuditEvent] = OrderedDict()
        self._strangers: dict[str, _Budget] = {}

    def add(self, event: AuditEvent) -> AuditEvent:
        """The event to write: this one, or an earlier one of its kind with a higher count."""
        if (
            not _is_by_stranger(event)
            or self._earlier(event, COUNT_S)
            or self._is_affordable(event)
        ):
            return self._count(event, COUNT_S)
        details = '{"reason":"too many to list"}'
        anybody = replace(event, actor=None, address=None, subject=None, details=details)
        return self._count(anybody, OVERFLOW_S)

    def _is_affordable(self, event: AuditEvent) -> bool:
        # One for each action, so that a popular link does not use up what lists wrong passwords.
        return self._strangers.setdefault(event.action, _Budget()).spend(event.first_at)

    def forget(self, event: AuditEvent) -> None:
        """Counts equal events with a new one from now on."""
        self._counted.pop(_key_of(event), None)

    def _earlier(self, event: AuditEvent, within_s: float) -> AuditEvent | None:
        known = self._counted.get(_key_of(event))
        is_recent = known is not None and 0 <= event.first_at - known.first_at < within_s
        return known if is_recent else None

    def _count(self, event: AuditEvent, within_s: float) -> AuditEvent:
        earlier = self._earlier(event, within_s)
        if earlier is not None:
            last_at = max(earlier.last_at, event.last_at)
            event = replace(earlier, count=earlier.count + 1, last_at=last_at)
        self._counted[_key_of(event)] = event
        if len(self._counted) > MAX_COUNTED:
            self._counted.popitem(last=False)
        return event


def _is_by_stranger(event: AuditEvent) -> bool:
    """Whether anybody on the network could cause it: nobody is known to have, or it was refused."""
    if event.actor_id is not None or event.address is None:
        return False
    return event.actor is None or event.outcome is AuditOutcome.FAILURE


def _key_of(event: AuditEvent) -> _Key:
    return (
        event.action,
        event.outcome,
        event.actor_id,
        event.actor,
        event.address,
        event.subject,
        event.details,
    )


def _text(value: str | None, longest: int) -> str | None:
    if value is None:
        return None
    # No catalog stores lone surrogates, and PostgreSQL no NUL.
    stored = value.encode(errors="replace").decode().replace("\0", "?")
    return stored if len(stored) <= longest else stored[: longest - 1] + "…"


def _detail(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list | tuple):
        return [_detail(item) for item in value[:_MOST_ITEMS]]
    return _text(str(value), _LONGEST_TEXT)
