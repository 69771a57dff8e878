"""Faults on demand: what goes wrong, where, and how often."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from discord_emulator.errors import Scope
from discord_emulator.operations import Operation


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMIT = "rate_limit"
    """429 of `scope`, to be tried again after `retry_after_s`."""
    ERROR = "error"
    """The HTTP `status` with the JSON `code`; with `after_commit` the request was carried out."""
    RESET = "reset"
    """The connection breaks once the body is read; with `after_commit` it was carried out."""
    SLOW = "slow"
    """Nothing happens until `release`; with `after_commit` the answer waits instead."""
    TRUNCATED = "truncated"
    """The answer's body breaks off after `after_bytes`."""
    STALLED = "stalled"
    """The answer's body stops after `after_bytes` and goes on after `release`."""
    NOT_FOUND = "not_found"
    """The message (10008) or the file on the CDN is gone, for this request."""
    WEBHOOK_GONE = "webhook_gone"
    """The webhook is unknown (10015), for this request."""


class FaultOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, eq=False):
    """What is ordered.

    Attributes:
        kind: what goes wrong.
        route: the operation that it meets; None for any.
        times: how many requests it meets; None until it is removed.
        skip: how many matching requests pass unharmed before.
        after_commit: whether the request is carried out first (error, reset, slow).
        webhook_id: only requests of this webhook.
        message_id: only requests for this message.
        attachment_id: only requests for this attachment.
        scope: of a rate limit.
        retry_after_s: of a rate limit, in seconds.
        status: of an error, the HTTP status.
        code: of an error, Discord's JSON code.
        after_bytes: of a truncated or stalled body; None is half of it.
    """

    kind: FaultKind
    route: Operation | None = None
    times: int | None = 1
    skip: int = 0
    after_commit: bool = False
    webhook_id: int | None = None
    message_id: int | None = None
    attachment_id: int | None = None
    scope: Scope = Scope.USER
    retry_after_s: float = 1.0
    status: int = 500
    code: int = 0
    after_bytes: int | None = None

    def __post_init__(self) -> None:
        """Accepts names in the place of enumerated values."""
        self.kind = FaultKind(self.kind)
        self.route = None if self.route is None else Operation(self.route)
        self.scope = Scope(self.scope)


class Fault(FaultOrder, kw_only=True, eq=False):
    """An order for trouble, and what has come of it. Made with the fields of `FaultOrder`.

    Attributes:
        hits: how many requests have met it.
        reached: set when a request has met it (slow and stalled: and waits).
    """

    hits: int = 0
    reached: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    _gate: asyncio.Event = msgspec.field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Lets those go on that wait at this fault, now and later."""
        self._gate.set()

    async def wait(self) -> None:
        """Waits for `release`."""
        self.reached.set()
        await self._gate.wait()

    def matches(self, operation: Operation, match_info: Mapping[str, str]) -> bool:
        """Tells whether a request is meant."""
        if self.route not in (None, operation):
            return False
        wanted = (
            ("webhook_id", self.webhook_id),
            ("message_id", self.message_id),
            ("attachment_id", self.attachment_id),
        )
        return all(match_info.get(k) == str(v) for k, v in wanted if v is not None)


class Faults:
    """The faults that are ordered, first come first served."""

    def __init__(self) -> None:
        self._ordered: dict[int, Fault] = {}
        self._next_id = 1

    @property
    def pending(self) -> dict[int, Fault]:
        """The faults that will still meet requests, by number."""
        return {n: fault for n, fault in self._ordered.items() if not self._is_spent(fault)}

    def add(self, fault: Fault) -> int:
        """Orders a fault and returns its number."""
        number = self._next_id
        self._next_id += 1
        self._ordered[number] = fault
        return number

    def release(self, number: int) -> bool:
        """Lets those go on that wait at a fault; False when there is no such fault."""
        fault = self._ordered.get(number)
        if fault is None:
            return False
        fault.release()
        return True

    def clear(self) -> None:
        """Removes all faults and lets go who waits at one."""
        for fault in self._ordered.values():
            fault.release()
        self._ordered.clear()

    def take(self, operation: Operation, match_info: Mapping[str, str]) -> Fault | None:
        """Returns the fault that a request meets, and counts it."""
        for fault in self._ordered.values():
            if self._is_spent(fault) or not fault.matches(operation, match_info):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.hits += 1
            if fault.kind not in (FaultKind.SLOW, FaultKind.STALLED):
                fault.reached.set()
            return fault
        return None

    @staticmethod
    def _is_spent(fault: Fault) -> bool:
        return fault.times is not None and fault.hits >= fault.times
