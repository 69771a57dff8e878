"""Buffers, the permits that bound them, and which form with a ticket is admitted to them."""

import asyncio

import pytest

from common.tasks import cancel_and_wait
from upload_service.buffers import Admission, AdmissionQueue, BufferPool, Lane
from upload_service.errors import Busy


async def test_a_buffer_is_used_again() -> None:
    """What was given back is handed out next; nothing new is allocated."""
    pool = BufferPool(10)
    lane = Lane(pool, 2)
    first = await lane.acquire_buffer(10)
    first.release()
    second = await lane.acquire_buffer(10)
    assert second.memory is first.memory
    assert pool.allocated == 1


async def test_who_finds_no_permit_waits() -> None:
    """A lane never has more buffers out than permits, and hands them on in order."""
    lane = Lane(BufferPool(10), 1)
    held = await lane.acquire_buffer(10)
    waiting = [asyncio.create_task(lane.acquire_buffer(10)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    held.release()
    (await waiting[0]).release()
    (await waiting[1]).release()
    assert lane.pool.allocated == 1


async def test_releasing_twice_gives_one_permit() -> None:
    """A second release changes nothing."""
    lane = Lane(BufferPool(10), 1)
    held = await lane.acquire_buffer(10)
    held.release()
    held.release()
    await lane.acquire_buffer(10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lane.acquire_buffer(10), 0)


async def test_a_held_buffer_moves_to_another_lane_with_its_buffer() -> None:
    """The buffer stays the same; the permit of the old lane is free again."""
    pool = BufferPool(10)
    strangers, slot = Lane(pool, 1), Lane(pool, 1)
    held = await strangers.acquire_buffer(10)
    memory = held.memory
    await held.move_to(slot)
    other = await strangers.acquire_buffer(10)
    assert held.memory is memory
    assert other.memory is not memory
    assert pool.allocated == 2


async def test_a_larger_buffer_takes_more_permits() -> None:
    """So that a lane never has more memory out, whatever the sizes of its buffers."""
    lane = Lane(BufferPool(10), 3)
    large = await lane.acquire_buffer(11)
    assert len(large.memory) == 20
    small = await lane.acquire_buffer(3)
    waiting = asyncio.create_task(lane.acquire_buffer(20))
    await asyncio.sleep(0)
    small.release()
    await asyncio.sleep(0)
    assert not waiting.done()
    large.release()
    assert len((await waiting).memory) == 20
    assert lane.pool.allocated == 3


async def test_two_large_buffers_never_wait_for_each_other() -> None:
    """Each gets all of its permits before the next one gets any, and who gives up leaves none behind."""
    lane = Lane(BufferPool(10), 3)
    held = [await lane.acquire_buffer(10) for _ in range(3)]
    waiting = [asyncio.create_task(lane.acquire_buffer(20)) for _ in range(3)]
    await asyncio.sleep(0)
    held[0].release()
    await asyncio.sleep(0)
    await cancel_and_wait(waiting[0])
    held[1].release()
    (await waiting[1]).release()
    (await waiting[2]).release()


async def test_a_buffer_beyond_its_lane_is_given_out_alone() -> None:
    """A chunk is never too large for the service."""
    lane = Lane(BufferPool(10), 1)
    held = await lane.acquire_buffer(20)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lane.acquire_buffer(1), 0)
    held.release()
    await lane.acquire_buffer(1)


async def test_buffers_of_one_size_give_way_to_those_of_another() -> None:
    """Free ones count as memory, too: there is never more than was held at once."""
    pool = BufferPool(10)
    lane = Lane(pool, 4)
    for size, number in ((10, 4), (20, 2), (10, 4), (20, 1)):
        held = [await lane.acquire_buffer(size) for _ in range(number)]
        assert pool.allocated == 4
        for buffer in held:
            buffer.release()


def queue_of(count: int, *, wait_s: float = 60.0) -> AdmissionQueue:
    """So many places."""
    pool = BufferPool(1)
    return AdmissionQueue([Lane(pool, 1) for _ in range(count)], wait_s=wait_s)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


class Form:
    """A form that wants a place, or has it."""

    def __init__(self, queue: AdmissionQueue, address: str, holder: str | None = None) -> None:
        self._leave = asyncio.Event()
        self.has_place = False
        self.task = asyncio.create_task(self._run(queue, address, holder))

    async def _run(self, queue: AdmissionQueue, address: str, holder: str | None) -> None:
        with Admission(queue, address) as admission:
            await admission.admit(holder)
            self.has_place = True
            await self._leave.wait()

    async def leave(self) -> None:
        """End as usual."""
        self._leave.set()
        await self.task
        await settle()

    async def cancel(self) -> None:
        """End wherever it is."""
        await cancel_and_wait(self.task)
        await settle()


async def test_places_are_given_in_order() -> None:
    """Who waits longest is next."""
    queue = queue_of(1)
    forms = [Form(queue, f"10.0.0.{number}") for number in range(3)]
    await settle()
    assert [form.has_place for form in forms] == [True, False, False]
    await forms[0].leave()
    assert [form.has_place for form in forms[1:]] == [True, False]
    await forms[1].leave()
    assert forms[2].has_place
    await forms[2].leave()


@pytest.mark.parametrize("same", ["address", "holder"])
async def test_nobody_has_more_than_half(same: str) -> None:
    """Neither an address nor a user keeps others out, who pass whoever has enough by."""
    queue = queue_of(4)

    def greedy(number: int) -> Form:
        own = f"10.0.0.{number}"
        return Form(
            queue, "10.1.1.1" if same == "address" else own, "user:1" if same == "holder" else own
        )

    many = [greedy(number) for number in range(4)]
    await settle()
    assert [form.has_place for form in many] == [True, True, False, False]
    others = [Form(queue, "10.2.2.2", "user:2"), Form(queue, "10.3.3.3")]
    await settle()
    assert [form.has_place for form in others] == [True, True]
    await others[0].leave()
    assert [form.has_place for form in many[2:]] == [False, False]
    await many[0].leave()
    assert [form.has_place for form in many[2:]] == [True, False]
    for form in (*many[1:3], others[1]):
        await form.leave()
    await many[3].leave()


async def test_who_waits_too_long_is_sent_away() -> None:
    """The place that it did not get is still there for others."""
    queue = queue_of(1, wait_s=0.01)
    first = Form(queue, "10.0.0.1")
    with pytest.raises(Busy, match="new ticket"):
        await Form(queue, "10.0.0.2").task
    await first.leave()
    last = Form(queue, "10.0.0.3")
    await settle()
    assert last.has_place
    await last.leave()


async def test_a_form_that_ends_while_it_waits_leaves_the_queue() -> None:
    """The next one moves up."""
    queue = queue_of(1)
    first, second, third = (Form(queue, f"10.0.0.{number}") for number in range(3))
    await settle()
    await second.cancel()
    await first.leave()
    assert third.has_place
    await third.cancel()
    fourth = Form(queue, "10.0.0.4")
    await settle()
    assert fourth.has_place
    await fourth.leave()


async def test_a_form_that_ends_when_it_gets_its_place_passes_it_on() -> None:
    """A place that nobody takes is not lost."""
    queue = queue_of(1)
    first, second, third = (Form(queue, f"10.0.0.{number}") for number in range(3))
    await settle()
    first.task.add_done_callback(lambda _: second.task.cancel())
    await first.leave()
    assert third.has_place
    await third.leave()


async def test_the_queue_is_bounded() -> None:
    """Who would be too many is told so before the ticket is used up, and others still get in."""
    queue = queue_of(2)
    with Admission(queue, "10.9.9.9") as other, Admission(queue, "10.0.0.1") as same:
        forms = [Form(queue, "10.0.0.1") for _ in range(1 + 8)]
        await settle()
        with pytest.raises(Busy, match="shortly"):
            same.check()
        other.check()
        forms += [Form(queue, f"10.0.1.{number}") for number in range(1 + 8)]
        await settle()
        with pytest.raises(Busy, match="shortly"):
            other.check()
        with pytest.raises(Busy, match="shortly"):
            await other.admit(None)
    for form in forms:
        await form.cancel()
