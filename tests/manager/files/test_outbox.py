"""Every change is handed on once and in order, whatever becomes of the messages between managers."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from catalog.change_port import ChangeKind, ChangePage, RecordedChange
from catalog.errors import CatalogUnavailable
from catalog.port import MadeFolders
from catalog.records import Folder
from common.tasks import BackgroundTasks
from manager.cluster.in_process import InProcessCluster
from manager.cluster.membership import Member
from manager.files import outbox
from manager.files.outbox import HISTORY_S, PAGE, ChangeFollower, ChangesMade

MADE = MadeFolders(folder=Folder(id=1, parent_id=0, name="a"), created=(), sequence=None)


class Log:
    """The catalog's changes; a page is written as the numbers between which it lies."""

    def __init__(self) -> None:
        self.last = 5
        self.is_away = False
        self.reads: asyncio.Queue[int] = asyncio.Queue()

    async def last_change(self) -> int:
        """See the port."""
        return self.last

    async def changes_after(self, after: int, *, limit: int) -> ChangePage:
        """See the port."""
        self.reads.put_nowait(after)
        if self.is_away:
            raise CatalogUnavailable
        return page(after, min(self.last, after + limit), has_more=self.last > after + limit)

    def page_of(self, raw: bytes) -> ChangePage:
        """See the port."""
        after, last = raw.split()
        return page(int(after), int(last))

    async def database_time(self) -> float:
        """See the port."""
        return 0.0


def page(after: int, last: int, *, has_more: bool = False) -> ChangePage:
    """All changes between two numbers."""
    changes = [
        RecordedChange(number, ChangeKind.FOLDERS_MADE, MADE)
        for number in range(after + 1, last + 1)
    ]
    return ChangePage(after, last, changes, f"{after} {last}".encode(), has_more)


class Follower:
    """A follower that runs, with what it hands on and what it says to others."""

    def __init__(self, tasks: BackgroundTasks) -> None:
        self.log = Log()
        self.cluster = InProcessCluster(Member(id="own", name="own"), tasks)
        self.taken: list[int] = []
        self.missed = 0
        self.said: asyncio.Queue[ChangesMade] = asyncio.Queue()
        self.now = 0.0
        self.polls: asyncio.Queue[None] = asyncio.Queue()
        self.follower = ChangeFollower(
            self.log,
            self.cluster,
            lambda changes: self.taken.extend(each.sequence for each in changes),
            self._note_missed,
            monotonic=lambda: self.now,
            sleep=self._sleep,
        )

    def _note_missed(self) -> None:
        self.missed += 1

    async def _sleep(self, _: float) -> None:
        await self.polls.get()

    async def hear(self, message: ChangesMade) -> None:
        """Another manager says something; returns when it was handled."""
        handled = asyncio.Event()

        async def note(_: ChangesMade) -> None:
            handled.set()

        await self.cluster.subscribe("changes", ChangesMade, note)
        await self.cluster.publish("changes", message)
        await handled.wait()


@pytest.fixture
async def running() -> AsyncIterator[Follower]:
    """A follower that runs, beginning after change 5."""
    tasks = BackgroundTasks()
    running = Follower(tasks)
    await running.follower.start()

    async def note(message: ChangesMade) -> None:
        running.said.put_nowait(message)

    await running.cluster.subscribe("changes", ChangesMade, note)
    tasks.spawn(running.follower.run(), "follow")
    await running.follower.caught_up()
    yield running
    await tasks.close()


async def test_own_changes_are_read_and_brought_to_the_others(running: Follower):
    """What was before the start is of no interest."""
    running.log.last = 7
    running.follower.ring()
    said = await running.said.get()
    await running.follower.reached(7)
    assert running.taken == [6, 7]
    assert (said.last, said.page) == (7, b"5 7")


async def test_what_another_manager_brings_is_not_read(running: Follower):
    """Nor handed on twice."""
    reads = running.log.reads.qsize()
    await running.hear(ChangesMade(last=7, page=b"5 7"))
    await running.hear(ChangesMade(last=6, page=b"5 6"))
    await running.hear(ChangesMade(last=8, page=b"6 8"))
    assert running.taken == [6, 7, 8]
    assert running.log.reads.qsize() == reads


@pytest.mark.parametrize("brought", [b"7 8", b"", b"garbage"])
async def test_what_does_not_join_on_is_read(running: Follower, brought: bytes):
    """After a message was lost, when the page was too large, or it cannot be read."""
    running.log.last = 8
    await running.hear(ChangesMade(last=8, page=brought))
    await running.follower.reached(8)
    assert running.taken == [6, 7, 8]


async def test_without_messages_the_catalog_is_looked_at(running: Follower):
    """As while NATS is away, or when a manager died between its change and its message."""
    running.log.last = 6
    running.polls.put_nowait(None)
    await running.follower.reached(6)
    assert running.taken == [6]
    assert running.said.empty()


async def test_many_changes_are_read_page_by_page(running: Follower):
    """Each is brought to the others as it is read."""
    running.log.last = 5 + 2 * PAGE + 1
    running.follower.ring()
    await running.follower.reached(running.log.last)
    assert running.taken == list(range(6, running.log.last + 1))
    assert [(await running.said.get()).last - 5 for _ in range(3)] == [PAGE, 2 * PAGE, 2 * PAGE + 1]


async def test_a_page_that_is_too_large_is_only_mentioned(
    running: Follower, monkeypatch: pytest.MonkeyPatch
):
    """The others read it by themselves."""
    monkeypatch.setattr(outbox, "MAX_MESSAGE_BYTES", outbox._ROOM)  # noqa: SLF001 - a limit of the module
    running.log.last = 6
    running.follower.ring()
    assert await running.said.get() == ChangesMade(last=6, page=b"")


async def test_changes_wait_for_a_catalog_that_is_away(running: Follower):
    """They are brought to the others all the same; who waits is not kept waiting."""
    running.log.is_away = True
    running.log.last = 6
    running.follower.ring()
    waiting = asyncio.create_task(running.follower.caught_up())
    running.polls.put_nowait(None)
    await waiting
    assert running.taken == []
    running.log.is_away = False
    for _ in range(3):
        running.polls.put_nowait(None)
    assert (await running.said.get()).last == 6
    await running.follower.reached(6)
    assert (running.taken, running.missed) == ([6], 0)


async def test_after_too_long_an_outage_clients_begin_anew(running: Follower):
    """The catalog may have forgotten changes that this manager never read."""
    running.now = HISTORY_S + 1
    await running.follower.caught_up()
    assert running.missed == 1
    await running.follower.caught_up()
    assert running.missed == 1
