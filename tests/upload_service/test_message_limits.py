"""What messages take, as the manager says and as Discord answers."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.settings import SizeLimits
from protocol import s2u
from protocol.generic import Boolean, Primitives
from protocol.values import LARGEST_CHUNK_SIZE
from tests.upload_service.staging import Stage, staged

MIB = 1024 * 1024


def leases(stage: Stage, attachment_bytes: int = 10 * MIB - 512) -> dict[str, Any]:
    """The webhooks of a configuration, with what a message takes."""
    limits = s2u.LeaseLimits(
        attachment_bytes=attachment_bytes, request_bytes=200 * MIB - 8192, attachments=10
    )
    return {
        "webhooks": tuple(replace(lease, limits=limits) for lease in stage.configuration().webhooks)
    }


def narrow(stage: Stage, attachment_bytes: int, request_bytes: int = 200 * MIB) -> None:
    """Every channel takes less, or more, from now on."""
    for webhook in stage.emulator.webhooks:
        limits = SizeLimits(attachment_bytes, request_bytes, 10)
        stage.emulator.size_limits[webhook.channel_id] = limits


async def test_a_chunk_larger_than_an_attachment_is_stored_all_the_same(tmp_path: Path) -> None:
    """In several attachments, with the limits that came with the lease, and reported without one of them."""
    async with staged(tmp_path) as stage:
        assert (await stage.configure(**leases(stage))).success
        data = os.urandom(LARGEST_CHUNK_SIZE)
        upload = await stage.start(len(data), chunk_size=LARGEST_CHUNK_SIZE)
        assert await stage.send(upload, 0, data) == (200, "0")
        ((report,),) = (message.chunks for message in stage.manager.messages)
        assert (report.attachment_id, report.offset) == (None, 0)
        (message,) = stage.emulator.messages()
        sizes = [attachment.size for attachment in message.attachments]
        assert (len(sizes), sum(sizes)) == (3, report.stored_size)


async def test_a_limit_that_falls_in_the_middle_of_an_upload_ends_nothing(tmp_path: Path) -> None:
    """The refused chunk goes out in parts, and the manager hears what was refused, once."""
    async with staged(tmp_path) as stage:
        assert (await stage.configure(**leases(stage))).success
        size = 9 * MIB
        data = os.urandom(3 * size)
        upload = await stage.start(len(data), chunk_size=size)
        assert await stage.send(upload, 0, data[:size]) == (200, "0")
        narrow(stage, 8 * MIB)
        for index in (1, 2):
            part = data[index * size : (index + 1) * size]
            assert await stage.send(upload, index, part) == (200, str(index))
        assert (await stage.link.finishes.get()).success
        chunks = [chunk for message in stage.manager.messages for chunk in message.chunks]
        assert [chunk.attachment_id is None for chunk in chunks][:2] == [False, True]
        refused = await stage.link.too_large.get()
        assert refused.sizes == (size + 33,)
        assert refused.webhook_id in {str(webhook.id) for webhook in stage.emulator.webhooks}


@pytest.mark.parametrize(("size", "is_taken"), [(20 * MIB, True), (20 * MIB + 1, False)])
async def test_a_probe_tells_whether_a_message_is_taken(
    tmp_path: Path, size: int, is_taken: bool
) -> None:
    """With random bytes, of which nothing stays."""
    async with staged(tmp_path) as stage:
        assert (await stage.configure(**leases(stage))).success
        webhook_id = str(stage.emulator.webhooks[0].id)
        answer = await stage.link.call(s2u.SizeProbe(webhook_id=webhook_id, sizes=(size, 1)))
        assert answer == Primitives(boolean_value=is_taken)
        assert stage.emulator.messages() == []
        assert stage.emulator.requests.count(Operation.DELETE) == is_taken


async def test_a_probe_gives_way_to_uploads(tmp_path: Path) -> None:
    """One that runs ends when a chunk is posted, and none begins meanwhile."""
    async with staged(tmp_path) as stage:
        assert (await stage.configure(**leases(stage))).success
        probe = s2u.SizeProbe(webhook_id=str(stage.emulator.webhooks[0].id), sizes=(1000,))
        slow = [Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE) for _ in range(2)]
        stage.emulator.faults.add(slow[0])
        probing = asyncio.create_task(stage.link.call(probe))
        await slow[0].reached.wait()
        stage.emulator.faults.add(slow[1])
        upload = await stage.start(10)
        sending = asyncio.create_task(stage.send(upload, 0, bytes(10)))
        assert await probing == Primitives()
        await slow[1].reached.wait()
        assert await stage.link.call(probe) == await probing
        slow[1].release()
        assert await sending == (200, "0")


async def test_a_probe_that_discord_does_not_answer_finds_nothing_out(tmp_path: Path) -> None:
    """Nor does one for a webhook that is not leased, or that is gone."""
    async with staged(tmp_path) as stage:
        assert (await stage.configure(**leases(stage))).success
        unknown = await stage.link.call(s2u.SizeProbe(webhook_id="123456789012345", sizes=(1,)))
        gone = stage.emulator.webhooks[0].id
        stage.emulator.delete_webhook(gone)
        dead = await stage.link.call(s2u.SizeProbe(webhook_id=str(gone), sizes=(1,)))
        assert isinstance(unknown, Boolean)
        assert dead == Primitives()
        assert (await stage.link.lost_webhooks.get()).webhook_id == str(gone)


async def test_a_manager_without_reports_of_messages_gets_no_chunk_in_several_attachments(
    tmp_path: Path,
) -> None:
    """A chunk by itself has to name its attachment, so the upload ends when Discord takes less."""
    async with staged(tmp_path, grants="webhooks,message-limits,object-keys") as stage:
        narrow(stage, 8 * MIB)
        upload = await stage.start(9 * MIB, chunk_size=9 * MIB)
        assert (await stage.send(upload, 0, bytes(9 * MIB)))[0] == 413
        assert not (await stage.link.finishes.get()).success
