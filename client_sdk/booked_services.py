"""The upload services that the client has booked: sends and counts what `client_sdk.booking` decides.

Everything that changes the count of services arrives in one order, frame by frame, and is counted
in that order; an answer is therefore never taken before a ±1 that was sent ahead of it.
"""

import asyncio
from uuid import uuid4

from client_sdk.booking import Book, BookingCore, Clear, Effect, Grant, Linger
from client_sdk.errors import CloudError, Refused
from client_sdk.link import Link
from client_sdk.settings import ClientSettings
from common.tasks import TaskScope
from protocol import c2s, generic, s2c
from protocol.codec import Frame
from protocol.packet import Packet

CLEAR_TRIES = 20
LINGER_S = 0.5
"""How long services that are left over are kept for another upload."""


class BookedServices:
    """Hands out the booked services, one upload each.

    Args:
        link: Where questions are sent.
        settings: Limits and time limits.
        scope: Where questions run.
    """

    def __init__(self, link: Link, settings: ClientSettings, scope: TaskScope) -> None:
        self._link = link
        self._settings = settings
        self._scope = scope
        self._core = BookingCore(settings.parallel_uploads)
        self._waiting: dict[object, asyncio.Future[CloudError | None]] = {}
        self._question: asyncio.Task[None] | None = None
        self._question_uuid: str | None = None
        self._answered = asyncio.Event()
        self._clear_backoff = settings.backoff()
        self._failure: CloudError | None = None
        self._lingering: asyncio.TimerHandle | None = None

    @property
    def losses(self) -> int:
        """Services that were taken away so far."""
        return self._core.losses

    async def acquire(self) -> object:
        """Wait for a free service; returns the ticket to `release` it with.

        Raises:
            Refused: The manager does not give services to this client.
            CloudError: The link gave up.
        """
        if self._failure is not None:
            raise self._failure
        ticket = object()
        granted = self._waiting[ticket] = asyncio.get_running_loop().create_future()
        self._apply(self._core.wait(ticket))
        try:
            error = await granted
        except BaseException:
            self.release(ticket)
            raise
        if error is not None:
            raise error
        return ticket

    def release(self, ticket: object) -> None:
        """Hand a service back."""
        self._waiting.pop(ticket, None)
        self._apply(self._core.leave(ticket))

    def recount(self, ticket: object) -> None:
        """Hand a service back that the manager does not have free, and ask what is held."""
        self._apply(self._core.recount(ticket))

    def connected(self) -> None:
        """The link has a connection."""
        self._apply(self._core.connected())

    def disconnected(self) -> None:
        """The link lost its connection, and the client all services."""
        self._core.disconnected()
        self._stop_lingering()
        if self._question is not None:
            self._question.cancel()
        self._question_uuid = None

    def failed(self, error: CloudError) -> None:
        """The link gave up: nobody will get a service."""
        self._failure = error
        self._turn_away(error)

    def received(self, frame: Frame) -> None:
        """Count what a frame says about services."""
        packet = frame.packet
        if isinstance(packet, s2c.UploadBookingModify):
            self._apply(self._core.modified(packet.effective_change))
        elif frame.reply_uuid is not None and frame.reply_uuid == self._question_uuid:
            self._question_uuid = None
            self._answered.set()
            self._take_answer(packet)

    def _take_answer(self, packet: Packet) -> None:
        match packet:
            case s2c.UploadBooking():
                self._apply(self._core.booked(packet.amount))
            case generic.Boolean() if self._core.is_clearing:
                self._take_clear(packet.success)
            case generic.Boolean():
                self._turn_away(Refused(packet.message or "the manager gives no upload services"))
                self._apply(self._core.unanswered())
            case _:
                self._apply(self._core.unanswered())

    def _take_clear(self, success: bool) -> None:
        is_enough = self._clear_backoff.tries >= CLEAR_TRIES
        self._apply(self._core.cleared(success=success or is_enough))
        if self._core.is_clear_refused:
            self._scope.spawn(self._clear_later(), "booking-clear-later")
        else:
            self._clear_backoff.reset()

    async def _clear_later(self) -> None:
        await self._clear_backoff.wait()
        self._apply(self._core.retry_clear())

    def _turn_away(self, error: CloudError) -> None:
        waiting, self._waiting = self._waiting, {}
        for ticket, granted in waiting.items():
            self._core.leave(ticket)
            if not granted.done():
                granted.set_result(error)

    def _apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Grant(ticket):
                    granted = self._waiting.pop(ticket)
                    if not granted.done():
                        granted.set_result(None)
                case Book(desired_amount):
                    self._ask(c2s.UploadBookingRequest(desired_amount=desired_amount))
                case Clear():
                    self._ask(c2s.UploadBookingClear())
                case Linger():
                    self._linger()

    def _linger(self) -> None:
        self._stop_lingering()
        loop = asyncio.get_running_loop()
        self._lingering = loop.call_later(LINGER_S, self._give_back)

    def _stop_lingering(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()

    def _give_back(self) -> None:
        self._apply(self._core.lingered())

    def _ask(self, packet: Packet) -> None:
        self._question_uuid = str(uuid4())
        self._answered = asyncio.Event()
        question = self._put(packet, self._question_uuid, self._answered)
        self._question = self._scope.spawn(question, f"booking {packet.id}")

    async def _put(self, packet: Packet, uuid: str, answered: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._settings.reply_timeout_s):
                await self._link.send(packet, uuid=uuid)
                await answered.wait()
        except TimeoutError:
            self._question_uuid = None
            self._apply(self._core.unanswered())
        except CloudError:
            # The connection is gone; `disconnected` or `failed` says what that means.
            return
