"""What uploads and bundles share: how one try fails, and how it is ended at the manager."""

import asyncio
import contextlib

from client_sdk import listing
from client_sdk.errors import CloudError
from client_sdk.link import Link
from client_sdk.transfers import Conflict, ConflictPolicy, OnConflict
from protocol import c2s


class TryAgain(Exception):
    """This try failed, but another one may not."""

    def __init__(self, error: CloudError) -> None:
        super().__init__(str(error))
        self.error = error


class NoneFree(Exception):
    """The manager has no service free, though one was granted: it is no attempt."""


async def is_done(
    link: Link, packet: c2s.UploadAbortRequest | c2s.UploadDrop | c2s.UploadPark
) -> bool:
    """Whether the manager does what it is asked for, as far as is known."""
    try:
        answer = await link.ask(packet)
    except CloudError:
        return False
    return answer.success


async def end_run(
    link: Link,
    packet: c2s.UploadAbortRequest | c2s.UploadPark,
    left_service: asyncio.Event,
    timeout_s: float,
) -> None:
    """End what runs on a service; returns when the service is free, or that takes too long."""
    # A yes means that the manager ends it, and will say when it has.
    if await is_done(link, packet):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await left_service.wait()


async def conflict_at(
    link: Link, *, path: str, name: str, full_path: str, policy: ConflictPolicy
) -> Conflict:
    """What the name of an upload has met; nobody looks where nobody is asked."""
    is_folder = False
    if not isinstance(policy, OnConflict):
        with contextlib.suppress(CloudError):
            is_folder = await listing.has_folder(link, path, name)
    return Conflict(path=full_path, is_folder=is_folder)
