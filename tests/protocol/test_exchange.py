"""Which frame answers which request, at either end of a connection; without I/O."""

import json
from itertools import count

import pytest

from protocol import c2s, generic
from protocol.codec import encode
from protocol.exchange import Answered, Arrived, Exchange, ExchangeClosed, UnreadableFrame

ASK = generic.Primitives(string_value="?")
YES = generic.Boolean(success=True)
STRANGE_UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture
def exchange() -> Exchange:
    """One end, whose requests are numbered."""
    numbers = count(1)
    return Exchange(
        accepts=frozenset({"generic"}),
        extensions=frozenset(),
        new_uuid=lambda: f"00000000-0000-4000-8000-{next(numbers):012}",
    )


def test_a_request_is_a_frame_with_a_uuid_and_a_deadline(exchange):
    """What is to be sent, and until when its reply is awaited."""
    request = exchange.request(ASK, deadline=7.0)
    frame = json.loads(request.text)
    assert (frame["id"], frame["uuid"]) == (ASK.id, request.uuid)
    assert (request.packet_id, request.deadline) == (ASK.id, 7.0)


def test_requests_have_uuids_of_their_own():
    """Unless told otherwise, random ones."""
    exchange = Exchange(accepts=frozenset(), extensions=frozenset())
    assert len({exchange.request(ASK, deadline=0.0).uuid for _ in range(10)}) == 10


def test_a_reply_ends_the_request_that_it_names(exchange):
    """Other requests stay open; a second reply answers nothing."""
    first, second = (exchange.request(ASK, deadline=1.0) for _ in range(2))
    text = encode(YES, reply_uuid=second.uuid)
    assert exchange.receive(text) == Answered(second.uuid, YES)
    again = exchange.receive(text)
    assert isinstance(again, Arrived)
    assert again.frame.reply_uuid == second.uuid
    assert exchange.close() == (first,)


@pytest.mark.parametrize("reply_uuid", [None, STRANGE_UUID])
def test_a_frame_that_answers_nothing_is_passed_on(exchange, reply_uuid):
    """An event, a request of the other end, or a reply to nothing."""
    exchange.request(ASK, deadline=1.0)
    arrived = exchange.receive(encode(YES, reply_uuid=reply_uuid))
    assert isinstance(arrived, Arrived)
    assert (arrived.frame.packet, arrived.frame.reply_uuid) == (YES, reply_uuid)


def test_requests_expire_at_their_deadline(exchange):
    """Not before; a reply that comes later answers nothing."""
    late, timely = exchange.request(ASK, deadline=5.0), exchange.request(ASK, deadline=6.0)
    assert exchange.expire(4.9) == ()
    assert exchange.expire(5.0) == (late,)
    assert exchange.expire(5.0) == ()
    assert isinstance(exchange.receive(encode(YES, reply_uuid=late.uuid)), Arrived)
    assert isinstance(exchange.receive(encode(YES, reply_uuid=timely.uuid)), Answered)


def test_a_request_that_nobody_awaits_any_more_is_forgotten(exchange):
    """Withdrawing one that is over changes nothing."""
    request = exchange.request(ASK, deadline=1.0)
    exchange.withdraw(request)
    exchange.withdraw(request)
    assert isinstance(exchange.receive(encode(YES, reply_uuid=request.uuid)), Arrived)
    assert exchange.close() == ()


def test_closing_ends_all_requests(exchange):
    """Each is told of once, and none begins afterwards."""
    requests = tuple(exchange.request(ASK, deadline=1.0) for _ in range(3))
    assert exchange.close() == requests
    assert exchange.close() == ()
    with pytest.raises(ExchangeClosed):
        exchange.request(ASK, deadline=1.0)


def test_a_frame_that_cannot_be_read_is_refused_by_its_uuid(exchange):
    """Its sender learns what is wrong."""
    bad = json.dumps({"id": "generic:boolean", "uuid": STRANGE_UUID, "data": {"success": 1}})
    refused = exchange.receive(bad)
    assert isinstance(refused, UnreadableFrame)
    assert refused.error.code == "invalid_packet"
    answer = json.loads(refused.answer or "")
    assert (answer["id"], answer["reply_uuid"]) == ("generic:boolean", STRANGE_UUID)
    assert answer["data"]["success"] is False


def test_what_is_not_for_us_to_answer_is_refused_in_silence(exchange):
    """What has no uuid, and packets of a namespace that this peer may not send."""
    foreign = encode(c2s.FolderSizeRequest(folder_id=None), uuid=STRANGE_UUID)
    for data in ("not JSON", b"\xff", foreign):
        refused = exchange.receive(data)
        assert isinstance(refused, UnreadableFrame)
        assert refused.answer is None
