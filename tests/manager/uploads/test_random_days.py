"""Days on which anything happens in any order: what everybody was told is always what is true."""

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest

from protocol import c2s, s2c, s2u, u2s
from protocol.chunks import chunk_count
from tests.manager.sockets.peers import ClientPeer, ServicePeer
from tests.manager.sockets.stage import CHUNK_SIZE, Stage, running_stage

STEPS = 40
PROCESS = "0b0e5f5c-3c5e-4b57-8a3d-1d6f3c7f5a11"
ACTIONS: tuple[c2s.OverwriteAction, ...] = ("overwrite", "rename", "skip")
Thing = TypeVar("Thing")
NAMES = ("a", "b", "c")


@dataclass
class Customer:
    """A client, what it was told, and the way out."""

    peer: ClientPeer
    way_out: AsyncExitStack
    amount: int = 0
    open_uploads: set[str] = field(default_factory=set)
    prompts: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    def read(self) -> None:
        """Takes in what came."""
        for change in self.peer.unread(s2c.UploadBookingModify):
            self.amount += change.effective_change
        for asked in self.peer.unread(s2c.UploadOverwriteRequest):
            self.prompts.append(asked.upload_id)
        for info in self.peer.unread(s2c.UploadFinishInfo):
            self.ends.append(info.upload_id)
            self.open_uploads.discard(info.upload_id)
            if info.upload_id in self.prompts:
                self.prompts.remove(info.upload_id)
        self.peer.forget(s2c.UploadBookingModify)
        self.peer.forget(s2c.UploadOverwriteRequest)
        self.peer.forget(s2c.UploadFinishInfo)


@dataclass
class Worker:
    """A service, what runs on it, and the way out."""

    peer: ServicePeer
    way_out: AsyncExitStack
    start: s2u.UploadStart | None = None

    def read(self) -> None:
        """Takes in what came; an abort always belongs to the newest start before it."""
        for packet in self.peer.take_all():
            if isinstance(packet, s2u.UploadStart):
                self.start = packet
            elif isinstance(packet, s2u.UploadAbort):
                self.start = None


class Day:
    """One run of random steps."""

    def __init__(self, stage: Stage, rng: random.Random) -> None:
        self.stage = stage
        self.rng = rng
        self.customers: list[Customer] = []
        self.workers: list[Worker] = []

    async def step(self) -> None:
        """Does something."""
        steps = (
            (2, self.client_comes),
            (1, self.client_goes),
            (2, self.service_comes),
            (1, self.service_goes),
            (5, self.book),
            (2, self.clear),
            (10, self.request),
            (2, self.abort),
            (6, self.decide),
            (8, self.finish),
            (2, self.fail),
            (4, self.store_one),
        )
        weights, actions = zip(*steps, strict=True)
        (action,) = self.rng.choices(actions, weights)
        await action()
        await self.settle()

    async def settle(self) -> None:
        """Returns when everybody has heard everything.

        Entering a file takes a few writes, one after the other, and the catalog writes in order.
        """
        for _ in range(4):
            await self.stage.catalog.release(uuid4(), service="nobody", key="nothing")
            await asyncio.gather(*(customer.peer.caught_up() for customer in self.customers))
            await asyncio.gather(*(worker.peer.refusal(_nothing()) for worker in self.workers))
            for customer in self.customers:
                customer.read()
            for worker in self.workers:
                worker.read()

    async def client_comes(self) -> None:
        """A client connects."""
        if len(self.customers) < 4:
            way_out = await self.stage.peers.enter_async_context(AsyncExitStack())
            name = self.rng.choice(("alice", "bob"))
            peer = await way_out.enter_async_context(self.stage.visiting_client(name))
            self.customers.append(Customer(peer, way_out))

    async def client_goes(self) -> None:
        """A client disconnects, whatever it is doing."""
        if len(self.customers) > 1:
            customer = self.customers.pop(self.rng.randrange(len(self.customers)))
            await customer.way_out.aclose()

    async def service_comes(self) -> None:
        """A service connects."""
        if len(self.workers) < 4:
            way_out = await self.stage.peers.enter_async_context(AsyncExitStack())
            peer = await way_out.enter_async_context(self.stage.visiting_service(PROCESS))
            self.workers.append(Worker(peer, way_out))

    async def service_goes(self) -> None:
        """A service disconnects, whatever it is doing."""
        if len(self.workers) > 1:
            worker = self.workers.pop(self.rng.randrange(len(self.workers)))
            await worker.way_out.aclose()

    async def book(self) -> None:
        """A client books, or changes its booking."""
        for customer in self._some(self.customers):
            customer.amount = await customer.peer.book(self.rng.randint(1, 4))

    async def clear(self) -> None:
        """A client tries to clear its booking."""
        for customer in self._some(self.customers):
            if (await customer.peer.order(c2s.UploadBookingClear())).success:
                customer.amount = 0

    async def request(self) -> None:
        """A client asks for an upload, allowed or not."""
        for customer in self._some(self.customers):
            response = await customer.peer.request_upload(
                self.rng.choice(NAMES),
                size=self.rng.randint(1, 3 * CHUNK_SIZE),
                do_overwrite=self.rng.choice((None, True)),
            )
            if response.accepted:
                customer.open_uploads.add(response.upload_id)

    async def abort(self) -> None:
        """A client takes an upload back, if it is not too late."""
        for customer in self._some(self.customers):
            for upload_id in self._some(sorted(customer.open_uploads)):
                await customer.peer.order(c2s.UploadAbortRequest(upload_id=upload_id))

    async def decide(self) -> None:
        """A client answers a question, or all."""
        for customer in self._some(self.customers):
            for upload_id in self._some(customer.prompts):
                action = self.rng.choice(ACTIONS)
                on_all = self.rng.random() < 0.2
                await customer.peer.decide(upload_id, action, on_all=on_all)
                customer.prompts = [] if on_all else customer.prompts
                if upload_id in customer.prompts:
                    customer.prompts.remove(upload_id)

    async def finish(self) -> None:
        """A service finishes its upload."""
        for worker in self._some(self.busy):
            start, worker.start = worker.start, None
            assert start is not None
            await worker.peer.finish(start)

    async def fail(self) -> None:
        """A service gives up."""
        for worker in self._some(self.busy):
            worker.start = None
            await worker.peer.send(u2s.UploadFinish(success=False, reason="a bad day"))

    async def store_one(self) -> None:
        """A service stores a chunk, perhaps once more."""
        for worker in self._some(self.busy):
            assert worker.start is not None
            count = chunk_count(worker.start.size, worker.start.chunk_size)
            report = await worker.peer.post(worker.start, self.rng.randrange(count))
            await worker.peer.order(report)

    @property
    def busy(self) -> list[Worker]:
        """Services with an upload."""
        return [worker for worker in self.workers if worker.start is not None]

    async def check(self) -> None:
        """What clients were told is what the manager shows, and nothing is left over."""
        shown = await self.stage.status()
        told = sorted(customer.amount for customer in self.customers if customer.amount)
        assert sorted(b["amount"] for b in shown["bookings"] if b["amount"]) == told
        running = [s for s in shown["services"] if s["state"] in {"running", "draining"}]
        assert len(shown["services"]) == len(self.workers)
        assert len(running) == len(self.busy)
        asked = sum(len(customer.prompts) for customer in self.customers)
        still_open = sum(len(customer.open_uploads) for customer in self.customers)
        assert still_open == len(self.busy) + asked
        ends = [upload_id for customer in self.customers for upload_id in customer.ends]
        assert len(ends) == len(set(ends))
        free = [s for s in shown["services"] if s["state"] == "free"]
        waiting = [b for b in shown["bookings"] if b["amount"] < b["desired"]]
        assert not (free and waiting)

    def _some(self, things: list[Thing]) -> list[Thing]:
        return [self.rng.choice(things)] if things else []

    async def close(self) -> None:
        """Everybody leaves; what remains is what the files need."""
        for customer in self.customers:
            await customer.way_out.aclose()
        self.customers.clear()
        await self.settle()
        await self.check()
        observer = await self.stage.client("observer")
        files = (await observer.list_files()).files
        await self.stage.messages_left(sum(chunk_count(file.size, CHUNK_SIZE) for file in files))
        for worker in self.workers:
            await worker.way_out.aclose()


def _nothing() -> u2s.ChunkStored:
    """A report that concerns nobody, to have an answer."""
    return u2s.ChunkStored(
        upload_id=PROCESS,
        index=0,
        message_id="1" * 18,
        channel_id="1" * 18,
        webhook_id="1" * 18,
        attachment_id="1" * 18,
        offset=0,
        stored_size=1,
        size=1,
        digest="0" * 64,
    )


@pytest.mark.parametrize("seed", range(2))
async def test_a_random_day(tmp_path: Path, seed: int):
    """Amounts, states and ends agree after every step, and nothing is left on Discord at the end."""
    async with running_stage(tmp_path) as stage:
        day = Day(stage, random.Random(seed))
        await day.client_comes()
        await day.service_comes()
        await day.settle()
        for _ in range(STEPS):
            await day.step()
            await day.check()
        await day.close()
