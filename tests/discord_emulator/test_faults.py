"""Trouble on demand."""

import asyncio
from typing import Any

import aiohttp
import pytest

from discord_emulator.errors import LimitScope
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.testing import running_emulator


async def posted(caller: Any, content: bytes = b"0123456789") -> Any:
    """Posts a file; returns the message."""
    return (await caller.post(content))[1]


@pytest.mark.parametrize("scope", list(LimitScope))
async def test_rate_limits_of_each_scope(caller, emulator, scope):
    """An ordered 429 looks like a true one of its scope, and comes as often as ordered."""
    emulator.faults.add(
        Fault(
            route=Operation.EXECUTE,
            kind=FaultKind.RATE_LIMIT,
            times=2,
            scope=scope,
            retry_after_s=3.5,
        )
    )
    for _ in range(2):
        async with caller.http.post(caller.url, json={"content": "x"}) as response:
            assert response.status == 429
            assert response.headers["Retry-After"] == "4"
            assert response.headers["X-RateLimit-Scope"] == scope
            body = await response.json()
            assert (body["retry_after"], body["global"]) == (3.5, scope == "global")
    assert (await caller.post(b"x"))[0] == 200
    assert emulator.requests.rate_limited == {scope: 2}
    assert emulator.faults.pending == {}


@pytest.mark.parametrize(("status", "code"), [(500, 0), (503, 0), (400, 40004), (403, 50013)])
async def test_errors(caller, emulator, status, code):
    """Any status and code can be ordered; nothing is stored then."""
    emulator.faults.add(
        Fault(route=Operation.EXECUTE, kind=FaultKind.ERROR, status=status, code=code)
    )
    answered, error = await caller.post(b"x")
    assert (answered, error["code"]) == (status, code)
    assert emulator.messages() == []


async def test_errors_after_the_commit(caller, emulator):
    """A 5xx can come although the message was saved."""
    emulator.faults.add(
        Fault(route=Operation.EXECUTE, kind=FaultKind.ERROR, status=502, after_commit=True)
    )
    assert (await caller.post(b"x"))[0] == 502
    assert len(emulator.messages()) == 1


@pytest.mark.parametrize("after_commit", [False, True])
async def test_resets(caller, emulator, after_commit):
    """The connection can break before the message is saved, or after."""
    emulator.faults.add(
        Fault(route=Operation.EXECUTE, kind=FaultKind.RESET, after_commit=after_commit)
    )
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.post(bytes(300_000))
    assert len(emulator.messages()) == after_commit
    assert (await caller.post(b"x"))[0] == 200


@pytest.mark.parametrize("after_commit", [False, True])
async def test_slow_answers(caller, emulator, after_commit):
    """A slow request waits until the fault is released, before or after the message is saved."""
    fault = Fault(route=Operation.EXECUTE, kind=FaultKind.SLOW, after_commit=after_commit)
    emulator.faults.add(fault)
    posting = asyncio.create_task(caller.post(b"x"))
    await fault.reached.wait()
    assert len(emulator.messages()) == after_commit
    assert not posting.done()
    fault.release()
    assert (await posting)[0] == 200


async def test_truncated_attachments(caller, emulator):
    """An attachment can break off; its announced length shows it."""
    url = (await posted(caller))["attachments"][0]["url"]
    emulator.faults.add(Fault(route=Operation.CDN, kind=FaultKind.TRUNCATED, after_bytes=3))
    async with caller.http.get(url) as response:
        assert (response.status, response.content_length) == (200, 10)
        assert await response.content.readexactly(3) == b"012"
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert await caller.get(url) == (200, b"0123456789")


async def test_truncated_ranges(caller, emulator):
    """A range can break off too."""
    url = (await posted(caller))["attachments"][0]["url"]
    emulator.faults.add(Fault(route=Operation.CDN, kind=FaultKind.TRUNCATED))
    async with caller.http.get(url, headers={"Range": "bytes=4-7"}) as response:
        assert (response.status, response.content_length) == (206, 4)
        assert response.headers["Content-Range"] == "bytes 4-7/10"
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_truncated_answers(caller, emulator):
    """The API's JSON can break off too."""
    emulator.faults.add(Fault(route=Operation.WEBHOOK, kind=FaultKind.TRUNCATED))
    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.call("GET", "")


async def test_stalled_attachments(caller, emulator):
    """An attachment can stop in the middle, and continues when the fault is released."""
    url = (await posted(caller))["attachments"][0]["url"]
    fault = Fault(route=Operation.CDN, kind=FaultKind.STALLED, after_bytes=4)
    emulator.faults.add(fault)
    async with caller.http.get(url) as response:
        assert await response.content.readexactly(4) == b"0123"
        await fault.reached.wait()
        fault.release()
        assert await response.read() == b"456789"


@pytest.mark.parametrize(
    ("route", "method", "code"), [("message", "GET", 10008), ("delete", "DELETE", 10008)]
)
async def test_missing_messages(caller, emulator, route, method, code):
    """A message can seem gone."""
    message = await posted(caller)
    emulator.faults.add(Fault(route=route, kind=FaultKind.NOT_FOUND))
    status, error = await caller.call(method, f"/messages/{message['id']}")
    assert (status, error["code"]) == (404, code)
    assert (await caller.call("GET", f"/messages/{message['id']}"))[0] == 200


async def test_missing_attachments(caller, emulator):
    """An attachment can seem gone from the CDN."""
    url = (await posted(caller))["attachments"][0]["url"]
    emulator.faults.add(Fault(route=Operation.CDN, kind=FaultKind.NOT_FOUND))
    assert (await caller.get(url))[0] == 404
    assert (await caller.get(url))[0] == 200


async def test_gone_webhooks(caller, emulator):
    """A webhook can seem gone."""
    emulator.faults.add(Fault(kind=FaultKind.WEBHOOK_GONE))
    status, error = await caller.post(b"x")
    assert (status, error["code"]) == (404, 10015)


async def test_faults_meet_who_is_meant(caller, calling, emulator):
    """A fault can be for one webhook, one message or one attachment, after some that pass."""
    emulator.add_webhook()
    other = calling(emulator, 1)
    emulator.faults.add(Fault(kind=FaultKind.ERROR, webhook_id=emulator.webhooks[1].id, skip=1))
    first, second = await posted(caller), await posted(caller)
    assert (await other.post(b"x"))[0] == 200
    assert (await other.post(b"x"))[0] == 500
    emulator.faults.add(Fault(kind=FaultKind.NOT_FOUND, message_id=int(first["id"]), times=None))
    attachment = second["attachments"][0]
    emulator.faults.add(Fault(kind=FaultKind.NOT_FOUND, attachment_id=int(attachment["id"])))
    for _ in range(2):
        assert (await caller.call("GET", f"/messages/{first['id']}"))[0] == 404
        assert (await caller.call("GET", f"/messages/{second['id']}"))[0] == 200
    assert (await caller.get(first["attachments"][0]["url"]))[0] == 200
    assert (await caller.get(attachment["url"]))[0] == 404


async def test_clearing_lets_go(caller, emulator):
    """Clearing removes faults and lets the requests continue that wait at one."""
    fault = Fault(kind=FaultKind.SLOW, times=None)
    emulator.faults.add(fault)
    posting = asyncio.create_task(caller.post(b"x"))
    await fault.reached.wait()
    emulator.faults.clear()
    assert (await posting)[0] == 200
    assert (await caller.post(b"x"))[0] == 200


async def test_stopping_does_not_wait_for_held_requests(tmp_path, calling):
    """An emulator stops though a request waits at a fault."""
    async with running_emulator(tmp_path, limits="off") as emulator:
        fault = Fault(kind=FaultKind.SLOW)
        emulator.faults.add(fault)
        posting = asyncio.create_task(calling(emulator).post(b"x"))
        await fault.reached.wait()
    assert (await posting)[0] == 200


@pytest.mark.parametrize("name", ["execute", "cdn"])
def test_plain_names_are_understood(name):
    """Operations and kinds may be given by their names; unknown ones are refused."""
    order: dict[str, Any] = {"route": name, "kind": "reset"}
    fault = Fault(**order)
    assert (fault.route, fault.kind) == (Operation(name), FaultKind.RESET)
    with pytest.raises(ValueError, match="explode"):
        Fault(**{**order, "kind": "explode"})


@pytest.fixture
async def controlled(tmp_path, calling):
    """A client of an emulator whose faults can be ordered over HTTP."""
    async with running_emulator(tmp_path, limits="off", fault_control=True) as emulator:
        control = calling(emulator)
        control.url = f"{emulator.base_url}/emulator/faults"
        yield calling(emulator), control


async def test_ordering_over_http(controlled):
    """The control route orders, lists and clears faults."""
    caller, control = controlled
    order = {"route": "execute", "kind": "error", "status": 502, "times": None}
    assert await control.call("POST", "", json=order) == (200, {"id": 1})
    assert (await caller.post(b"x"))[0] == 502
    listed = [{"id": 1, "kind": "error", "route": "execute", "hits": 1}]
    assert await control.call("GET", "") == (200, listed)
    assert await control.call("DELETE", "") == (204, None)
    assert (await caller.post(b"x"))[0] == 200


async def test_releasing_over_http(controlled):
    """The control route releases a slow request."""
    caller, control = controlled
    await control.call("POST", "", json={"kind": "slow", "after_commit": True})
    posting = asyncio.create_task(caller.post(b"x"))
    while (await control.call("GET", ""))[1]:
        pass
    assert not posting.done()
    assert (await control.call("POST", "/1/release"))[0] == 204
    assert (await posting)[0] == 200
    assert (await control.call("POST", "/9/release"))[0] == 404


@pytest.mark.parametrize("order", [{}, {"kind": "explode"}, {"kind": "reset", "hits": 3}])
async def test_bad_orders(controlled, order):
    """An order that makes no sense is 400."""
    _, control = controlled
    assert (await control.call("POST", "", json=order))[0] == 400


async def test_control_is_off_by_default(caller, emulator):
    """Without the setting there is no control route."""
    caller.url = f"{emulator.base_url}/emulator/faults"
    assert (await caller.call("GET", ""))[0] == 404
