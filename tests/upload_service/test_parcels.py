"""Parcels with chunks of several uploads: what fails for one upload fails for that one alone."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from protocol.generic import Boolean
from protocol.packet import Packet
from protocol.s2u import MessageEntered
from protocol.u2s import MessageStored
from storage.object_keys import ObjectKey
from tests.upload_service.test_ticket_upload import PlayedSlot, no_pause
from upload_service.active_uploads import ActiveUpload, UploadSpec
from upload_service.buffers import BufferPool, Lane
from upload_service.chunk_states import UploadPhase
from upload_service.errors import NotStored, UploadEnded
from upload_service.forwarding import Forwarder, ReportQueue
from upload_service.metrics import Metrics
from upload_service.parcels import Parcel, ParcelChunk
from upload_service.report_journal import ReportJournal
from upload_service.ticket_upload import TicketBackend

SIZES = (5, 7, 3)


class Delivery:
    """Three small uploads whose only chunks are one parcel, and a manager that answers as told."""

    def __init__(self, folder: Path, *answers: Packet | Exception) -> None:
        self.slot = PlayedSlot(*answers)
        self.releases = 0
        backend = TicketBackend((self.slot,), no_pause)
        lane = Lane(BufferPool(1), 1)
        self.uploads = [
            ActiveUpload(
                UploadSpec(upload_id=uuid4(), name="", size=size, chunk_size=size),
                key=ObjectKey(bytes(32), bytes(4)),
                lane=lane,
                backend=backend,
                inactivity_timeout_s=60.0,
            )
            for size in SIZES
        ]
        self.reports = ReportQueue(ReportJournal(folder / "reports"), no_pause)
        self._forwarder = Forwarder(self.reports, Metrics())

    def begin(self) -> asyncio.Task[Sequence[Exception | None]]:
        """Hands the parcel over."""
        chunks, offset = [], 0
        for upload, size in zip(self.uploads, SIZES, strict=True):
            upload.claim(0)
            chunks.append(
                ParcelChunk(
                    upload=upload,
                    index=0,
                    offset=offset,
                    stored_size=size,
                    size=size,
                    digest=b"d" * 32,
                )
            )
            offset += size
        parcel = Parcel(
            content=memoryview(bytes(offset)),
            chunks=tuple(chunks),
            ended=asyncio.get_running_loop().create_future(),
            release=self._released,
        )
        return self._forwarder.begin(parcel)

    @property
    def phases(self) -> list[UploadPhase]:
        """How far the uploads are."""
        return [upload.chunks.state for upload in self.uploads]

    def _released(self) -> None:
        self.releases += 1


async def test_each_chunk_is_reported_where_it_lies(tmp_path: Path) -> None:
    """In one report, at its offset in the attachment; the buffer is free before the answer."""
    delivery = Delivery(tmp_path, MessageEntered(accepted=(True, True, True)))
    assert list(await delivery.begin()) == [None] * 3
    assert delivery.phases == [UploadPhase.COMPLETE] * 3
    (report,) = delivery.slot.asked
    assert isinstance(report, MessageStored)
    assert [UUID(chunk.upload_id) for chunk in report.chunks] == [
        one.id for one in delivery.uploads
    ]
    assert [(chunk.offset, chunk.stored_size) for chunk in report.chunks] == [
        (0, 5),
        (5, 7),
        (12, 3),
    ]
    assert delivery.releases > 0


async def test_a_chunk_that_is_not_wanted_fails_alone(tmp_path: Path) -> None:
    """It is missing again and can be sent anew, with the reason that the manager gave."""
    delivery = Delivery(tmp_path, MessageEntered(accepted=(True, False, True), reason="because"))
    first, second, third = await delivery.begin()
    assert (first, third) == (None, None)
    assert isinstance(second, NotStored)
    assert str(second) == "because"
    assert delivery.phases == [UploadPhase.COMPLETE, UploadPhase.RUNNING, UploadPhase.COMPLETE]


async def test_an_upload_that_ended_meanwhile_fails_alone(tmp_path: Path) -> None:
    """Although its chunk is stored: the others finish."""
    delivery = Delivery(tmp_path, MessageEntered(accepted=(True, True, True)))
    task = delivery.begin()
    delivery.uploads[0].end("aborted")
    first, *others = await task
    assert isinstance(first, UploadEnded)
    assert others == [None, None]


async def test_a_refused_report_fails_all(tmp_path: Path) -> None:
    """With what the manager said; nothing is left to be answered."""
    delivery = Delivery(tmp_path, Boolean(success=False, message="an id is too large"))
    with pytest.raises(NotStored, match="an id is too large"):
        await delivery.begin()
    assert delivery.phases == [UploadPhase.RUNNING] * 3
    assert delivery.reports.unanswered == 0


async def test_a_failed_post_fails_all(tmp_path: Path) -> None:
    """All chunks are missing again, and the buffer is free."""
    delivery = Delivery(tmp_path)
    delivery.slot.on_store = delivery.slot.no_webhook
    with pytest.raises(NotStored):
        await delivery.begin()
    for upload in delivery.uploads:
        upload.claim(0)
    assert delivery.releases > 0
