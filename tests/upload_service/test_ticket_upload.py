"""Uploads that belong to no slot: which link they use, and what is known when none is left."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from client_sdk.connection import Connection
from client_sdk.errors import ConnectionLost, ReplyTimeout, UnexpectedAnswer
from common.retry import Backoff
from protocol.extensions import MESSAGES
from protocol.generic import Boolean
from protocol.packet import Packet
from protocol.s2u import ReportDeferred
from protocol.u2s import TicketFinish, TicketRedeem
from storage.discord.messages import ChunkAddress
from storage.errors import NoWebhook
from storage.outgoing import FileSender
from tests.upload_service.test_report_journal import report
from upload_service.errors import Busy, NotStored, TicketRefused
from upload_service.forwarding import ReportQueue
from upload_service.report_journal import ReportJournal
from upload_service.ticket_upload import TicketBackend

ADDRESS = ChunkAddress(
    message_id=1, channel_id=2, webhook_id=3, attachment_id=4, offset=0, stored_size=5
)
SENDER = FileSender(owner=None, on_saved=lambda _: None)
FINISH = TicketFinish(upload_id="0f8fad5b-d9cb-469f-a165-70867728950e", success=True)


def no_pause() -> Backoff:
    """A back-off without any delay."""
    return Backoff(first_s=0.0)


class PlayedSlot:
    """A slot that answers what the test says, with a link or without one."""

    granted = frozenset({MESSAGES})

    def __init__(self, *answers: Packet | Exception) -> None:
        self.takes_tickets = True
        self.takes_modification_times = True
        self.asked: list[Packet] = []
        self.on_store: Callable[[], Awaitable[ChunkAddress]] = self._stored
        self._answers = list(answers)

    async def store(
        self, content: memoryview, ended: asyncio.Future[None], sender: FileSender
    ) -> ChunkAddress:
        """Posts."""
        address = await self.on_store()
        sender.on_saved([(sender.owner, address)])
        return address

    @property
    def links(self) -> Iterator[Connection]:
        """Never has a link that lasts."""
        yield cast(Connection, self)
        self.takes_tickets = False

    async def request(self, packet: Packet, *answers: type[Packet]) -> Packet:
        """Asks."""
        self.asked.append(packet)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def lose_link(self) -> ChunkAddress:
        """Without its link it has no webhook."""
        self.takes_tickets = False
        raise NoWebhook("no webhook is leased")

    async def no_webhook(self) -> ChunkAddress:
        """There is a link, and nothing to post to."""
        raise NoWebhook("no webhook is leased")

    async def _stored(self) -> ChunkAddress:
        return ADDRESS


def link_of(folder: Path, *slots: PlayedSlot) -> tuple[TicketBackend, ReportQueue]:
    """A link, and the reports behind it."""
    reports = ReportQueue(ReportJournal(folder / "reports"), no_pause)
    return TicketBackend(slots, no_pause), reports


async def test_a_post_goes_on_over_another_slot(tmp_path: Path) -> None:
    """When the slot that it waits at loses its link, and with it what it may post to."""
    first, second = PlayedSlot(), PlayedSlot()
    first.on_store = first.lose_link
    link, _ = link_of(tmp_path, first, second)
    ended = asyncio.get_running_loop().create_future()
    assert await link.store(memoryview(b"x"), ended, SENDER) == ADDRESS
    second.takes_tickets = False
    with pytest.raises(Busy):
        await link.store(memoryview(b"x"), ended, SENDER)
    second.takes_tickets, second.on_store = True, second.no_webhook
    with pytest.raises(NoWebhook):
        await link.store(memoryview(b"x"), ended, SENDER)


@pytest.mark.parametrize("is_taken", [True, False])
async def test_a_modification_time_goes_to_managers_that_take_it(
    tmp_path: Path, *, is_taken: bool
) -> None:
    """Another one would refuse the packet, and so the file."""
    slot = PlayedSlot(Boolean(success=False, message="no"))
    slot.takes_modification_times = is_taken
    link, _ = link_of(tmp_path, slot)
    packet = TicketRedeem(ticket="t", modified_at="2019-08-02T09:30:00.125Z")
    with pytest.raises(TicketRefused):
        await link.redeem(packet)
    assert slot.asked == [packet if is_taken else TicketRedeem(ticket="t")]


async def test_a_report_without_any_link_is_kept(tmp_path: Path) -> None:
    """Nobody else knows of the message."""
    slots = [PlayedSlot(ConnectionLost("gone")) for _ in range(2)]
    link, reports = link_of(tmp_path, *slots)
    known = report(1)
    reports.add(known)
    for _ in range(2):
        with pytest.raises(NotStored):
            await reports.deliver(known, link.links)
        assert [slot.asked for slot in slots] == [[known]] * 2
    assert reports.unanswered == 1


async def test_the_end_is_told_until_it_is_answered_for_good(tmp_path: Path) -> None:
    """However often the manager defers it, is silent, or says something that makes no sense."""
    slot = PlayedSlot(
        ReportDeferred(),
        ReplyTimeout(FINISH.id),
        UnexpectedAnswer("nonsense"),
        ReportDeferred(),
        Boolean(success=True),
    )
    link, _ = link_of(tmp_path, slot)
    await link.finish(FINISH)
    assert slot.asked == [FINISH] * 5


@pytest.mark.parametrize(
    "answer", [Boolean(success=False, message="it has ended"), ConnectionLost("gone")]
)
async def test_an_end_that_is_not_taken_is_an_error(
    tmp_path: Path, answer: Packet | Exception
) -> None:
    """The sender of the file must not believe that it is stored."""
    link, _ = link_of(tmp_path, PlayedSlot(ReportDeferred(), answer))
    with pytest.raises(NotStored):
        await link.finish(FINISH)
