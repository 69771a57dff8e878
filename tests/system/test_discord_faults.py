"""Discord on bad days: uploads and downloads get through, or end with a clear error."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from discord_emulator.emulator import Emulator
from discord_emulator.errors import LimitScope
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from tests.system.whole import CHUNK_SIZE, Whole, content_of, pieces_of, running_whole, send_chunk

CONTENT = content_of(2 * CHUNK_SIZE + 1)


def fault(kind: FaultKind, route: Operation, **fields: object) -> Fault:
    """A fault that meets one request."""
    return Fault(kind=kind, route=route, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param({"kind": FaultKind.RATE_LIMIT, "scope": LimitScope.USER}, id="user limit"),
        pytest.param({"kind": FaultKind.RATE_LIMIT, "scope": LimitScope.SHARED}, id="shared limit"),
        pytest.param({"kind": FaultKind.RATE_LIMIT, "scope": LimitScope.GLOBAL}, id="global limit"),
        pytest.param({"kind": FaultKind.ERROR, "status": 503}, id="error"),
        pytest.param({"kind": FaultKind.RESET}, id="reset"),
        pytest.param({"kind": FaultKind.TRUNCATED}, id="truncated answer"),
    ],
)
async def test_a_post_that_fails_is_tried_again(whole: Whole, trouble: dict[str, object]):
    """The client notices nothing but the time it takes."""
    whole.emulator.faults.add(
        Fault(route=Operation.EXECUTE, retry_after_s=0.01, **trouble)  # type: ignore[arg-type]
    )
    user = await whole.user(booked=1)
    await user.put("a.bin", CONTENT)
    assert await user.get("a.bin") == CONTENT


@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.RESET])
async def test_a_post_whose_answer_is_lost_is_tried_again(whole: Whole, kind: FaultKind):
    """Discord has the message, and nobody knows its id: the chunk is posted once more."""
    whole.emulator.faults.add(fault(kind, Operation.EXECUTE, after_commit=True))
    user = await whole.user(booked=1)
    await user.put("a.bin", CONTENT)
    assert await user.get("a.bin") == CONTENT


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param({"kind": FaultKind.ERROR, "status": 503}, id="error"),
        pytest.param({"kind": FaultKind.RESET}, id="reset"),
        pytest.param({"kind": FaultKind.TRUNCATED}, id="truncated"),
        pytest.param({"kind": FaultKind.NOT_FOUND}, id="expired URL"),
    ],
)
async def test_a_download_gets_over_a_fault_of_the_cdn(whole: Whole, trouble: dict[str, object]):
    """Every byte arrives, and none twice."""
    user = await whole.user(booked=1)
    await user.put("a.bin", CONTENT)
    whole.emulator.faults.add(Fault(route=Operation.CDN, **trouble))  # type: ignore[arg-type]
    assert await user.get("a.bin") == CONTENT


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param({"kind": FaultKind.RATE_LIMIT, "retry_after_s": 0.01}, id="limit"),
        pytest.param({"kind": FaultKind.ERROR, "status": 500}, id="error"),
        pytest.param({"kind": FaultKind.RESET}, id="reset"),
    ],
)
async def test_a_download_gets_over_a_fault_in_fetching_a_message(
    whole: Whole, trouble: dict[str, object]
):
    """The URL of the attachment is asked for once more."""
    user = await whole.user(booked=1)
    await user.put("a.bin", CONTENT)
    whole.emulator.faults.add(Fault(route=Operation.MESSAGE, **trouble))  # type: ignore[arg-type]
    assert await user.get("a.bin") == CONTENT


async def test_a_slow_discord_holds_up_its_own_chunks_only(whole: Whole):
    """Another upload goes on while one waits."""
    slow = fault(FaultKind.SLOW, Operation.EXECUTE)
    whole.emulator.faults.add(slow)
    user = await whole.user(booked=2)
    waiting = asyncio.create_task(user.put("slow.bin", CONTENT))
    await slow.reached.wait()
    await user.put("quick.bin", CONTENT)
    slow.release()
    await waiting
    assert await user.get("slow.bin") == CONTENT


async def test_a_chunk_that_is_gone_ends_the_download_without_a_wrong_byte(whole: Whole):
    """The connection ends early instead of making something up; a try later says so at once."""
    user = await whole.user(booked=1)
    await user.put("a.bin", CONTENT)
    messages = whole.emulator.messages()
    await whole.emulator.delete(max(messages, key=lambda message: message.id))
    with pytest.raises((aiohttp.ClientPayloadError, AssertionError)):
        await user.get("a.bin")
    assert await user.get("a.bin", byte_range="0-999") == CONTENT[:1000]


async def test_a_chunk_that_was_changed_ends_the_download(whole: Whole):
    """Its tag tells, and not a byte of it is passed on."""
    user = await whole.user(booked=1)
    await user.put("a.bin", CONTENT[:CHUNK_SIZE])
    (message,) = whole.emulator.messages()
    stored = whole.emulator.store.attachment(message.channel_id, message.id, 0)
    sealed = bytearray(stored.read_bytes())
    sealed[-1] ^= 1
    stored.write_bytes(sealed)
    with pytest.raises((aiohttp.ClientPayloadError, AssertionError)):
        await user.get("a.bin")


async def test_discord_down_at_start(tmp_path: Path):
    """The manager serves all that needs no Discord; uploads are refused until it is there."""
    down = Fault(kind=FaultKind.SLOW, route=Operation.WEBHOOK, times=None)
    async with running_whole(tmp_path, faults=[down], wait=False) as whole:
        user = await whole.user()
        await user.put_empty("empty")
        assert await user.peer.names() == ["empty"]
        assert await user.peer.book(1) == 0
        assert not (await user.peer.request_upload()).accepted
        down.release()
        await user.booking_changed(1)
        await user.put("a.bin", CONTENT)
        assert await user.get("a.bin") == CONTENT


async def test_discord_down_in_mid_upload(whole: Whole):
    """The chunk waits, and is stored when Discord is back."""
    down = Fault(kind=FaultKind.ERROR, route=Operation.EXECUTE, status=503, times=None)
    user = await whole.user(booked=1)
    response = await user.request("a.bin", len(CONTENT))
    await user.send(response, 0, CONTENT)
    number = whole.emulator.faults.add(down)
    sending = asyncio.create_task(user.send(response, 1, CONTENT))
    await down.reached.wait()
    assert (await user.peer.list_files()).files == ()
    assert number in whole.emulator.faults.pending
    whole.emulator.faults.clear()
    await sending
    await user.send(response, 2, CONTENT)
    assert (await user.finished(response)).success
    assert await user.get("a.bin") == CONTENT


async def test_no_webhook_that_works(tmp_path: Path):
    """All are deleted: nothing can be booked, the reason is shown, and nothing else suffers."""

    def delete_all(emulator: Emulator) -> None:
        for webhook in emulator.webhooks:
            emulator.faults.add(
                Fault(kind=FaultKind.WEBHOOK_GONE, webhook_id=webhook.id, times=None)
            )

    async with running_whole(tmp_path, prepare=delete_all, wait=False) as whole:
        user = await whole.user()
        assert await user.peer.book(1) == 0
        response = await user.peer.request_upload()
        assert not response.accepted
        assert response.rejection_reason
        await user.put_empty("empty")
        assert len(await whole.quarantined()) == 2


async def test_a_webhook_that_dies_in_mid_upload(whole: Whole):
    """The upload goes on over the others, and the dead one is quarantined."""
    user = await whole.user(booked=1)
    content = content_of(8 * CHUNK_SIZE)
    dead = whole.emulator.webhooks[0]
    response = await user.request("a.bin", len(content))
    await user.send(response, 0, content)
    whole.emulator.faults.add(
        Fault(
            kind=FaultKind.WEBHOOK_GONE,
            route=Operation.EXECUTE,
            webhook_id=dead.id,
            times=None,
        )
    )
    await asyncio.gather(*(user.send(response, index, content) for index in range(1, 8)))
    assert (await user.finished(response)).success
    assert await whole.quarantined() == [str(dead.id)]


async def test_the_last_webhook_dies_in_mid_upload(tmp_path: Path):
    """The chunk is refused with an error, the client can abort, and the manager goes on."""
    async with running_whole(tmp_path, channels=1) as whole:
        user = await whole.user(booked=1)
        response = await user.request("a.bin", len(CONTENT))
        whole.emulator.delete_webhook(whole.emulator.webhooks[0].id)
        status, body = await send_chunk(user.http, response, 0, pieces_of(CONTENT, CHUNK_SIZE)[0])
        assert status >= 500
        assert json.loads(body)["error"]
        await user.abort(response)
        assert not (await user.finished(response)).success
        await user.booking_changed(-1)
        await user.put_empty("empty")
