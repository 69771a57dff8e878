"""Uploads that the manager keeps beyond this client's connection: how they are found, kept and dropped.

A source says by its fingerprint whether it is still the same. A kept upload goes on only with that
source, at the same path, and as public as it was begun. What the policy for a taken name is, the manager
is not told beforehand: a later call may have another one.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator

from client_sdk import listing
from client_sdk.errors import (
    CloudError,
    LastingFailure,
    Refused,
    ReplyTimeout,
    UploadStalled,
)
from client_sdk.link import Link
from client_sdk.paths import join_remote
from client_sdk.settings import ClientSettings
from client_sdk.sources import LastingSource
from client_sdk.transfers import AcceptedUpload, UploadOrder
from common.log_events import EventLogger
from protocol import c2s, s2c
from protocol.extensions import RESUME

SOURCE_CHANGED = "the source has changed since its upload began"
OTHER_AUDIENCE = "it is to be public now and was not, or the other way round"
ALL_STORED = frozenset({"stored", "awaiting-decision"})
"""States of kept uploads of which no chunk is missing."""

log = EventLogger(__name__)


class UploadSession:
    """One call of `upload`, however many tries it takes, and on however many connections.

    Attributes:
        order: What is uploaded.
        kept_id: Id of the upload that the next try goes on with, if the manager has kept it; None to
            begin a new one.
        is_kept: Whether the manager has said that it keeps it.
        is_looked_up: Whether what an earlier call has left is found.
        is_stored: Whether no chunk is missing, as far as is known; then no service is needed.
        backoff: Delays between failures.
    """

    def __init__(self, order: UploadOrder, settings: ClientSettings) -> None:
        self.order = order
        self.kept_id: str | None = None
        self.is_kept = self.is_looked_up = self.is_stored = False
        self.backoff = settings.backoff()
        self._settings = settings
        self._failures = self._reconnects = 0
        self._patience: asyncio.Timeout | None = None
        self._problem: CloudError | None = None
        self._fingerprint: str | None = None

    @contextlib.asynccontextmanager
    async def patiently(self) -> AsyncIterator[None]:
        """End what is inside once a kept upload is without progress for too long.

        Raises:
            UploadStalled: It was; the manager still keeps it.
        """
        try:
            async with asyncio.timeout(None) as self._patience:
                yield
        except TimeoutError:
            if not self.is_out_of_patience:
                raise
            raise self._stalled() from self._problem
        finally:
            self._patience = None

    @property
    def is_out_of_patience(self) -> bool:
        """Whether a kept upload was without progress for too long."""
        return self._patience is not None and self._patience.expired()

    async def fingerprint(self) -> str | None:
        """That of the source, which is read once; None if it has none.

        Raises:
            SourceChanged, SourceUnreadable: It cannot be read.
        """
        source = self.order.source
        if self._fingerprint is None and isinstance(source, LastingSource):
            self._fingerprint = await source.fingerprint()
        return self._fingerprint

    def keep(self, upload_id: str) -> None:
        """The manager keeps the upload."""
        self.kept_id, self.is_kept = upload_id, True
        self.order.meter.keep(upload_id)
        self._await_progress()

    def let_go(self) -> None:
        """Nothing of the upload is kept that this session could go on with."""
        self.kept_id, self.is_kept = None, False
        self.order.meter.let_go()

    def begin_anew(self, reason: str) -> None:
        """What was kept is of no use: the next try begins a new upload."""
        log.info("upload-begun-anew", reason=reason)
        self.kept_id, self.is_kept, self.is_stored = None, False, False
        self.order.meter.begin_anew(reason)
        self.suspend_patience()

    def progressed(self) -> None:
        """A chunk was stored. Without keeping that is no progress: the next try sends it again."""
        if self.is_kept:
            self._failures = self._reconnects = 0
            self.backoff.reset()
            self._await_progress()

    def suspend_patience(self) -> None:
        """What is waited for now may take as long as it likes, a person's answer for example."""
        self._give_time(None)

    def lost(self, error: CloudError) -> None:
        """The connection was lost. Raises the error when that has happened too often."""
        self._reconnects += 1
        self._count(error, is_enough=self._reconnects > self._settings.reconnect_attempts)

    def failed(self, error: CloudError) -> None:
        """A try has failed. Raises the error when that has happened too often."""
        self._failures += 1
        self._count(error, is_enough=self._failures >= self._settings.upload_attempts)

    def _count(self, error: CloudError, *, is_enough: bool) -> None:
        log.info("upload-tried-again", reason=type(error).__name__)
        self._problem = error
        if is_enough and not self.is_kept:
            raise error

    def _await_progress(self) -> None:
        loop = asyncio.get_running_loop()
        self._give_time(loop.time() + self._settings.upload_patience_s)

    def _give_time(self, until: float | None) -> None:
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(until)

    def _stalled(self) -> UploadStalled:
        last = f" ({self._problem})" if self._problem else ""
        return UploadStalled(
            f"the upload made no progress for {self._settings.upload_patience_s:g} s{last}; it is "
            "kept: upload the same source to the same path again to go on",
            self.kept_id or "",
        )


class KeptUploadIndex:
    """What the user keeps, by path, as it was when this connection first asked.

    Each kept upload is given to one session only.

    Args:
        link: Connection to the manager.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._asking = asyncio.Lock()
        self._found: dict[str, list[s2c.KeptUpload]] | None = None

    def forget(self) -> None:
        """Ask again at the next upload."""
        self._found = None

    async def take(self, path: str) -> list[s2c.KeptUpload]:
        """The kept uploads to a path. Raises `CloudError`."""
        async with self._asking:
            found = self._found
            if found is None:
                found = {}
                async for kept in listing.kept_uploads(self._link):
                    found.setdefault(join_remote(kept.path, kept.name), []).append(kept)
                self._found = found
        return found.pop(path, [])


class UploadKeeper:
    """Keeps the uploads of one client, and finds those that an earlier client has left.

    Args:
        link: Connection to the manager.
        settings: Retries.
    """

    def __init__(self, link: Link, settings: ClientSettings) -> None:
        self._link = link
        self._settings = settings
        self._index = KeptUploadIndex(link)
        self._sessions: set[UploadSession] = set()
        self._chunk_size: int | None = None

    @property
    def has_kept(self) -> bool:
        """Whether an upload that runs is kept."""
        return any(session.is_kept for session in self._sessions)

    @contextlib.contextmanager
    def session(self, order: UploadOrder) -> Iterator[UploadSession]:
        """A session, for one call of `upload`."""
        session = UploadSession(order, self._settings)
        self._sessions.add(session)
        try:
            yield session
        finally:
            self._sessions.remove(session)

    def forget(self) -> None:
        """The connection is gone, or an upload was left alone: ask again what is kept."""
        self._index.forget()

    def may_keep(self, order: UploadOrder) -> bool:
        """Whether the upload may be one that the manager keeps, as far as is known beforehand."""
        is_long = self._chunk_size is None or order.source.size > self._chunk_size
        return is_long and isinstance(order.source, LastingSource) and self._link.grants(RESUME)

    async def look_up(self, session: UploadSession) -> None:
        """Find what an earlier call has left of the upload, and drop what is of no use any more.

        Raises:
            CloudError: The manager does not say, or the source cannot be read.
        """
        if session.is_looked_up or not self.may_keep(session.order):
            return
        try:
            await self._find(session)
        except CloudError:
            # What was taken from the index would be missing at the next try.
            self._index.forget()
            raise
        session.is_looked_up = True

    async def _find(self, session: UploadSession) -> None:
        dropped_for: str | None = None
        for kept in await self._index.take(session.order.full_path):
            if any(kept.upload_id == other.kept_id for other in self._sessions):
                continue
            objection = await _objection(session, kept)
            if objection is None:
                if session.kept_id is None:
                    session.kept_id = kept.upload_id
                    session.is_stored = kept.state in ALL_STORED
            elif kept.state != "running":
                dropped_for = objection
                with contextlib.suppress(Refused):
                    await self._link.order(c2s.UploadDrop(upload_id=kept.upload_id))
        if dropped_for is not None and session.kept_id is None:
            session.begin_anew(dropped_for)

    async def keep(self, session: UploadSession, job: AcceptedUpload) -> None:
        """Ask the manager to keep an upload that it has just accepted, if that is of use."""
        self._chunk_size = job.chunk_size
        if job.chunk_count < 2 or not self.may_keep(session.order):
            return
        with contextlib.suppress(CloudError):
            # What the source is at fault for, the transfer tells.
            await self._keep(session, job)

    async def _keep(self, session: UploadSession, job: AcceptedUpload) -> None:
        fingerprint = await session.fingerprint()
        if fingerprint is None:
            return
        # Known before the answer, which may be lost together with the connection.
        session.kept_id = job.upload_id
        packet = c2s.UploadKeep(upload_id=job.upload_id, fingerprint=fingerprint)
        try:
            await self._ordered(packet)
        except (Refused, LastingFailure) as error:
            log.info("upload-not-kept", reason=str(error))
            if session.kept_id == job.upload_id:
                session.kept_id = None
            return
        job.is_kept = True
        if session.kept_id == job.upload_id:
            session.keep(job.upload_id)

    async def _ordered(self, packet: c2s.UploadKeep) -> None:
        """Again when the answer is lost: to keep what is kept changes nothing."""
        for attempt in itertools.count(1):
            try:
                await self._link.order(packet)
                return
            except ReplyTimeout:
                if attempt >= self._settings.request_attempts:
                    raise


async def _objection(session: UploadSession, kept: s2c.KeptUpload) -> str | None:
    """Why a session cannot go on with a kept upload to its path; None if it can."""
    if kept.fingerprint != await session.fingerprint():
        return SOURCE_CHANGED
    return OTHER_AUDIENCE if kept.is_public != session.order.is_public else None
