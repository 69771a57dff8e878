"""When services are booked, granted and given back."""

import pytest

from client_sdk.booking import Book, BookingManager, Clear, Grant, Linger


def connected(limit: int = 3) -> BookingManager:
    """A desk with a connection and nothing to do."""
    desk = BookingManager(limit)
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
    assert desk.leave("a") == [Grant("b"), Linger()]
    assert desk.modified(1) == [Grant("c")]


def test_nothing_is_asked_without_a_connection() -> None:
    """Uploads may wait before there is a connection; the booking follows it."""
    desk = BookingManager(3)
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


def test_what_is_left_over_is_kept_for_a_moment() -> None:
    """An upload that follows has a service at once; nothing is asked meanwhile."""
    desk = connected()
    desk.wait("a"), desk.wait("b")
    desk.booked(1)
    desk.booked(2)
    assert desk.leave("a") == [Linger()]
    assert desk.wait("c") == [Grant("c")]
    assert desk.leave("c") == [Linger()]
    assert desk.lingered() == [Book(1)]


def test_only_what_stayed_left_over_is_given_back() -> None:
    """A moment that is over means nothing once the service was used."""
    desk = connected()
    desk.wait("a"), desk.wait("b")
    desk.booked(1)
    desk.booked(2)
    desk.leave("a")
    desk.wait("c")
    assert desk.lingered() == []
    assert desk.leave("c") == [Linger()]


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
        BookingManager(0)


def test_a_question_for_fewer_counts_at_once() -> None:
    """The manager reads it before any request that is sent after it, so what it gives up is gone."""
    desk = connected()
    desk.wait("a"), desk.wait("b")
    desk.booked(1)
    desk.booked(2)
    desk.leave("a")
    assert desk.lingered() == [Book(1)]
    assert desk.wait("c") == []
    assert desk.booked(1) == [Book(2)]
    assert desk.booked(2) == [Grant("c")]


def test_a_question_for_more_delays_nothing() -> None:
    """What is held stays, so it can be used before the answer."""
    desk = connected()
    desk.wait("a")
    desk.booked(1)
    assert desk.wait("b") == [Book(2)]
    assert desk.modified(1) == [Grant("b")]


def test_a_question_that_was_given_up_may_take_effect_yet() -> None:
    """Until a later one is answered no more is granted than it leaves."""
    desk = connected()
    desk.wait("a"), desk.wait("b")
    desk.booked(1)
    desk.booked(2)
    desk.leave("a")
    desk.lingered()
    desk.wait("c")
    assert desk.unanswered() == [Book(2)]
    assert desk.booked(2) == [Grant("c")]


def test_a_refusal_after_a_clear_that_was_not_answered_is_not_trusted() -> None:
    """It may mean that an upload runs, or that the earlier clear has ended the booking."""
    desk = connected()
    desk.wait("a")
    desk.booked(1)
    desk.leave("a")
    assert desk.unanswered() == [Clear()]
    assert desk.cleared(success=False) == []
    assert desk.wait("b") == [Book(1)]
    assert desk.booked(1) == [Grant("b")]


def test_a_grant_that_found_no_service_free_is_counted_anew() -> None:
    """Nobody else is granted what the manager does not have, until it has said what there is."""
    desk = connected(limit=2)
    desk.wait("a"), desk.wait("b")
    desk.booked(1)
    desk.booked(2)
    desk.wait("c")
    assert desk.recount("b") == [Book(2)]
    assert desk.booked(1) == []
    assert desk.modified(1) == [Grant("c")]


def test_an_answer_with_less_than_was_held_is_a_loss() -> None:
    """The manager tells it by the amount alone when a service goes at the moment of a booking."""
    desk = connected()
    desk.wait("a"), desk.wait("b")
    desk.booked(1)
    desk.booked(2)
    desk.wait("c")
    desk.booked(1)
    assert desk.losses == 1
