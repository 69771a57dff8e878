"""Replies find whoever waits for them."""

import asyncio

import pytest

from protocol import Frame, PendingReplies, generic

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER_UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
YES = generic.Boolean(success=True)


async def test_a_reply_goes_to_the_request_that_it_answers():
    """Other requests wait on."""
    pending = PendingReplies()
    first, second = pending.register(UUID), pending.register(OTHER_UUID)
    assert pending.resolve(Frame(YES, None, OTHER_UUID))
    assert await second == YES
    assert not first.done()
    assert len(pending) == 1


@pytest.mark.parametrize("reply_uuid", [None, OTHER_UUID])
async def test_a_frame_that_answers_nothing_is_left_to_the_caller(reply_uuid):
    """It may be an event, or a reply that nobody waits for."""
    pending = PendingReplies()
    future = pending.register(UUID)
    assert not pending.resolve(Frame(YES, UUID, reply_uuid))
    assert not future.done()


async def test_a_second_reply_answers_nothing():
    """A request is answered once."""
    pending = PendingReplies()
    future = pending.register(UUID)
    assert pending.resolve(Frame(YES, None, UUID))
    assert not pending.resolve(Frame(generic.Boolean(success=False), None, UUID))
    assert await future == YES


async def test_a_request_that_timed_out_is_forgotten():
    """Nothing piles up, and a late reply answers nothing."""
    pending = PendingReplies()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await pending.register(UUID)
    assert not pending.resolve(Frame(YES, None, UUID))
    assert len(pending) == 0


async def test_a_reply_to_a_request_that_was_just_cancelled_answers_nothing():
    """The reply may come before the loop has run the cancellation's callbacks."""
    pending = PendingReplies()
    pending.register(UUID).cancel()
    assert not pending.resolve(Frame(YES, None, UUID))


async def test_a_uuid_waits_once():
    """Two requests with one uuid could not be told apart."""
    pending = PendingReplies()
    pending.register(UUID)
    with pytest.raises(ValueError, match="waits already"):
        pending.register(UUID)


async def test_a_reused_uuid_is_not_forgotten_with_its_predecessor():
    """What ends an old request does not touch the new one of that name."""
    pending = PendingReplies()
    pending.register(UUID)
    pending.resolve(Frame(YES, None, UUID))
    future = pending.register(UUID)
    await asyncio.sleep(0)
    assert pending.resolve(Frame(YES, None, UUID))
    assert await future == YES


async def test_when_the_connection_is_lost_every_request_fails():
    """Whoever waits learns why, and nothing waits any more."""
    pending = PendingReplies()
    futures = [pending.register(UUID), pending.register(OTHER_UUID)]
    futures[1].cancel()
    pending.fail_all(ConnectionError("lost"))
    with pytest.raises(ConnectionError, match="lost"):
        await futures[0]
    assert futures[1].cancelled()
    assert len(pending) == 0
