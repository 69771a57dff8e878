"""Audit events: the line at once, the row in the background, bounded whatever happens."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from catalog.errors import CatalogUnavailable, InvalidRecord
from catalog.records import AuditEvent, AuditOutcome, AuditQuery, User
from catalog.sqlite.adapter import SqliteCatalog
from common.tasks import cancel_and_wait
from manager.audit import events as counting
from manager.audit import log as audit_log
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog

ALICE = User(id=1, name="alice", is_admin=True, password_hash="h", token_epoch=0, created_at=0.0)
EVERYTHING = 100_000
ADDRESS = "198.51.100.7"


class Clock:
    """Seconds since the epoch, as the test sets them."""

    now = 1_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


class UnsteadyCatalog:
    """An audit log's catalog whose writes fail when the test says so; counts them."""

    def __init__(self, catalog: SqliteCatalog) -> None:
        self._catalog = catalog
        self.fault: Exception | None = None
        self.refused: set[str] = set()
        self.batches: list[int] = []
        self.is_written = asyncio.Event()
        self.audit_events = catalog.audit_events
        self.drop_audit_events = catalog.drop_audit_events

    async def put_audit_events(self, events: Sequence[AuditEvent]) -> None:
        """Writes them, or fails."""
        if self.fault is not None:
            raise self.fault
        if any(event.actor in self.refused for event in events):
            raise InvalidRecord("the database refuses these values")
        await self._catalog.put_audit_events(events)
        self.batches.append(len(events))
        self.is_written.set()

    async def rows(self) -> list[AuditEvent]:
        """All events, oldest first."""
        found = await self._catalog.audit_events(AuditQuery(), before=None, limit=EVERYTHING)
        return found[::-1]


@pytest.fixture
def clock() -> Clock:
    """The time of the test."""
    return Clock()


@pytest.fixture
async def catalog(tmp_path: Path, clock: Clock) -> AsyncIterator[UnsteadyCatalog]:
    """An empty catalog."""
    async with SqliteCatalog.open(tmp_path / "catalog.db", clock=clock) as catalog:
        yield UnsteadyCatalog(catalog)


@pytest.fixture
def audit(catalog: UnsteadyCatalog, clock: Clock) -> AuditLog:
    """An audit log that keeps events for ten days."""
    return AuditLog(catalog, clock, keep_days=10)


def refuse(audit: AuditLog, *, name: str = "alice", address: str = ADDRESS) -> None:
    """Somebody gives a wrong password."""
    audit.record(
        AuditAction.CREDENTIALS_REFUSED,
        actor=name,
        address=address,
        outcome="failure",
        reason="wrong",
    )


async def test_an_event_is_logged_at_once_and_written_later(audit, catalog, clock):
    """The line has all that the row has, before the catalog is asked."""
    with capture_logs() as lines:
        audit.record(
            AuditAction.MASTER_KEY_CHANGED,
            actor=ALICE,
            address=ADDRESS,
            subject="/a b",
            to="bob",
            n=3,
        )
    assert lines == [
        {
            "event": "audit",
            "log_level": "info",
            "action": "master-key-changed",
            "actor": "alice",
            "address": ADDRESS,
            "subject": "/a b",
            "outcome": "success",
            "details": {"to": "bob", "n": 3},
        }
    ]
    assert await catalog.rows() == []
    await audit.flush()
    (row,) = await catalog.rows()
    assert row == AuditEvent(
        id=row.id,
        first_at=clock.now,
        last_at=clock.now,
        action="master-key-changed",
        outcome=AuditOutcome.SUCCESS,
        actor_id=1,
        actor="alice",
        address=ADDRESS,
        subject="/a b",
        details='{"n":3,"to":"bob"}',
    )


async def test_what_was_refused_is_a_warning(audit):
    """So that it is in the log at the level `warning`, too."""
    with capture_logs() as lines:
        refuse(audit)
    assert [(each["log_level"], each["outcome"]) for each in lines] == [("warning", "failure")]


async def test_equal_events_of_a_minute_are_one_with_a_count(audit, catalog, clock):
    """Also when the first ones were written before; after a minute, or if they differ, there is another."""
    refuse(audit)
    clock.now += 30
    refuse(audit)
    await audit.flush()
    clock.now += 29
    refuse(audit)
    refuse(audit, name="bob")
    await audit.flush()
    clock.now += 1
    refuse(audit)
    await audit.flush()
    counted = [(row.actor, row.count, row.last_at - row.first_at) for row in await catalog.rows()]
    assert sorted(counted) == [("alice", 1, 0), ("alice", 3, 59), ("bob", 1, 0)]


async def test_a_flood_of_strangers_does_not_fill_the_catalog(audit, catalog, clock):
    """However many names and addresses there are: beyond the budget an hour is one row that counts them."""
    number = counting.STRANGERS_BURST + 500
    for each in range(number):
        refuse(audit, name=f"user{each}", address=f"10.0.{each // 250}.{each % 250}")
    await audit.flush()
    rows = await catalog.rows()
    assert len(rows) == counting.STRANGERS_BURST + 1
    assert sum(row.count for row in rows) == number
    (rest,) = (row for row in rows if row.count > 1)
    assert (rest.actor, rest.address, rest.count) == (None, None, 500)
    audit.record(AuditAction.MASTER_KEY_CHANGED, actor=ALICE, address=ADDRESS)
    clock.now += 2 * counting.STRANGERS_REFILL_S
    for each in range(3):
        refuse(audit, name=f"later{each}")
    await audit.flush()
    assert len(await catalog.rows()) == len(rows) + 1 + 2


async def test_a_popular_link_leaves_room_for_wrong_passwords(audit, catalog):
    """What nobody is named for is limited as well, each action for itself; what services do is not."""
    number = counting.STRANGERS_BURST + 10
    for each in range(number):
        audit.record(AuditAction.LINK_USED, actor=None, address=f"10.0.{each // 250}.{each % 250}")
        audit.record(
            AuditAction.TICKET_ISSUED, actor="service:blog", address=ADDRESS, subject=str(each)
        )
    refuse(audit)
    await audit.flush()
    found = Counter(row.action for row in await catalog.rows())
    assert found == {
        "link-used": counting.STRANGERS_BURST + 1,
        "ticket-issued": number,
        "credentials-refused": 1,
    }


async def test_events_wait_for_a_catalog_that_is_away(audit, catalog, clock):
    """They are written once it is back, each once, also what was counted meanwhile."""
    refuse(audit)
    clock.now += 1
    refuse(audit, name="bob")
    catalog.fault = CatalogUnavailable("away")
    with pytest.raises(CatalogUnavailable):
        await audit.flush()
    refuse(audit)
    catalog.fault = None
    await audit.flush()
    assert [(row.actor, row.count) for row in await catalog.rows()] == [("alice", 2), ("bob", 1)]


async def test_what_waits_is_bounded_and_the_loss_is_counted(audit, catalog, clock, monkeypatch):
    """The log has all lines; the catalog has an event that says how many are missing."""
    monkeypatch.setattr(audit_log, "MAX_WAITING", 5)
    catalog.fault = CatalogUnavailable("away")
    with capture_logs() as lines:
        for each in range(8):
            clock.now += 1
            refuse(audit, name=f"user{each}")
    assert [line["event"] for line in lines].count("audit") == 8
    assert [line["event"] for line in lines].count("audit-events-lost") == 1
    catalog.fault = None
    clock.now += 1
    await audit.flush()
    *kept, lost = await catalog.rows()
    assert [row.actor for row in kept] == [f"user{each}" for each in range(5)]
    assert (lost.action, json.loads(lost.details)) == ("audit-lost", {"events": 3})
    await audit.flush()
    assert len(await catalog.rows()) == 6


async def test_events_that_the_catalog_refuses_hold_up_no_others(audit, catalog):
    """They are lost, and counted as such; what was to be written with them is written."""
    for name in ("alice", "bob", "cid"):
        refuse(audit, name=name)
    catalog.refused = {"bob"}
    await audit.flush()
    rows = await catalog.rows()
    assert {row.actor for row in rows} == {"alice", "cid", None}
    (lost,) = (row for row in rows if row.actor is None)
    assert (lost.action, json.loads(lost.details)) == ("audit-lost", {"events": 1})


async def test_events_are_written_in_batches(audit, catalog):
    """One transaction has many events, but never more than others can wait for."""
    for each in range(audit_log.BATCH + 1):
        audit.record(AuditAction.MASTER_KEY_CHANGED, actor=None, address=None, subject=str(each))
    await audit.flush()
    assert catalog.batches == [audit_log.BATCH, 1]


async def test_odd_values_are_recorded_as_far_as_a_catalog_can(audit, catalog):
    """Nothing that a peer sends makes recording fail, nor a row long."""
    audit.record(
        AuditAction.MASTER_KEY_CHANGED,
        actor="\ud800x\0",
        address="a" * 1000,
        subject="/" + "ü" * 5000,
        many=["x" * 500] * 100,
        odd=object,
    )
    await audit.flush()
    (row,) = await catalog.rows()
    assert row.actor == "?x?"
    assert len(row.subject) == 2048
    assert len(row.address) == 256
    assert len(row.details) < 10_000


async def test_the_loop_writes_what_is_recorded(catalog, clock):
    """Nobody has to ask for it; while the catalog is away the loop waits and goes on."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            catalog.fault = None
        await asyncio.sleep(0)

    audit = AuditLog(catalog, clock, keep_days=1, sleep=pause)
    catalog.fault = CatalogUnavailable("away")
    loop = asyncio.create_task(audit.run())
    refuse(audit)
    await catalog.is_written.wait()
    await cancel_and_wait(loop)
    assert [row.actor for row in await catalog.rows()] == ["alice"]
    assert len(pauses) >= 3


async def test_stopping_writes_what_waits(audit, catalog):
    """The last events of a manager are in the catalog; if that is away, the log says how many are not."""
    refuse(audit)
    await audit.close()
    assert len(await catalog.rows()) == 1
    refuse(audit, name="bob")
    catalog.fault = CatalogUnavailable("away")
    with capture_logs() as lines:
        await audit.close()
    assert [line.get("events") for line in lines] == [1]


async def test_old_events_are_deleted(audit, catalog, clock):
    """Those of more than `keep_days` ago, all of them, in several transactions."""
    for each in range(2 * audit_log.BATCH + 10):
        audit.record(AuditAction.MASTER_KEY_CHANGED, actor=None, address=None, subject=str(each))
    clock.now += 9 * 86_400
    refuse(audit)
    await audit.flush()
    clock.now += 86_401
    await audit.delete_old()
    assert [row.action for row in await catalog.rows()] == ["credentials-refused"]
