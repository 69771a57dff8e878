"""What sending a folder as an archive costs the manager, compared with sending the same files one by one."""

import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from aiohttp import ClientSession, ClientTimeout

from benchmarks.harness import (
    GIB,
    MIB,
    ChildName,
    ChildProcess,
    Options,
    Suite,
    child,
    cores,
    verdict,
)
from benchmarks.live_manager import MASTER_KEY, USER_ID, LiveManager, claim, live_manager
from catalog.port import Catalog, FailOnConflict, UploadCommit
from catalog.records import (
    Chunk,
    EnvelopeKind,
    Message,
    ObjectState,
    Reference,
    StoredObject,
)
from catalog.sqlite.adapter import SqliteCatalog
from protocol.chunks import chunk_count, chunk_length, content_hash
from protocol.values import CHUNK_SIZE
from storage.discord.http import DiscordHttp
from storage.discord.routes import WebhookCredentials
from storage.envelope import ENVELOPE_OVERHEAD, SEALING_SLACK, ChunkSealer
from storage.keys import KeyRing
from storage.pool import WebhookPool

LARGE_FILES = 4
SMALL_FILES = 1_000
SMALL_SIZE = 1_000
TARGET_RATIO = 1.35
TARGET_RSS_MIB = 160


@dataclass(frozen=True, slots=True)
class _DownloadFigures:
    """One run, or the medians of several."""

    taken_s: float
    cpu_s: float
    sent_bytes: float
    peak_rss_mib: float


async def _run(options: Options) -> str:
    server_cores, other_cores = cores()
    os.sched_setaffinity(0, other_cores)
    runs: dict[str, list[_DownloadFigures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "catalog.sqlite3"
        token = await claim(database)
        async with child(ChildName.DISCORD, other_cores, {"KEEPS_CONTENT": "1"}) as discord:
            await _fill(database, discord, options.mib * MIB // LARGE_FILES)
            for _ in range(options.rounds):
                for name, requests in _REQUESTS.items():
                    async with live_manager(
                        database, token, discord.announcement, server_cores
                    ) as manager:
                        runs.setdefault(name, []).append(await _measure(manager, requests))
    return _report({name: _medians(figures) for name, figures in runs.items()})


_SINGLE, _LARGE, _SMALL = "files one by one", "archive of the same files", "archive of small files"
_REQUESTS: dict[str, list[str]] = {
    _SINGLE: [f"/download?path=/large&name={n}" for n in range(LARGE_FILES)],
    _LARGE: ["/bulk-download?path=/large"],
    _SMALL: ["/bulk-download?path=/small"],
}


async def _fill(database: Path, discord: ChildProcess, large_size: int) -> None:
    async with file_writer(database, discord.announcement) as store:
        for number in range(LARGE_FILES):
            await store.put("large", str(number), large_size)
        for number in range(SMALL_FILES):
            await store.put("small", str(number), SMALL_SIZE)


async def _measure(manager: LiveManager, requests: Sequence[str]) -> _DownloadFigures:
    headers = {"Authorization": f"Bearer {manager.token}"}
    received = 0
    async with ClientSession(
        manager.url, headers=headers, timeout=ClientTimeout(), read_bufsize=MIB
    ) as http:
        cpu_s, began_at = manager.process.cpu_s(), time.monotonic()
        for request in requests:
            async with http.get(request) as response:
                assert response.status == 200, await response.text()
                async for piece in response.content.iter_any():
                    received += len(piece)
        taken_s, cpu_s = time.monotonic() - began_at, manager.process.cpu_s() - cpu_s
    return _DownloadFigures(taken_s, cpu_s, received, manager.process.peak_rss_mib())


def _medians(runs: list[_DownloadFigures]) -> _DownloadFigures:
    return _DownloadFigures(
        median(run.taken_s for run in runs),
        median(run.cpu_s for run in runs),
        median(run.sent_bytes for run in runs),
        median(run.peak_rss_mib for run in runs),
    )


def _report(medians: dict[str, _DownloadFigures]) -> str:
    head = f"{'':26}{'MB/s':>8}{'CPU s/GiB':>12}{'peak RSS MiB':>14}"
    lines = ["Downloads from the manager, decrypted and checked", "", head]
    single, archive, small = (medians[name] for name in _REQUESTS)
    for name, each in ((_SINGLE, single), (_LARGE, archive)):
        lines.append(
            f"{name:26}{each.sent_bytes / each.taken_s / 1e6:>8.0f}"
            f"{each.cpu_s * GIB / each.sent_bytes:>12.2f}{each.peak_rss_mib:>14.0f}"
        )
    lines.append(
        f"{_SMALL:26}{SMALL_FILES / small.taken_s:>8.0f} files/s, "
        f"{small.cpu_s / SMALL_FILES * 1000:.2f} ms of CPU each, "
        f"peak RSS {small.peak_rss_mib:.0f} MiB"
    )
    ratio = archive.cpu_s / single.cpu_s
    return "\n".join(
        [
            *lines,
            "",
            verdict(
                f"CPU of an archive at most {TARGET_RATIO} of its files",
                reached=ratio <= TARGET_RATIO,
            ),
            *(
                verdict(
                    f"{name}: peak RSS below {TARGET_RSS_MIB} MiB",
                    reached=each.peak_rss_mib < TARGET_RSS_MIB,
                )
                for name, each in medians.items()
            ),
        ]
    )


@dataclass(frozen=True, slots=True)
class FileWriter:
    """Stores files as an upload would, without an upload service."""

    catalog: Catalog
    pool: WebhookPool

    async def put(self, folder: str, name: str, size: int) -> None:
        """Store a file of `size` random bytes, in a folder of the root."""
        draft = StoredObject(
            id=uuid4(),
            size=size,
            chunk_size=CHUNK_SIZE,
            chunk_count=chunk_count(size, CHUNK_SIZE),
            envelope=EnvelopeKind.V1,
            state=ObjectState.UPLOADING,
            mime_type="",
            hash="",
            created_at=0.0,
        )
        hold = Reference(object_id=draft.id, service="benchmark", key="", expires_at=None)
        await self.catalog.begin_objects([draft], [hold])
        digests = [await self._put_chunk(draft, index) for index in range(draft.chunk_count)]
        await self.catalog.commit_upload(
            UploadCommit(
                object_id=draft.id,
                mime_type="application/octet-stream",
                hash_hex=content_hash(digests),
                folder=(folder,),
                name=name,
                owner_id=USER_ID,
                is_public=False,
                on_conflict=FailOnConflict(),
            )
        )

    async def _put_chunk(self, draft: StoredObject, index: int) -> bytes:
        content = os.urandom(chunk_length(draft.size, CHUNK_SIZE, index))
        buffer = memoryview(bytearray(len(content) + ENVELOPE_OVERHEAD + SEALING_SLACK))
        key = KeyRing.parse(MASTER_KEY).primary.object_key(draft.id)
        sealer = ChunkSealer(key, draft.id, index, draft.chunk_count, buffer)
        sealer.update(content)
        address = await self.pool.post(sealer.finish())
        digest = hashlib.sha256(content).digest()
        message = Message(
            id=address.message_id,
            channel_id=address.channel_id,
            webhook_id=address.webhook_id,
            stored_size=address.stored_size,
        )
        chunk = Chunk(
            object_id=draft.id,
            index=index,
            message_id=message.id,
            attachment_id=address.attachment_id,
            offset=address.offset,
            stored_size=address.stored_size,
            size=len(content),
            digest=digest,
        )
        await self.catalog.add_message(message, [chunk])
        return digest


@asynccontextmanager
async def file_writer(database: Path, announced: Mapping[str, Any]) -> AsyncIterator[FileWriter]:
    """Fill a catalog, and the emulated Discord that has announced itself like this."""
    async with (
        SqliteCatalog.open(database) as catalog,
        DiscordHttp(api_url=announced["api_url"]) as http,
    ):
        pool = WebhookPool(http, lambda _id, _reason: None)
        pool.set_webhooks(
            WebhookCredentials(int(id_), token, int(channel))
            for id_, token, channel in announced["webhooks"]
        )
        yield FileWriter(catalog, pool)


ARCHIVES = Suite("archives", "folders sent as zip archives", _run)
