"""What tests of bundles begin with."""

from collections.abc import Collection, Sequence
from typing import Any

from protocol import c2s, s2c, s2u, u2s
from protocol.chunks import content_hash
from protocol.extensions import BUNDLE, REJECTIONS
from tests.manager.sockets.flaky import FlakyStage
from tests.manager.sockets.peers import ClientPeer, ServicePeer
from tests.manager.sockets.stage import Stage

BUNDLING = (REJECTIONS, BUNDLE)


def small_file(name: str, path: str = "/", *, size: int = 10, **more: Any) -> c2s.BundleFile:
    """A file of a bundle."""
    return c2s.BundleFile(name=name, path=path, size=size, is_public=False, **more)


async def bundling_client(stage: Stage | FlakyStage, name: str = "alice") -> ClientPeer:
    """A client that sends bundles, with one service."""
    client = await stage.client(name, extensions=BUNDLING)
    assert await client.book(1) == 1
    return client


async def ask_for_bundle(client: ClientPeer, *files: c2s.BundleFile) -> s2c.BundleResponse:
    """Asks for a bundle of which some file can be sent."""
    return await client.ask(c2s.BundleRequest(files=files), s2c.BundleResponse)


async def rejected_bundle(client: ClientPeer, *files: c2s.BundleFile) -> tuple[str, str]:
    """Asks for a bundle that is rejected as a whole: code and advice."""
    rejection = await client.ask(c2s.BundleRequest(files=files), s2c.UploadRejection)
    return rejection.code, rejection.retry


def rejections_in(response: s2c.BundleResponse) -> list[tuple[str, str] | None]:
    """For each file code and advice; None for one that is to be sent."""
    return [
        None if upload.rejection is None else (upload.rejection.code, upload.rejection.retry)
        for upload in response.uploads
    ]


async def store_bundle(
    service: ServicePeer,
    start: s2u.BundleStart,
    *,
    failing: Collection[str] = (),
    mime_type: str = "text/plain",
) -> None:
    """Stores all files but those of these names, and says so."""
    results: list[u2s.BundledFileResult] = []
    for file in start.files:
        if file.name in failing:
            why = f"{file.name} is not wanted"
            results.append(u2s.BundledFileResult(upload_id=file.upload_id, reason=why))
            continue
        report = await service.store(as_upload(start, file))
        results.append(
            u2s.BundledFileResult(
                upload_id=file.upload_id,
                hash=content_hash([bytes.fromhex(report.digest)]),
                type=mime_type,
            )
        )
    await service.send(
        u2s.BundleFinish(bundle_id=start.bundle_id, success=True, files=tuple(results))
    )


def as_upload(start: s2u.BundleStart, file: s2u.BundledFileStart) -> s2u.UploadStart:
    """A file of a bundle as the upload of one chunk that it is."""
    return s2u.UploadStart(
        name=file.name,
        path="/",
        size=file.size,
        client=start.client,
        upload_id=file.upload_id,
        chunk_size=file.size,
    )


async def send_bundle(
    client: ClientPeer,
    service: ServicePeer,
    files: Sequence[c2s.BundleFile],
    *,
    failing: Collection[str] = (),
) -> s2c.BundleFinished:
    """Sends a bundle; returns how its files ended."""
    response = await ask_for_bundle(client, *files)
    start = await service.next(s2u.BundleStart, bundle_id=response.bundle_id)
    await store_bundle(service, start, failing=failing)
    await client.next(s2c.UploadStageFinish, upload_id=response.bundle_id)
    return await client.next(s2c.BundleFinished, bundle_id=response.bundle_id)


def outcomes(finished: s2c.BundleFinished) -> list[bool | None]:
    """How each file ended."""
    return [file.success for file in finished.files]
