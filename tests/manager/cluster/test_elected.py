"""Loops that run in one manager at a time, the clock that all share, and notices between them."""

import asyncio

from common.tasks import BackgroundTasks
from manager.cluster.clock import SLOW_S, SharedClock
from manager.cluster.elected import ElectedLoops
from manager.cluster.in_process import InProcessCluster
from manager.cluster.nats_cluster import NatsCluster
from manager.cluster.notices import Notices
from tests.manager.cluster.test_port import QUICK, connected, member
from tests.manager.files.test_outbox import Log


class _Loop:
    """A loop that tells when it begins, and takes its time to end."""

    def __init__(self) -> None:
        self.began: asyncio.Queue[None] = asyncio.Queue()
        self.may_end = asyncio.Event()
        self.running = 0

    async def run(self) -> None:
        """Runs until cancelled."""
        self.running += 1
        self.began.put_nowait(None)
        try:
            await asyncio.Event().wait()
        finally:
            await self.may_end.wait()
            self.running -= 1


class _Elections(InProcessCluster):
    """Holds elections when the test says so."""

    def campaign(self, lease, elected, lost):
        """Remembers what to call."""
        self.elected, self.lost = elected, lost
        return super().campaign(lease, elected, lost)


async def test_loops_run_as_long_as_the_lease_is_held():
    """A later term begins when the loops of the earlier one have ended."""
    tasks = BackgroundTasks()
    cluster, loop = _Elections(member("own"), tasks), _Loop()
    elected = ElectedLoops(cluster, "work", {"loop": loop.run})
    elected.start()
    await loop.began.get()
    assert (elected.is_elected, elected.holder) == (True, "own")
    cluster.lost()
    assert not elected.is_elected
    cluster.elected(2)
    assert (loop.running, loop.began.empty()) == (1, True)
    loop.may_end.set()
    await loop.began.get()
    assert loop.running == 1
    await elected.close()
    assert (loop.running, elected.is_elected) == (0, False)
    await tasks.close()


class _Database(Log):
    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.takes_s = 0.0
        self.now = 0.0

    async def database_time(self) -> float:
        """It takes a while."""
        self.now += self.takes_s
        return self.time


async def test_the_clock_of_the_database_counts():
    """Half of the way is taken off; an answer that took too long says nothing."""
    database = _Database()
    clock = SharedClock(lambda: 1000.0 + database.now, lambda: database.now)
    assert clock() == 1000.0
    database.time, database.takes_s = 1500.0, 0.5
    await clock.adjust(database)
    assert clock() == 1500.25
    database.time, database.takes_s = 9000.0, SLOW_S
    await clock.adjust(database)
    assert clock() == 1500.25 + SLOW_S


async def test_a_manager_that_is_alone_only_reacts():
    """It has nobody to tell."""
    tasks, reactions = BackgroundTasks(), []
    notices = Notices(InProcessCluster(member("own"), tasks), tasks)
    give = await notices.share("news", lambda: reactions.append(1))
    give()
    assert reactions == [1]
    await tasks.close()


async def test_all_managers_react_to_a_notice(cluster_url):
    """The one that gives it once, and at once."""
    tasks, reacted, own = BackgroundTasks(), asyncio.Event(), []
    async with (
        NatsCluster.open(cluster_url, member("one"), timing=QUICK) as one,
        NatsCluster.open(cluster_url, member("two"), timing=QUICK) as two,
    ):
        await connected(one)
        await connected(two)
        give = await Notices(one, tasks).share("news", lambda: own.append(1))
        await Notices(two, tasks).share("news", reacted.set)
        # Each has reacted to being connected: it may have missed something before.
        assert (own, reacted.is_set()) == ([1], True)
        reacted.clear()
        give()
        await reacted.wait()
        assert own == [1, 1]
        await tasks.close()
