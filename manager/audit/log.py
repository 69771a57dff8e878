"""The audit log: for each event a line of the log at once, and a row of the catalog in the background.

One loop writes the rows in batches. What waits for the catalog is bounded. Events beyond that are lost to the
catalog, which receives an event with their number instead.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import structlog

from catalog.audit_port import AuditStore
from catalog.errors import CatalogError, CatalogUnavailable
from catalog.records import AuditEvent, AuditOutcome, User
from common.password_guard import Refusal
from common.retry import Backoff
from manager.audit.actions import AuditAction
from manager.audit.events import EventCounter, new_event
from manager.error_texts import log_level

BATCH: Final = 200
"""Events per transaction, at most."""
BATCH_S: Final = 0.5
"""Seconds for which events wait for company."""
MAX_WAITING: Final = 10_000
"""Events that may wait for the catalog."""
CLOSE_S: Final = 1.0
"""Seconds that the last events may take when the manager stops."""
SWEEP_S: Final = 3600.0
"""Seconds between two searches for events that are too old."""
_DAY_S: Final = 86_400.0

log = structlog.get_logger(__name__)


class AuditLog:
    """Records events, and deletes them after their time.

    Args:
        catalog: Has the rows.
        clock: Seconds since the epoch.
        keep_days: Days for which rows are kept.
        manager: What this manager is called among several, a detail of each event; None: it is alone.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        catalog: AuditStore,
        clock: Callable[[], float],
        *,
        keep_days: float,
        manager: str | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._of_manager = {} if manager is None else {"manager": manager}
        self._keep_s = keep_days * _DAY_S
        self._sleep = sleep
        self._counter = EventCounter()
        self._waiting: OrderedDict[UUID, AuditEvent] = OrderedDict()
        self._has_events = asyncio.Event()
        self._writing = asyncio.Lock()
        self._lost = 0

    def record(
        self,
        action: AuditAction,
        *,
        actor: User | str | None,
        address: str | None,
        subject: str | None = None,
        outcome: AuditOutcome | str = AuditOutcome.SUCCESS,
        **details: object,
    ) -> None:
        """Records an event. Never raises, and never waits.

        Args:
            action: What was done.
            actor: The user who did it, or the name of who did it or is said to have done it; None when
                nobody is named.
            address: The client, as `ClientAddresses` identifies it; None for the manager itself.
            subject: What it was done to, as the action defines it.
            outcome: `success`, or `failure` for what was refused.
            details: More about it. Never a secret: no password, token, key or address of a webhook.
        """
        event = new_event(
            action,
            at=self._clock(),
            actor=actor,
            address=address,
            subject=subject,
            outcome=outcome,
            details={**self._of_manager, **details},
        )
        _log_line(event)
        event = self._counter.add(event)
        if event.id not in self._waiting and len(self._waiting) >= MAX_WAITING:
            self._counter.forget(event)
            self._lose(1)
        else:
            self._waiting[event.id] = event
        self._has_events.set()

    def record_refusal(self, refusal: Refusal) -> None:
        """Records that somebody gave a wrong password or code, or too many."""
        self.record(
            AuditAction.CREDENTIALS_REFUSED,
            actor=refusal.user,
            address=refusal.address,
            subject=refusal.route,
            outcome=AuditOutcome.FAILURE,
            reason=refusal.reason,
        )

    async def run(self) -> None:
        """Writes events as they come, until cancelled."""
        delays = Backoff(first_s=1, cap_s=30, sleep=self._sleep)
        while True:
            await self._has_events.wait()
            await self._sleep(BATCH_S)
            try:
                await self.flush()
            except CatalogError as error:
                log.log(log_level(error), "audit-not-written", code=error.code, reason=str(error))
                await delays.wait()
            else:
                delays.reset()

    async def flush(self) -> None:
        """Writes all events that wait. Raises `CatalogUnavailable`: they go on waiting then."""
        async with self._writing:
            self._has_events.clear()
            try:
                while self._waiting:
                    await self._write_batch()
                if self._lost:
                    await self._write_loss()
            except BaseException:
                self._has_events.set()
                raise

    async def close(self) -> None:
        """Writes the last events, for `CLOSE_S` seconds."""
        events = self._lost + len(self._waiting)
        writing = asyncio.create_task(self.flush(), name="write the last audit events")
        await asyncio.wait({writing}, timeout=CLOSE_S)
        if not writing.done():
            # It ends like a write of a process that dies.
            writing.cancel()
            log.error("audit-events-lost", events=events, reason="the catalog hangs")
        elif error := writing.exception():
            log.error("audit-events-lost", events=events, reason=str(error))

    async def sweep(self) -> None:
        """Deletes events that are too old, every hour, until cancelled."""
        while True:
            try:
                await self.delete_old()
            except CatalogError as error:
                log.log(log_level(error), "audit-not-swept", code=error.code, reason=str(error))
            await self._sleep(SWEEP_S)

    async def delete_old(self) -> None:
        """Deletes all events that are too old, a batch at a time. Raises `CatalogError`."""
        before = self._clock() - self._keep_s
        while await self._catalog.drop_audit_events(before=before, limit=BATCH) == BATCH:
            # Other writers get their turn in between.
            await self._sleep(0)

    async def _write_batch(self) -> None:
        size = min(BATCH, len(self._waiting))
        events = [self._waiting.popitem(last=False)[1] for _ in range(size)]
        try:
            await self._catalog.put_audit_events(events)
        except BaseException as error:
            if isinstance(error, CatalogError) and not isinstance(error, CatalogUnavailable):
                await self._write_singly(events)
                return
            self._put_back(events)
            raise

    async def _write_singly(self, events: list[AuditEvent]) -> None:
        """Writes a batch that was refused, but for what is wrong in it."""
        for number, event in enumerate(events):
            try:
                await self._catalog.put_audit_events([event])
            except CatalogError as error:
                if isinstance(error, CatalogUnavailable):
                    self._put_back(events[number:])
                    raise
                log.error("audit-event-refused", action=event.action, reason=str(error))
                self._lose(1)

    def _put_back(self, events: list[AuditEvent]) -> None:
        for event in reversed(events):
            # One that was counted meanwhile is there already, with its new count.
            self._waiting.setdefault(event.id, event)
            self._waiting.move_to_end(event.id, last=False)

    def _lose(self, number: int) -> None:
        if not self._lost:
            log.error("audit-events-lost", events=number, reason="more than can wait")
        self._lost += number

    async def _write_loss(self) -> None:
        lost = self._lost
        event = new_event(
            AuditAction.AUDIT_LOST,
            at=self._clock(),
            actor=None,
            address=None,
            outcome=AuditOutcome.FAILURE,
            details={"events": lost},
        )
        await self._catalog.put_audit_events([event])
        self._lost -= lost


def _log_line(event: AuditEvent) -> None:
    tell = log.info if event.outcome is AuditOutcome.SUCCESS else log.warning
    tell(
        "audit",
        action=event.action,
        actor=event.actor,
        address=event.address,
        subject=event.subject,
        outcome=event.outcome.value,
        details=json.loads(event.details),
    )
