"""Runs the booking ledger: sends every change to its client, and reassigns idle services in time.

`Bookings` is what uploads and slots use of it. The calls that wait do so where another manager keeps the
ledger; those that do not take effect in the order of the calls.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

from manager.services.booking_ledger import AmountChanged, BookingLedger, Holdings, LedgerSnapshot
from protocol import s2c
from protocol.packet import Packet


class Mailbox(Protocol):
    """Sends packets to clients."""

    def send_to(self, client_id: str, packet: Packet) -> None:
        """Sends to the client, if it is connected."""


class Bookings(Protocol):
    """The bookings of this manager's clients and services.

    Calls that wait raise `BookingsUnavailable` when the ledger cannot be reached in time.
    """

    def service_joined(self, service_id: str) -> None:
        """A service can take uploads from now on."""

    def service_left(self, service_id: str) -> None:
        """A service takes no uploads any more; the client that had booked it is notified."""

    def client_left(self, client_id: str) -> None:
        """A client has disconnected: its booking ends."""

    def upload_ended(self, service_id: str) -> None:
        """The service can take the next upload."""

    async def request(self, client_id: str, desired: int) -> int:
        """Books services; answers how many the client has now."""

    async def clear(self, client_id: str) -> None:
        """Ends a booking. Raises `ClearRefused`."""

    async def start_upload(self, client_id: str, avoid: Collection[str] = ()) -> str:
        """Takes one of the client's idle services, but none to `avoid`. Raises `NoFreeService`."""

    async def move_upload(self, service_id: str, avoid: Collection[str]) -> str:
        """Takes an upload off a service that does not answer; returns the service that it starts on.

        The first one is not assigned again before its `upload_ended`. Raises `NoFreeService` when there
        is no other but those to `avoid`.
        """

    async def holdings(self, client_id: str) -> Holdings:
        """What a client has requested and has."""

    async def snapshot(self) -> LedgerSnapshot:
        """All services and bookings."""


class BookingManager:
    """Changes the ledger and notifies the clients concerned at once, in the order of the changes."""

    def __init__(
        self, ledger: BookingLedger, mailbox: Mailbox, *, monotonic: Callable[[], float]
    ) -> None:
        """`monotonic`: the clock of the ledger, in seconds."""
        self._ledger = ledger
        self._mailbox = mailbox
        self._now = monotonic
        self._alarm: asyncio.TimerHandle | None = None

    def service_joined(self, service_id: str) -> None:
        """See `Bookings`."""
        self._notify(self._ledger.service_joined(service_id, self._now()))

    def service_left(self, service_id: str) -> None:
        """See `Bookings`."""
        self._notify(self._ledger.service_left(service_id, self._now()).changes)

    def client_left(self, client_id: str) -> None:
        """See `Bookings`."""
        self._notify(self._ledger.client_left(client_id, self._now()))

    async def request(self, client_id: str, desired: int) -> int:
        """See `Bookings`."""
        booked = self._ledger.request(client_id, desired, self._now())
        self._notify(booked.changes)
        return booked.amount

    async def clear(self, client_id: str) -> None:
        """See `Bookings`."""
        self._notify(self._ledger.clear(client_id, self._now()))

    async def start_upload(self, client_id: str, avoid: Collection[str] = ()) -> str:
        """See `Bookings`."""
        service_id = self._ledger.start_upload(client_id, self._now(), avoid)
        # A client that uses all that it has may be due an idle service of another at once.
        self._set_alarm()
        return service_id

    async def move_upload(self, service_id: str, avoid: Collection[str]) -> str:
        """See `Bookings`."""
        moved = self._ledger.move_upload(service_id, self._now(), avoid)
        self._notify(moved.changes)
        return moved.service

    def upload_ended(self, service_id: str) -> None:
        """See `Bookings`."""
        self._notify(self._ledger.upload_ended(service_id, self._now()))

    async def holdings(self, client_id: str) -> Holdings:
        """See `Bookings`."""
        return self._ledger.holdings(client_id)

    async def snapshot(self) -> LedgerSnapshot:
        """See `Bookings`."""
        return self._ledger.snapshot()

    def close(self) -> None:
        """Stops the clock."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _notify(self, changes: list[AmountChanged]) -> None:
        for changed in changes:
            packet = s2c.UploadBookingModify(effective_change=changed.change)
            self._mailbox.send_to(changed.client, packet)
        self._set_alarm()

    def _set_alarm(self) -> None:
        self.close()
        deadline = self._ledger.next_deadline()
        if deadline is not None:
            delay_s = max(0.0, deadline - self._now())
            self._alarm = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _tick(self) -> None:
        self._alarm = None
        self._notify(self._ledger.tick(self._now()))
