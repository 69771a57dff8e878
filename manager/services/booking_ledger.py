"""Decides which client has booked which upload service.

A client books an amount of services and gets as many of them as there are; the reply is the amount,
and every later change by one is sent. What decides:

* A free service goes to the waiting client that has the fewest; among equals to the one that has
  waited longest. So no service is free while a client waits.
* No client starves: a booked service that has stood idle for `idle_s` is taken back when another
  client waits with fewer. The reassignment has to help the client that takes it, or two clients
  that do nothing would pass it back and forth for ever: so either the waiting client still has no
  more than its giver afterwards, or everything that it has is in use. The idle time of a reassigned
  service starts again.
* A service in use is never taken. A client that has more than it wants loses the surplus as it
  ends.
* Uploads start on the service that was used last, so that those which are not needed grow idle.
* An upload whose service does not answer moves to another one. The service that it leaves is
  assigned to no client until it has answered, as it may have begun the upload; from then on others
  are used first, until it has served an upload.

Times are seconds of any monotonic clock. Each operation costs O(log n) per service that it moves.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, count
from typing import Literal

from common.ranking import Ranking
from manager.errors import ClearRefused, NoFreeService, ServiceExists, ServiceNotRunning


class ServiceState(StrEnum):
    """What a service is doing."""

    FREE = "free"
    """No client has booked it."""
    IDLE = "idle"
    """Booked, and no upload runs on it."""
    RUNNING = "running"
    """Booked, and an upload runs on it or is just being started."""
    DRAINING = "draining"
    """It may still work for an upload that needs it no longer, so no client can have it yet."""


@dataclass(frozen=True, slots=True)
class AmountChanged:
    """The client has one service more or fewer, and has to be notified."""

    client: str
    change: Literal[1, -1]


@dataclass(frozen=True, slots=True)
class Booked:
    """What a request for services came to.

    Attributes:
        amount: services that the client now has: the answer to its request.
        changes: of which other clients have to be notified.
    """

    amount: int
    changes: list[AmountChanged]


@dataclass(frozen=True, slots=True)
class Moved:
    """Where an upload went from a service that does not answer.

    Attributes:
        service: the service that it starts on now.
        changes: of which clients have to be notified, its own client first.
    """

    service: str
    changes: list[AmountChanged]


@dataclass(frozen=True, slots=True)
class ServiceLeft:
    """The clients that the loss of a service concerns.

    Attributes:
        client: who had it booked; None when no client had, or its client left before.
        was_running: whether an upload ran on it.
        changes: of which clients have to be notified, the loss of its holder first.
    """

    client: str | None
    was_running: bool
    changes: list[AmountChanged]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a client has requested and what it has booked."""

    desired: int
    idle: tuple[str, ...]
    running: tuple[str, ...]

    @property
    def amount(self) -> int:
        """Services that the client has."""
        return len(self.idle) + len(self.running)


@dataclass(frozen=True, slots=True)
class EarlierBooking:
    """A booking that another ledger has decided on; `amount`: what the client was told that it has."""

    client: str
    desired: int
    amount: int


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service, for a status page; `holder` is None when no client has booked it."""

    service: str
    state: ServiceState
    holder: str | None


@dataclass(frozen=True, slots=True)
class BookingStatus:
    """One booking, for a status page."""

    client: str
    desired: int
    amount: int


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """All services in the order in which they joined, and all bookings, the oldest first."""

    services: tuple[ServiceStatus, ...]
    bookings: tuple[BookingStatus, ...]

    @property
    def waiting(self) -> tuple[BookingStatus, ...]:
        """The bookings that are not fulfilled."""
        return tuple(booking for booking in self.bookings if booking.amount < booking.desired)


@dataclass(slots=True, eq=False)
class _Client:
    id: str
    desired: int = 0
    idle: "OrderedDict[str, _Service]" = field(default_factory=OrderedDict)
    running: "dict[str, _Service]" = field(default_factory=dict)
    waits_as: int | None = None

    @property
    def held(self) -> int:
        return len(self.idle) + len(self.running)

    @property
    def idlest(self) -> "_Service | None":
        return next(iter(self.idle.values()), None)


@dataclass(slots=True, eq=False)
class _Service:
    id: str
    state: ServiceState = ServiceState.FREE
    holder: _Client | None = None
    idle_since: float = 0.0
    is_overripe: bool = False
    was_silent: bool = False


class BookingLedger:
    """The bookings of all clients on all services.

    Changes are to be sent in the order in which they are returned. After any call `next_deadline`
    may be another.
    """

    def __init__(self, idle_s: float) -> None:
        """`idle_s`: seconds that a booked service may stand idle while others wait with fewer."""
        self._idle_s = idle_s
        self._services: dict[str, _Service] = {}
        self._clients: dict[str, _Client] = {}
        self._free: OrderedDict[str, _Service] = OrderedDict()
        self._ripening: OrderedDict[str, tuple[_Service, _Client]] = OrderedDict()
        self._waiting = Ranking()
        self._fully_busy_waiting = Ranking()
        self._yielding = Ranking()
        self._turns = count()
        self._now = float("-inf")

    def service_joined(self, service: str, now: float) -> list[AmountChanged]:
        """Takes a service into use. Raises `ServiceExists`."""
        if service in self._services:
            raise ServiceExists("service-exists", f"the service {service} has joined already")
        self._services[service] = self._free[service] = _Service(service)
        return self._settle(now)

    def restore(
        self,
        services: Iterable[str],
        running: Iterable[tuple[str, str | None]],
        bookings: Collection[EarlierBooking],
        now: float,
    ) -> list[AmountChanged]:
        """Takes over what another ledger had decided, as far as nothing here is against it.

        Each client keeps the amount that it was told, if there are so many services. If there are fewer, the
        missing ones are shared by all.

        Args:
            services: All that may have joined there; those that are known here stay as they are.
            running: On which of them uploads run, and for which client; None, or one without a
                booking: for nobody any more. A service that is in use here already is left as it is.
            bookings: Of clients that are not known here.
            now: The time.
        """
        for service in services:
            if service not in self._services:
                self._services[service] = self._free[service] = _Service(service)
        for booking in bookings:
            client = self._clients.setdefault(booking.client, _Client(booking.client))
            client.desired = booking.desired
            self._rank(client)
        for service, holder in running:
            self._restore_running(service, holder)
        self._restore_idle(bookings, now)
        return self._settle(now)

    def _restore_running(self, service_id: str, client_id: str | None) -> None:
        service = self._services.get(service_id)
        if service is None or service.state is ServiceState.RUNNING:
            return
        client = None if client_id is None else self._clients.get(client_id)
        if client is not None:
            self._run_on(service, client)
        elif service.holder is None:
            self._detach(service)
            service.state = ServiceState.DRAINING

    def _restore_idle(self, bookings: Iterable[EarlierBooking], now: float) -> None:
        lacking = [(self._clients[each.client], each.amount) for each in bookings]
        while self._free and lacking:
            lacking = [(client, amount) for client, amount in lacking if client.held < amount]
            for client, _ in lacking[: len(self._free)]:
                service = next(iter(self._free.values()))
                self._detach(service)
                self._assign(service, client, now)

    def service_left(self, service: str, now: float) -> ServiceLeft:
        """Forgets a service; one that is not known is no error."""
        left = self._services.pop(service, None)
        if left is None:
            return ServiceLeft(client=None, was_running=False, changes=[])
        was_running = left.state in {ServiceState.RUNNING, ServiceState.DRAINING}
        holder = left.holder
        self._detach(left)
        loss = [] if holder is None else [AmountChanged(holder.id, -1)]
        return ServiceLeft(
            client=None if holder is None else holder.id,
            was_running=was_running,
            changes=loss + self._settle(now),
        )

    def client_left(self, client: str, now: float) -> list[AmountChanged]:
        """Ends the booking of a client that has disconnected; its uploads have to be aborted.

        A service that still works for it drains: it is free for others after `upload_ended`.
        """
        gone = self._clients.get(client)
        if gone is None:
            return []
        for service in gone.running.values():
            service.state, service.holder = ServiceState.DRAINING, None
        gone.running.clear()
        self._end_booking(gone)
        return self._settle(now)

    def request(self, client: str, desired: int, now: float) -> Booked:
        """Books `desired` services (at least 1), or changes the booking to that many.

        Fewer than before gives idle services back at once, and running ones as their uploads end.
        """
        if desired < 1:
            raise ValueError("a booking is for at least one service")
        booking = self._clients.setdefault(client, _Client(client))
        booking.desired = desired
        self._rank(booking)
        while booking.held > desired and booking.idlest is not None:
            self._release(booking.idlest)
        changes = self._settle(now)
        others = [change for change in changes if change.client != client]
        return Booked(amount=booking.held, changes=others)

    def clear(self, client: str, now: float) -> list[AmountChanged]:
        """Ends a booking, also one that has got nothing yet. Raises `ClearRefused`."""
        booking = self._clients.get(client)
        if booking is None:
            raise ClearRefused("nothing-booked", "no upload services are booked")
        if booking.running:
            raise ClearRefused("upload-running", "an upload is still running: try again later")
        self._end_booking(booking)
        return self._settle(now)

    def start_upload(self, client: str, now: float, avoid: Collection[str] = ()) -> str:
        """Marks one of the client's idle services, but none to `avoid`, as running.

        Raises `NoFreeService`.
        """
        booking = self._clients.get(client)
        if booking is None:
            raise NoFreeService("nothing-booked", "book upload services before requesting uploads")
        if not booking.held:
            raise NoFreeService("none-assigned", "no upload service has become free for you yet")
        service = _best(reversed(booking.idle.values()), avoid)
        if service is None:
            raise NoFreeService("all-busy", "all upload services that you booked are busy")
        self._now = now
        self._run_on(service, booking)
        return service.id

    def move_upload(self, service: str, now: float, avoid: Collection[str] = ()) -> Moved:
        """Takes an upload off a service that does not answer, to a free one or an idle one of its client.

        What it leaves drains: it is free after `upload_ended`. Raises `NoFreeService` when there is no
        other but those to `avoid`, and `ServiceNotRunning`; then nothing has changed.
        """
        left = self._services.get(service)
        if left is None or left.holder is None or left.state is not ServiceState.RUNNING:
            raise ServiceNotRunning("service-not-running", f"no upload runs on {service}")
        holder = left.holder
        other = _best(chain(self._free.values(), reversed(holder.idle.values())), avoid)
        if other is None:
            raise NoFreeService("all-busy", "no other upload service is free")
        changes = [AmountChanged(holder.id, -1)]
        if other.holder is None:
            changes.append(AmountChanged(holder.id, 1))
        self._detach(left)
        left.state, left.was_silent = ServiceState.DRAINING, True
        self._run_on(other, holder)
        return Moved(other.id, changes + self._settle(now))

    def upload_ended(self, service: str, now: float) -> list[AmountChanged]:
        """The service is done with its upload, or could not start it.

        A service that has left meanwhile is no error. Raises `ServiceNotRunning`.
        """
        ended = self._services.get(service)
        if ended is None:
            return []
        if ended.state not in {ServiceState.RUNNING, ServiceState.DRAINING}:
            raise ServiceNotRunning("service-not-running", f"no upload runs on {service}")
        holder = ended.holder
        if ended.state is ServiceState.RUNNING:
            ended.was_silent = False
        if holder is None or holder.held > holder.desired:
            self._release(ended)
            surplus = [] if holder is None else [AmountChanged(holder.id, -1)]
            return surplus + self._settle(now)
        self._detach(ended)
        self._assign(ended, holder, now)
        return self._settle(now)

    def tick(self, now: float) -> list[AmountChanged]:
        """Reassigns services that were idle for too long; due at `next_deadline`."""
        return self._settle(now)

    def next_deadline(self) -> float | None:
        """When `tick` may have something to do next; None when nothing is in sight."""
        if self._next_handover() is not None:
            return self._now
        ripest = next(iter(self._ripening.values()), None)
        if ripest is None or self._waiting.first() is None:
            return None
        service, _ = ripest
        return service.idle_since + self._idle_s

    def state_of(self, service: str) -> ServiceState | None:
        """What a service is doing; None for one that is not known."""
        found = self._services.get(service)
        return None if found is None else found.state

    def running(self) -> Iterator[str]:
        """The services on which an upload runs for a client; costs O(services)."""
        for service in self._services.values():
            if service.state is ServiceState.RUNNING:
                yield service.id

    def holdings(self, client: str) -> Holdings:
        """What a client has requested and has; nothing for one without a booking."""
        booking = self._clients.get(client)
        if booking is None:
            return Holdings(desired=0, idle=(), running=())
        return Holdings(booking.desired, tuple(booking.idle), tuple(booking.running))

    def amount_of(self, client: str) -> int:
        """How many services a client has."""
        booking = self._clients.get(client)
        return 0 if booking is None else booking.held

    def snapshot(self) -> LedgerSnapshot:
        """Everything, for status pages; costs O(services + bookings)."""
        return LedgerSnapshot(
            services=tuple(
                ServiceStatus(
                    service.id, service.state, service.holder.id if service.holder else None
                )
                for service in self._services.values()
            ),
            bookings=tuple(
                BookingStatus(client.id, client.desired, client.held)
                for client in self._clients.values()
            ),
        )

    def _settle(self, now: float) -> list[AmountChanged]:
        """Gives away what is free, then what has stood idle for too long."""
        self._now = now
        self._ripen()
        changes: list[AmountChanged] = []
        while self._free and (waiting := self._waiting.first()) is not None:
            service = next(iter(self._free.values()))
            self._detach(service)
            self._assign(service, self._clients[waiting], now)
            changes.append(AmountChanged(waiting, 1))
        while (handover := self._next_handover()) is not None:
            service, giver, taker = handover
            self._detach(service)
            self._assign(service, taker, now)
            changes += (AmountChanged(giver.id, -1), AmountChanged(taker.id, 1))
        return changes

    def _next_handover(self) -> tuple[_Service, _Client, _Client] | None:
        """A service to reassign, with the client that has it and the one that gets it."""
        giver_id = self._yielding.first()
        if giver_id is None:
            return None
        giver = self._clients[giver_id]
        for ranking, lead in ((self._waiting, 2), (self._fully_busy_waiting, 1)):
            taker_id = ranking.first()
            if taker_id is None or giver.idlest is None:
                continue
            taker = self._clients[taker_id]
            if giver.held - taker.held >= lead:
                return giver.idlest, giver, taker
        return None

    def _ripen(self) -> None:
        """Marks the services that were idle for `idle_s`."""
        while (ripest := next(iter(self._ripening.values()), None)) is not None:
            service, holder = ripest
            if service.idle_since + self._idle_s > self._now:
                return
            del self._ripening[service.id]
            service.is_overripe = True
            self._rank(holder)

    def _assign(self, service: _Service, client: _Client, now: float) -> None:
        service.state, service.holder, service.idle_since = ServiceState.IDLE, client, now
        client.idle[service.id] = service
        self._ripening[service.id] = service, client
        self._rank(client)

    def _run_on(self, service: _Service, client: _Client) -> None:
        self._detach(service)
        service.state, service.holder = ServiceState.RUNNING, client
        client.running[service.id] = service
        self._rank(client)

    def _release(self, service: _Service) -> None:
        self._detach(service)
        self._free[service.id] = service

    def _detach(self, service: _Service) -> None:
        """Takes a service out of its queue or booking; it is neither free nor booked afterwards."""
        holder, service.holder = service.holder, None
        service.state, service.is_overripe = ServiceState.FREE, False
        self._free.pop(service.id, None)
        self._ripening.pop(service.id, None)
        if holder is not None:
            holder.idle.pop(service.id, None)
            holder.running.pop(service.id, None)
            self._rank(holder)

    def _end_booking(self, client: _Client) -> None:
        client.desired = 0
        while client.idlest is not None:
            self._release(client.idlest)
        self._rank(client)
        del self._clients[client.id]

    def _rank(self, client: _Client) -> None:
        """Updates the queues of waiting and yielding clients after a change of this client."""
        if client.held >= client.desired:
            client.waits_as = None
            self._waiting.discard(client.id)
        else:
            client.waits_as = next(self._turns) if client.waits_as is None else client.waits_as
            self._waiting.put(client.id, (client.held, client.waits_as))
        if client.waits_as is None or client.idle:
            self._fully_busy_waiting.discard(client.id)
        else:
            self._fully_busy_waiting.put(client.id, (client.held, client.waits_as))
        idlest = client.idlest
        if idlest is None or not idlest.is_overripe:
            self._yielding.discard(client.id)
        else:
            self._yielding.put(client.id, (-client.held, idlest.idle_since))


def _best(services: Iterable[_Service], avoid: Collection[str]) -> _Service | None:
    """The first one; rather none that was silent when it was asked last."""
    silent: _Service | None = None
    for service in services:
        if service.id in avoid:
            continue
        if not service.was_silent:
            return service
        silent = silent or service
    return silent
