"""The promises of `AuditStore`."""

from dataclasses import replace
from uuid import UUID

import pytest

from catalog.errors import InvalidRecord
from catalog.records import AuditEvent, AuditOutcome, AuditPosition, AuditQuery

LIMIT = 100


def event(
    number: int,
    *,
    first_at: float = 100.25,
    action: str = "login",
    actor: str | None = "alice",
    subject: str | None = None,
) -> AuditEvent:
    """One of several events, with an id that tells them apart."""
    return AuditEvent(
        id=UUID(int=number),
        first_at=first_at,
        last_at=first_at + 0.5,
        count=1,
        action=action,
        outcome=AuditOutcome.SUCCESS,
        actor_id=None if actor is None else 7,
        actor=actor,
        address="198.51.100.7",
        subject=subject,
        details='{"a":[1,"\\u00e9\\"\\n"],"b":true}',
    )


async def numbers(
    catalog, *, before: AuditPosition | None = None, limit=LIMIT, **query
) -> list[int]:
    """The events that match, by number."""
    found = await catalog.audit_events(AuditQuery(**query), before=before, limit=limit)
    return [each.id.int for each in found]


async def test_an_event_is_kept_as_it_is(catalog):
    """Every field comes back, with and without a value."""
    full = event(1, subject="/a/ü b.txt")
    bare = AuditEvent(
        id=UUID(int=2), first_at=50.0, last_at=50.0, action="x", outcome=AuditOutcome.FAILURE
    )
    await catalog.put_audit_events([full, bare])
    assert await catalog.audit_events(AuditQuery(), before=None, limit=LIMIT) == [full, bare]


async def test_an_event_that_is_written_again_is_counted(catalog):
    """The greater count and the later time hold, whichever comes last; nothing else changes."""
    first = event(1)
    grown = replace(first, count=5, last_at=130.0)
    await catalog.put_audit_events([first])
    await catalog.put_audit_events([replace(grown, action="other", actor="bob")])
    await catalog.put_audit_events([first])
    assert await catalog.audit_events(AuditQuery(), before=None, limit=LIMIT) == [grown]


async def test_events_come_newest_first_in_pages(catalog):
    """By time, then by id; a page goes on after the last event of the one before, ties included."""
    await catalog.put_audit_events([event(each, first_at=10.0 + each // 3) for each in range(1, 8)])
    assert await numbers(catalog, limit=2) == [7, 6]
    position = AuditPosition(first_at=12.0, id=UUID(int=7))
    assert await numbers(catalog, before=position, limit=3) == [6, 5, 4]
    assert await numbers(catalog, before=AuditPosition(first_at=10.0, id=UUID(int=1))) == []


async def test_filters(catalog):
    """By action, by time, and by user: who did it or whom it was done to, regardless of case."""
    await catalog.put_audit_events(
        [
            event(1, first_at=1.0),
            event(2, first_at=2.0, action="share", subject="Bob"),
            event(3, first_at=3.0, actor="bob", subject="bob"),
            event(4, first_at=4.0, actor=None, subject="/bob"),
            event(5, first_at=5.0, actor="BOB", action="share", subject="/x"),
        ]
    )
    assert await numbers(catalog, action="share") == [5, 2]
    assert await numbers(catalog, user="bOb") == [5, 3, 2]
    assert await numbers(catalog, user="bob", action="share") == [5, 2]
    assert await numbers(catalog, user="bob", limit=1) == [5]
    assert await numbers(catalog, since=2.0, until=4.0) == [3, 2]
    assert await numbers(catalog, user="bob", since=3.0, until=5.0) == [3]
    after = AuditPosition(first_at=5.0, id=UUID(int=5))
    assert await numbers(catalog, user="bob", before=after) == [3, 2]
    assert await numbers(catalog, until=3.0, before=after) == [2, 1]
    assert await numbers(catalog, user="nobody") == []


async def test_old_events_are_deleted_in_batches(catalog):
    """The oldest first, up to a limit, and never one from the time on."""
    await catalog.put_audit_events([event(each, first_at=float(each)) for each in range(1, 6)])
    assert await catalog.drop_audit_events(before=4.0, limit=2) == 2
    assert await numbers(catalog) == [5, 4, 3]
    assert await catalog.drop_audit_events(before=4.0, limit=2) == 1
    assert await catalog.drop_audit_events(before=4.0, limit=2) == 0
    assert await numbers(catalog) == [5, 4]


async def test_no_events_are_no_error(catalog):
    """An empty batch changes nothing."""
    await catalog.put_audit_events([])
    assert await numbers(catalog) == []


async def test_events_outlive_their_user(catalog):
    """Removing an account leaves what it has done."""
    user = await catalog.create_first_user("alice", "hash")
    other = await catalog.create_user("bob", "hash")
    await catalog.put_audit_events([replace(event(1), actor="bob", actor_id=other.id)])
    await catalog.lock_user(other.id)
    await catalog.remove_user(other.id)
    assert user.id != other.id
    assert await numbers(catalog, user="bob") == [1]


async def test_a_batch_with_a_wrong_event_is_refused_as_a_whole(catalog):
    """An event that ends before it began, say, is a defect of the caller."""
    with pytest.raises(InvalidRecord):
        await catalog.put_audit_events([event(1), replace(event(2), last_at=1.0)])
    assert await numbers(catalog) == []
