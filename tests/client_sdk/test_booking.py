"""When services are booked, granted and given back."""

import pytest

from client_sdk.booking import Book, BookingCore, Clear, Grant, Linger


def connected(limit: int = 3) -> BookingCore:
    """A core with a connection and nothing to do."""
    core = BookingCore(limit)
    assert core.connected() == []
    return core


def test_the_first_upload_books_and_is_granted() -> None:
    """Nothing is granted before the manager has said what is held."""
    core = connected()
    assert core.wait("a") == [Book(1)]
    assert core.booked(1) == [Grant("a")]


def test_uploads_are_granted_in_turn() -> None:
    """Who waits longest is next."""
    core = connected()
    core.wait("a"), core.wait("b"), core.wait("c")
    assert core.booked(1) == [Grant("a"), Book(3)]
    assert core.booked(1) == []
    assert core.leave("a") == [Grant("b"), Linger()]
    assert core.modified(1) == [Grant("c")]


def test_nothing_is_asked_without_a_connection() -> None:
    """Uploads may wait before there is a connection; the booking follows it."""
    core = BookingCore(3)
    assert core.wait("a") == []
    assert core.wait("b") == []
    assert core.connected() == [Book(2)]


def test_a_service_that_is_lost_is_not_granted() -> None:
    """After -1 one upload less runs."""
    core = connected()
    core.wait("a"), core.wait("b")
    core.booked(2)
    assert core.modified(-1) == []
    assert (core.held, core.losses) == (1, 1)


def test_what_is_left_over_is_kept_for_a_moment() -> None:
    """An upload that follows has a service at once; nothing is asked meanwhile."""
    core = connected()
    core.wait("a"), core.wait("b")
    core.booked(1)
    core.booked(2)
    assert core.leave("a") == [Linger()]
    assert core.wait("c") == [Grant("c")]
    assert core.leave("c") == [Linger()]
    assert core.lingered() == [Book(1)]


def test_only_what_stayed_left_over_is_given_back() -> None:
    """A moment that is over means nothing once the service was used."""
    core = connected()
    core.wait("a"), core.wait("b")
    core.booked(1)
    core.booked(2)
    core.leave("a")
    core.wait("c")
    assert core.lingered() == []
    assert core.leave("c") == [Linger()]


def test_the_booking_is_cleared_at_the_end() -> None:
    """With nothing left to upload the services go back."""
    core = connected()
    core.wait("a")
    core.booked(1)
    assert core.leave("a") == [Clear()]
    assert core.cleared(success=True) == []
    assert core.wait("b") == [Book(1)]


def test_an_upload_that_comes_during_a_clear_waits_for_its_answer() -> None:
    """Services that are about to go are not granted."""
    core = connected()
    core.wait("a")
    core.booked(1)
    core.leave("a")
    assert core.wait("b") == []
    assert core.cleared(success=True) == [Book(1)]


def test_a_refused_clear_leaves_the_services() -> None:
    """What could not be cleared is used by the next upload, or cleared later."""
    core = connected()
    core.wait("a")
    core.booked(1)
    core.leave("a")
    assert core.cleared(success=False) == []
    assert core.retry_clear() == [Clear()]
    core.wait("b")
    assert core.cleared(success=False) == [Grant("b")]


def test_an_unanswered_question_is_asked_anew() -> None:
    """It is not known whether the manager has heard it."""
    core = connected()
    core.wait("a")
    assert core.unanswered() == [Book(1)]
    core.booked(1)
    core.leave("a")
    assert core.unanswered() == [Clear()]


def test_a_limit_below_one_is_refused() -> None:
    """Without services nothing could ever be uploaded."""
    with pytest.raises(ValueError, match="at least one"):
        BookingCore(0)


def test_a_question_for_fewer_counts_at_once() -> None:
    """The manager reads it before any request that is sent after it, so what it gives up is gone."""
    core = connected()
    core.wait("a"), core.wait("b")
    core.booked(1)
    core.booked(2)
    core.leave("a")
    assert core.lingered() == [Book(1)]
    assert core.wait("c") == []
    assert core.booked(1) == [Book(2)]
    assert core.booked(2) == [Grant("c")]


def test_a_question_for_more_delays_nothing() -> None:
    """What is held stays, so it can be used before the answer."""
    core = connected()
    core.wait("a")
    core.booked(1)
    assert core.wait("b") == [Book(2)]
    assert core.modified(1) == [Grant("b")]


def test_a_question_that_was_given_up_may_take_effect_yet() -> None:
    """Until a later one is answered no more is granted than it leaves."""
    core = connected()
    core.wait("a"), core.wait("b")
    core.booked(1)
    core.booked(2)
    core.leave("a")
    core.lingered()
    core.wait("c")
    assert core.unanswered() == [Book(2)]
    assert core.booked(2) == [Grant("c")]


def test_a_refusal_after_a_clear_that_was_not_answered_is_not_trusted() -> None:
    """It may mean that an upload runs, or that the earlier clear has ended the booking."""
    core = connected()
    core.wait("a")
    core.booked(1)
    core.leave("a")
    assert core.unanswered() == [Clear()]
    assert core.cleared(success=False) == []
    assert core.wait("b") == [Book(1)]
    assert core.booked(1) == [Grant("b")]


def test_a_grant_that_found_no_service_free_is_counted_anew() -> None:
    """Nobody else is granted what the manager does not have, until it has said what there is."""
    core = connected(limit=2)
    core.wait("a"), core.wait("b")
    core.booked(1)
    core.booked(2)
    core.wait("c")
    assert core.recount("b") == [Book(2)]
    assert core.booked(1) == []
    assert core.modified(1) == [Grant("c")]


def test_an_answer_with_less_than_was_held_is_a_loss() -> None:
    """The manager tells it by the amount alone when a service goes at the moment of a booking."""
    core = connected()
    core.wait("a"), core.wait("b")
    core.booked(1)
    core.booked(2)
    core.wait("c")
    core.booked(1)
    assert core.losses == 1
