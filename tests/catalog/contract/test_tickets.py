"""The promises of `TicketStore`."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from catalog.errors import (
    ObjectIncomplete,
    ObjectMissing,
    TicketExpired,
    TicketMissing,
    TicketUsed,
    TooManyTemporaryBytes,
    TooManyTickets,
)
from catalog.records import JobState, ObjectState, Reference, Ticket, TicketLimits, ViewTarget
from tests.messages import enter_chunk
from tests.orphans import orphans_of

WIDE = TicketLimits(open_tickets=100, temporary_bytes=10**12)


@pytest.fixture
def ticket(clock):
    """Makes tickets for five bytes."""

    def make(*, holder="user:1", size=5, ttl_s=60.0, view=None):
        return Ticket(
            id=uuid4(),
            holder=holder,
            mime_type="text/plain",
            size=size,
            created_at=clock(),
            expires_at=clock() + ttl_s,
            reference_ttl_s=1000.0,
            view=view,
        )

    return make


@pytest.fixture
def redeem(catalog, uploads):
    """Redeems a ticket as an upload does, and journals its only chunk."""

    async def begin(ticket):
        draft = replace(uploads.draft(size=ticket.size), id=ticket.id)
        redeemed = await catalog.redeem_ticket(draft, uploads.reference(ticket.id))
        await enter_chunk(catalog, uploads.location(ticket.id, size=ticket.size))
        return redeemed

    return begin


@pytest.fixture
def complete(catalog, redeem):
    """Takes a ticket from opening to a stored object, without the upload's own hold."""

    async def run(ticket, limits=WIDE):
        await catalog.open_ticket(ticket, limits=limits)
        await redeem(ticket)
        await catalog.complete_ticket(ticket.id, mime_type=ticket.mime_type, hash_hex="ab")
        await catalog.release(ticket.id, service="upload", key="k")

    return run


async def test_ticket_is_what_was_opened(catalog, ticket):
    """A ticket is found as it was opened; the same one again changes nothing."""
    opened = replace(
        ticket(), success_action_status=201, success_action_redirect="https://example.org/"
    )
    for _ in range(2):
        await catalog.open_ticket(opened, limits=TicketLimits(open_tickets=1, temporary_bytes=5))
    assert await catalog.ticket(opened.id) == opened
    assert await catalog.ticket(uuid4()) is None


async def test_redeemed_once(catalog, ticket, uploads, redeem, clock):
    """A ticket begins one upload; only the very same redemption may be repeated."""
    opened = ticket()
    await catalog.open_ticket(opened, limits=WIDE)
    clock.advance(1.0)
    used = replace(opened, used_at=clock())
    assert await redeem(opened) == used
    assert await redeem(opened) == used
    assert (await catalog.object_by_id(opened.id)).state is ObjectState.UPLOADING
    draft = replace(uploads.draft(), id=opened.id)
    with pytest.raises(TicketUsed):
        await catalog.redeem_ticket(draft, uploads.reference(opened.id, key="other"))


async def test_of_two_redemptions_at_once_one_wins(catalog, ticket, uploads):
    """Two forms with one ticket cannot both begin."""
    opened = ticket()
    await catalog.open_ticket(opened, limits=WIDE)
    draft = replace(uploads.draft(), id=opened.id)
    answers = await asyncio.gather(
        *(
            catalog.redeem_ticket(draft, uploads.reference(opened.id, key=f"form {n}"))
            for n in range(4)
        ),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Ticket", *["TicketUsed"] * 3]


async def test_unknown_and_late_tickets(catalog, ticket, redeem, clock):
    """A ticket that was never opened, or not used in time, begins nothing."""
    with pytest.raises(TicketMissing):
        await redeem(ticket())
    late = ticket(ttl_s=60.0)
    await catalog.open_ticket(late, limits=WIDE)
    clock.advance(60.0)
    with pytest.raises(TicketExpired):
        await redeem(late)
    assert await catalog.object_by_id(late.id) is None


async def test_completed_upload_is_kept_for_its_time(catalog, ticket, complete, clock):
    """The temporary reference counts from completion, and ends to the moment."""
    opened = ticket()
    clock.advance(30.0)
    await complete(opened)
    expires_at = clock() + 1000.0
    expected = Reference(object_id=opened.id, service="ticket", key="user:1", expires_at=expires_at)
    assert await catalog.references_on(opened.id) == [expected]
    clock.advance(999.0)
    assert await catalog.collect_objects(limit=9) == 0
    clock.advance(1.0)
    assert await catalog.collect_objects(limit=9) == 1
    assert await catalog.ticket(opened.id) is None


async def test_completing_again_changes_nothing(catalog, ticket, complete, clock):
    """A repeated completion moves no expiry, and revives no reference that was let go."""
    opened = ticket()
    await complete(opened)
    before = await catalog.references_on(opened.id)
    clock.advance(5.0)
    stored = await catalog.complete_ticket(opened.id, mime_type="a/b", hash_hex="cd")
    assert (stored.state, stored.mime_type) == (ObjectState.STORED, "text/plain")
    assert await catalog.references_on(opened.id) == before
    await catalog.release(opened.id, service="ticket", key="user:1")
    await catalog.complete_ticket(opened.id, mime_type="a/b", hash_hex="cd")
    assert await catalog.references_on(opened.id) == []


async def test_completing_releases_what_has_held_the_upload(catalog, ticket, uploads, redeem):
    """The reference that is named goes with the completion, and no other; repeated as well."""
    opened = ticket()
    await catalog.open_ticket(opened, limits=WIDE)
    await redeem(opened)
    other = uploads.reference(opened.id, key="other", ttl_s=None)
    await catalog.hold(other)
    for _ in range(2):
        await catalog.complete_ticket(
            opened.id, mime_type="a/b", hash_hex="ab", hold=("upload", "k")
        )
        held = await catalog.references_on(opened.id)
        assert {(each.service, each.key) for each in held} == {
            ("ticket", opened.holder),
            ("upload", "other"),
        }
        await catalog.hold(uploads.reference(opened.id))


async def test_incomplete_uploads_are_not_completed(catalog, ticket, uploads):
    """Without all chunks nothing is completed; without an object there is nothing to complete."""
    opened = ticket()
    await catalog.open_ticket(opened, limits=WIDE)
    with pytest.raises(ObjectMissing):
        await catalog.complete_ticket(opened.id, mime_type="a/b", hash_hex="ab")
    draft = replace(uploads.draft(), id=opened.id)
    await catalog.redeem_ticket(draft, uploads.reference(opened.id))
    with pytest.raises(ObjectIncomplete):
        await catalog.complete_ticket(opened.id, mime_type="a/b", hash_hex="ab")
    assert (await catalog.object_by_id(opened.id)).state is ObjectState.UPLOADING
    with pytest.raises(TicketMissing):
        await catalog.complete_ticket(await uploads.store(), mime_type="a/b", hash_hex="ab")


async def test_failed_redemption_leaves_nothing(catalog, ticket, redeem):
    """Once its hold is gone, a cut-off upload goes without grace, and its ticket with it."""
    opened = ticket()
    await catalog.open_ticket(opened, limits=WIDE)
    await redeem(opened)
    await catalog.release(opened.id, service="upload", key="k")
    assert await catalog.collect_objects(limit=9, grace_s=10**6) == 1
    assert len(await orphans_of(catalog)) == 1
    with pytest.raises(TicketMissing):
        await redeem(opened)


async def test_open_tickets_are_limited(catalog, ticket, redeem, clock):
    """Each holder has so many: tickets that may be used, and those that are being used."""
    limits = TicketLimits(open_tickets=2, temporary_bytes=10**6)
    first, second = ticket(), ticket()
    for each in (first, second):
        await catalog.open_ticket(each, limits=limits)
    await catalog.open_ticket(ticket(holder="user:2"), limits=limits)
    await redeem(first)
    with pytest.raises(TooManyTickets):
        await catalog.open_ticket(ticket(), limits=limits)
    await catalog.open_ticket(ticket(), limits=None)
    clock.advance(60.0)
    await catalog.open_ticket(ticket(), limits=limits)
    with pytest.raises(TooManyTickets):
        await catalog.open_ticket(ticket(), limits=limits)
    await catalog.complete_ticket(first.id, mime_type="a/b", hash_hex="ab")
    await catalog.open_ticket(ticket(), limits=limits)


async def test_temporary_bytes_are_limited(catalog, ticket, complete):
    """Open tickets and what temporary references keep alive count together, to the byte."""
    limits = TicketLimits(open_tickets=9, temporary_bytes=12)
    done = ticket(size=5)
    await complete(done, limits)
    await catalog.open_ticket(ticket(size=4), limits=limits)
    with pytest.raises(TooManyTemporaryBytes):
        await catalog.open_ticket(ticket(size=4), limits=limits)
    await catalog.open_ticket(ticket(size=4, holder="service:a"), limits=limits)
    await catalog.open_ticket(ticket(size=3), limits=limits)
    await catalog.release(done.id, service="ticket", key="user:1")
    await catalog.open_ticket(ticket(size=5), limits=limits)


async def test_asking_at_once_does_not_exceed_the_limit(catalog, ticket):
    """Of many tickets asked for at once only as many are opened as there may be."""
    limits = TicketLimits(open_tickets=3, temporary_bytes=10**6)
    answers = await asyncio.gather(
        *(catalog.open_ticket(ticket(), limits=limits) for _ in range(6)), return_exceptions=True
    )
    assert sum(answer is None for answer in answers) == 3


async def test_expired_tickets_are_dropped(catalog, ticket, complete, clock):
    """Tickets that nobody used go in batches; those that were used stay with their object."""
    await complete(ticket())
    for _ in range(3):
        await catalog.open_ticket(ticket(ttl_s=1.0), limits=WIDE)
    assert await catalog.drop_expired_tickets(limit=9) == 0
    clock.advance(1.0)
    assert [await catalog.drop_expired_tickets(limit=2) for _ in range(3)] == [2, 1, 0]


async def test_completed_upload_is_queued(catalog, ticket, complete):
    """What a ticket brought is to be processed, once."""
    opened = ticket()
    await complete(opened)
    (job,) = await catalog.jobs(JobState.QUEUED, limit=9)
    assert job.object_id == opened.id


async def test_ticket_for_a_view(catalog, ticket, complete, uploads, clock):
    """Its upload becomes the view and nothing else: no reference, no job; it goes with the file."""
    file = await uploads.put()
    opened = ticket(view=ViewTarget(object_id=file.object_id, name="thumbnail"))
    await complete(opened)
    (view,) = await catalog.views_of(file.object_id)
    assert (view.name, view.content.id) == ("thumbnail", opened.id)
    assert await catalog.references_on(opened.id) == []
    assert [job.object_id for job in await catalog.jobs(JobState.QUEUED, limit=9)] == [
        file.object_id
    ]
    assert await catalog.collect_objects(limit=9) == 0
    await catalog.delete_file(file.id)
    assert await catalog.collect_objects(limit=9) == 2


async def test_view_of_what_is_gone(catalog, ticket, complete):
    """A view whose original was collected meanwhile is refused, and becomes garbage."""
    opened = ticket(view=ViewTarget(object_id=uuid4(), name="thumbnail"))
    with pytest.raises(ObjectMissing):
        await complete(opened)
    await catalog.release(opened.id, service="upload", key="k")
    assert await catalog.collect_objects(limit=9) == 1
