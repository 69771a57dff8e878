"""Which managers are alive: decided from their heartbeats, without a clock or I/O.

Every manager announces itself every few seconds. One that was not heard of for `ttl_s` is gone; so is one
that takes its leave. A manager that has lost NATS hears nobody, which says nothing about the others: it
keeps its members, and gives each a full `ttl_s` once it is connected again.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

MAX_MEMBERS: Final = 1000
"""Managers that are followed at most; more are ignored, so that a stranger cannot fill the memory."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One manager, from its start to its end.

    Attributes:
        id: Made anew at each start.
        name: For people: what the operator calls it, else its host and process.
        url: Address at which other managers and proxies reach this very manager; None: unknown.
        version: Release.
        started_at: Seconds since the epoch, by its own clock.
    """

    id: str
    name: str
    url: str | None = None
    version: str = ""
    started_at: float = 0.0


class Membership:
    """The managers that are alive, as one of them sees it.

    Args:
        own: This manager, which is always a member.
        ttl_s: Seconds after which one that was not heard of counts as gone.
    """

    def __init__(self, own: Member, ttl_s: float) -> None:
        self._own = own
        self._ttl_s = ttl_s
        self._members: dict[str, Member] = {own.id: own}
        self._heard_at: dict[str, float] = {}
        self._is_connected = False

    @property
    def members(self) -> Mapping[str, Member]:
        """All members by their ids, this one among them."""
        return MappingProxyType(self._members)

    def connected(self, now: float) -> None:
        """Heartbeats arrive from now on."""
        self._is_connected = True
        self._heard_at = dict.fromkeys(self._heard_at, now)

    def disconnected(self) -> None:
        """No heartbeat arrives until `connected`."""
        self._is_connected = False

    def heard(self, member: Member, now: float) -> bool:
        """Takes a heartbeat; True: of a member that is new."""
        if member.id == self._own.id:
            return False
        is_new = member.id not in self._members
        if is_new and len(self._members) >= MAX_MEMBERS:
            return False
        self._members[member.id] = member
        self._heard_at[member.id] = now
        return is_new

    def left(self, member_id: str) -> Member | None:
        """A member takes its leave; None: it was none, or is this manager itself."""
        if member_id == self._own.id:
            return None
        self._heard_at.pop(member_id, None)
        return self._members.pop(member_id, None)

    def expired(self, now: float) -> list[Member]:
        """Removes the members that were not heard of for too long, and returns them."""
        if not self._is_connected:
            return []
        silent = [each for each, at in self._heard_at.items() if now - at >= self._ttl_s]
        return [gone for each in silent if (gone := self.left(each)) is not None]
