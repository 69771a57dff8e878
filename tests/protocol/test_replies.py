"""Awaiting replies on asyncio."""

import asyncio
import json

import pytest

from protocol import Exchange, OpenRequests, encode, generic
from protocol.exchange import Arrived, ExchangeClosed, UnreadableFrame

ASK = generic.Primitives(string_value="?")
YES = generic.Boolean(success=True)
LONG_S = 60.0


class Wire:
    """Where requests are sent to; each is a uuid in the order of sending."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[str] = asyncio.Queue()

    async def send(self, text: str) -> None:
        """Takes a frame."""
        self.sent.put_nowait(json.loads(text)["uuid"])


@pytest.fixture
def wire() -> Wire:
    """Takes everything."""
    return Wire()


@pytest.fixture
def requests() -> OpenRequests:
    """Of a connection that has just begun."""
    return OpenRequests(Exchange(accepts=frozenset({"generic"}), extensions=frozenset()))


async def test_a_reply_goes_to_the_request_that_it_answers(requests, wire):
    """Other requests wait on, and what answers nothing is the caller's."""
    asking = [
        asyncio.create_task(requests.ask(ASK, timeout_s=LONG_S, send=wire.send)) for _ in range(2)
    ]
    first, second = await wire.sent.get(), await wire.sent.get()
    assert requests.receive(encode(YES, reply_uuid=second)) is None
    assert await asking[1] == YES
    assert len(requests) == 1
    assert isinstance(requests.receive(encode(YES, reply_uuid=second)), Arrived)
    assert isinstance(requests.receive("nonsense"), UnreadableFrame)
    requests.receive(encode(YES, reply_uuid=first))
    assert await asking[0] == YES


async def test_a_request_that_times_out_is_forgotten(requests, wire):
    """Nothing piles up, and a late reply answers nothing."""
    with pytest.raises(TimeoutError):
        await requests.ask(ASK, timeout_s=0.0, send=wire.send)
    assert len(requests) == 0
    assert isinstance(requests.receive(encode(YES, reply_uuid=await wire.sent.get())), Arrived)


async def test_only_requests_that_are_due_time_out(requests, wire):
    """Those with more time wait on."""
    patient = asyncio.create_task(requests.ask(ASK, timeout_s=LONG_S, send=wire.send))
    uuid = await wire.sent.get()
    with pytest.raises(TimeoutError):
        await requests.ask(ASK, timeout_s=0.0, send=wire.send)
    requests.receive(encode(YES, reply_uuid=uuid))
    assert await patient == YES


@pytest.mark.parametrize("end", ["reply", "close"])
async def test_a_request_that_was_just_cancelled_is_over(requests, wire, end):
    """Its task may not have run since, when the reply or the end of the connection comes."""
    asking = asyncio.create_task(requests.ask(ASK, timeout_s=LONG_S, send=wire.send))
    uuid = await wire.sent.get()
    await asyncio.sleep(0)
    asking.cancel()
    if end == "reply":
        requests.receive(encode(YES, reply_uuid=uuid))
    else:
        requests.close(ConnectionError())
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(requests) == 0


async def test_when_the_connection_is_lost_every_request_fails(requests, wire):
    """All that wait learn why, and none is made any more."""
    asking = [
        asyncio.create_task(requests.ask(ASK, timeout_s=LONG_S, send=wire.send)) for _ in range(2)
    ]
    for _ in asking:
        await wire.sent.get()
    requests.close(ConnectionError("lost"))
    for task in asking:
        with pytest.raises(ConnectionError, match="lost"):
            await task
    with pytest.raises(ExchangeClosed):
        await requests.ask(ASK, timeout_s=LONG_S, send=wire.send)


async def test_a_request_that_cannot_be_sent_is_over(requests):
    """Also when the connection's end was noticed while it was being sent."""

    async def fail(_text: str) -> None:
        requests.close(ConnectionError("lost"))
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        await requests.ask(ASK, timeout_s=LONG_S, send=fail)
    assert len(requests) == 0
