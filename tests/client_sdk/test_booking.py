"""When services are booked, granted and given back."""

from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from client_sdk.booking import Book, BookingDesk, Clear, Effect, Grant


def connected(limit: int = 3) -> BookingDesk:
    """A desk with a connection and nothing to do."""
    desk = BookingDesk(limit)
    assert desk.connected() == []
    return desk


def test_the_first_upload_books_and_is_granted() -> None:
    """Nothing is granted before the manager has said what is held."""
    desk = connected()
    assert desk.wait("a") == [Book(1)]
    assert desk.booked(1) == [Grant("a")]


def test_uploads_are_granted_in_turn() -> None:
    """Who waits longest is next."""
    desk = connected()
    desk.wait("a"), desk.wait("b"), desk.wait("c")
    assert desk.booked(1) == [Grant("a"), Book(3)]
    assert desk.booked(1) == []
    assert desk.leave("a") == [Grant("b"), Book(2)]
    assert desk.modified(1) == [Grant("c")]


def test_nothing_is_asked_without_a_connection() -> None:
    """Uploads may wait before there is a connection; the booking follows it."""
    desk = BookingDesk(3)
    assert desk.wait("a") == []
    assert desk.wait("b") == []
    assert desk.connected() == [Book(2)]


def test_a_service_that_is_lost_is_not_granted() -> None:
    """After -1 one upload less runs."""
    desk = connected()
    desk.wait("a"), desk.wait("b")
    desk.booked(2)
    assert desk.modified(-1) == []
    assert (desk.held, desk.losses) == (1, 1)


def test_the_booking_is_cleared_at_the_end() -> None:
    """With nothing left to upload the services go back."""
    desk = connected()
    desk.wait("a")
    desk.booked(1)
    assert desk.leave("a") == [Clear()]
    assert desk.cleared(success=True) == []
    assert desk.wait("b") == [Book(1)]


def test_an_upload_that_comes_during_a_clear_waits_for_its_answer() -> None:
    """Services that are about to go are not granted."""
    desk = connected()
    desk.wait("a")
    desk.booked(1)
    desk.leave("a")
    assert desk.wait("b") == []
    assert desk.cleared(success=True) == [Book(1)]


def test_a_refused_clear_leaves_the_services() -> None:
    """What could not be cleared is used by the next upload, or cleared later."""
    desk = connected()
    desk.wait("a")
    desk.booked(1)
    desk.leave("a")
    assert desk.cleared(success=False) == []
    assert desk.retry_clear() == [Clear()]
    desk.wait("b")
    assert desk.cleared(success=False) == [Grant("b")]


def test_an_unanswered_question_is_asked_anew() -> None:
    """It is not known whether the manager has heard it."""
    desk = connected()
    desk.wait("a")
    assert desk.unanswered() == [Book(1)]
    desk.booked(1)
    desk.leave("a")
    assert desk.unanswered() == [Clear()]


def test_a_limit_below_one_is_refused() -> None:
    """Without services nothing could ever be uploaded."""
    with pytest.raises(ValueError, match="at least one"):
        BookingDesk(0)


class Booking(RuleBasedStateMachine):
    """A desk and a manager, with a line between them that delays, loses and breaks."""

    @initialize(limit=st.integers(1, 4), free=st.integers(0, 5))
    def start(self, limit: int, free: int) -> None:
        """Both begin."""
        self.desk = BookingDesk(limit)
        self.limit = limit
        self.free = free
        self.number = 0
        self.waiting: list[int] = []
        self.using: list[int] = []
        self.is_connected = False
        self.told = 0
        self._cut()

    def _cut(self) -> None:
        self.to_manager: deque[Book | Clear] = deque()
        self.to_client: deque[tuple[str, int]] = deque()
        self.desired = 0
        self.held = 0
        self.open_questions = 0
        self.told = 0
        self.is_clear_refused = False

    def apply(self, effects: list[Effect]) -> None:
        """Carry out what the desk says."""
        for effect in effects:
            if isinstance(effect, Grant):
                assert effect.ticket == self.waiting.pop(0), "granted out of turn"
                self.using.append(effect.ticket)
                assert len(self.using) <= self.told, "granted more than is held"
            else:
                self.open_questions += 1
                self.to_manager.append(effect)
                assert self.open_questions == 1, "two questions are open"

    @rule()
    def new_upload(self) -> None:
        """Somebody wants to upload."""
        self.number += 1
        self.waiting.append(self.number)
        self.apply(self.desk.wait(self.number))

    @precondition(lambda self: self.using)
    @rule(data=st.data())
    def service_is_free_again(self, data: st.DataObject) -> None:
        """A stage finish."""
        ticket = data.draw(st.sampled_from(self.using))
        self.using.remove(ticket)
        self.apply(self.desk.leave(ticket))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def waiting_upload_is_cancelled(self, data: st.DataObject) -> None:
        """Somebody does not want to upload any more."""
        ticket = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(ticket)
        self.apply(self.desk.leave(ticket))

    @precondition(lambda self: not self.is_connected)
    @rule()
    def connect(self) -> None:
        """A connection comes about."""
        self.is_connected = True
        self.apply(self.desk.connected())

    @precondition(lambda self: self.is_connected)
    @rule()
    def disconnect(self) -> None:
        """The connection breaks; the manager forgets the client, and its uploads end."""
        self.is_connected = False
        self.free += self.held
        self._cut()
        self.desk.disconnected()
        self.using.clear()

    @precondition(lambda self: self.to_manager)
    @rule()
    def manager_hears(self) -> None:
        """The manager takes a question and answers it."""
        match self.to_manager.popleft():
            case Book(desired_amount):
                assert 1 <= desired_amount <= self.limit
                self.desired = desired_amount
                self.free += self.held
                self.held = max(min(desired_amount, self.free), len(self.using))
                self.free -= self.held
                self.to_client.append(("booked", self.held))
            case Clear():
                is_idle = self.held > 0
                self.free += self.held
                self.held = self.desired = 0
                self.to_client.append(("cleared", int(is_idle)))

    @precondition(lambda self: self.is_connected and self.held < self.desired and self.free > 0)
    @rule()
    def manager_gives_one(self) -> None:
        """A service comes free for this client."""
        self.free -= 1
        self.held += 1
        self.to_client.append(("modified", 1))

    @precondition(lambda self: self.is_connected and self.held > len(self.using))
    @rule()
    def manager_takes_one(self) -> None:
        """An idle service goes away, or to somebody else."""
        self.held -= 1
        self.free += 1
        self.to_client.append(("modified", -1))

    @precondition(lambda self: self.to_client)
    @rule()
    def client_hears(self) -> None:
        """The client takes the next frame."""
        kind, number = self.to_client.popleft()
        if kind == "modified":
            self.told = max(0, self.told + number)
            self.apply(self.desk.modified(number))
        elif kind == "booked":
            self.told = number
            self.open_questions = 0
            self.apply(self.desk.booked(number))
        else:
            self.open_questions = 0
            self.told = 0 if number or self.told == 0 else self.told
            self.apply(self.desk.cleared(success=bool(number)))

    @precondition(lambda self: self.open_questions and not self.to_client)
    @rule()
    def question_is_lost(self) -> None:
        """A question gets lost, and the client notices."""
        self.to_manager.clear()
        self.open_questions = 0
        self.apply(self.desk.unanswered())

    @rule()
    def clear_is_tried_again(self) -> None:
        """Some time has passed."""
        self.apply(self.desk.retry_clear())

    @invariant()
    def counts_agree(self) -> None:
        """The desk knows what it was told, and who waits and uploads."""
        if hasattr(self, "desk"):
            assert self.desk.held == self.told
            assert (self.desk.waiting, self.desk.using) == (len(self.waiting), len(self.using))

    def teardown(self) -> None:
        """On a good line everybody is served in the end, and everything is given back."""
        if not hasattr(self, "desk"):
            return
        if not self.is_connected:
            self.connect()
        self.free += 1
        while self.waiting or self.using or self.to_client or self.to_manager:
            if self.to_client:
                self.client_hears()
            elif self.to_manager:
                self.manager_hears()
            elif self.using:
                self.apply(self.desk.leave(self.using.pop()))
            else:
                self.manager_gives_one()
        self.clear_is_tried_again()
        while self.to_manager or self.to_client:
            self.manager_hears() if self.to_manager else self.client_hears()
        assert (self.desired, self.held, self.desk.held) == (0, 0, 0)


def test_grants_bookings_and_clears_keep_their_promises_on_any_line() -> None:
    """Whatever is delayed, lost or broken: no grant without a service, nobody waits for ever."""
    run_state_machine_as_test(
        Booking, settings=settings(max_examples=150, stateful_step_count=60, deadline=None)
    )
