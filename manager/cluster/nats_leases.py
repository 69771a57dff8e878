"""Leases in NATS: one JetStream stream, in which a lease is a message with a time to live.

A stream keeps the last message of each subject
(https://docs.nats.io/nats-concepts/jetstream/streams), and the server compares and sets by the header
`Nats-Expected-Last-Subject-Sequence`. The key-value interface of the client library is not used: it takes
the marker of a key that has lapsed for a value, and cannot renew with a time to live.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
import nats.errors
import structlog
from nats.aio.client import Client
from nats.js import api
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from manager.cluster.election import Candidacy, Change, LeaseRecord, Look, Wait, Write
from manager.cluster.errors import ClusterError, ClusterUnavailable

STREAM: Final = "DISCORD_CLOUD_LEASES"
IO_TIMEOUT_S: Final = 1.0
_WRONG_REVISION: Final = 10071
"""JetStream's code for another last sequence than was expected."""
_NO_MESSAGE: Final = 10037
"""JetStream's code for a subject without a message."""
_OTHER_CONFIGURATION: Final = 10058
"""JetStream's code for a stream of that name that is configured otherwise."""

log = structlog.get_logger(__name__)


class LeasesLost(ClusterUnavailable):
    """NATS has no stream for leases any more: it has come back empty, or somebody has deleted it."""


async def ensure_stream(client: Client) -> None:
    """Makes the stream unless it is there. In memory: a lease outlives no server.

    One that an operator has made, as with several replicas, stays as it is. Raises `nats.errors.Error`.
    """
    configuration = api.StreamConfig(
        name=STREAM,
        subjects=["dc.*.lease.*"],
        storage=api.StorageType.MEMORY,
        max_msgs_per_subject=1,
        max_msg_size=4096,
        max_bytes=16 * 1024 * 1024,
        allow_msg_ttl=True,
    )
    try:
        await client.jetstream(timeout=IO_TIMEOUT_S).add_stream(configuration)
    except APIError as error:
        if error.err_code != _OTHER_CONFIGURATION:
            raise


class LeaseStore:
    """Reads and writes the records of leases.

    Args:
        client: The connection of now. Raises `ClusterUnavailable`.
        prefix: Of all subjects.
        ttl_s: Seconds after which a record lapses.
    """

    def __init__(self, client: Callable[[], Client], prefix: str, ttl_s: float) -> None:
        self._client = client
        self._prefix = prefix
        self._ttl_s = ttl_s

    async def read(self, lease: str) -> tuple[LeaseRecord | None, int]:
        """The record and its revision; None and 0: there is none. Raises `ClusterUnavailable`."""
        try:
            message = await self._jetstream().get_last_msg(STREAM, self._subject(lease))
            return msgspec.json.decode(message.data or b"", type=LeaseRecord), message.seq or 0
        except NotFoundError as error:
            if error.err_code == _NO_MESSAGE:
                return None, 0
            raise LeasesLost("NATS has lost the leases") from error
        except msgspec.DecodeError as error:
            raise ClusterUnavailable(f"the record of the lease {lease} cannot be read") from error
        except (nats.errors.Error, TimeoutError) as error:
            raise ClusterUnavailable(str(error)) from error

    async def write(self, lease: str, write: Write) -> int | None:
        """The new revision; None: it is another than was expected. Raises `ClusterUnavailable`."""
        try:
            acknowledged = await self._jetstream().publish(
                self._subject(lease),
                msgspec.json.encode(write.record),
                headers={api.Header.EXPECTED_LAST_SUBJECT_SEQUENCE: str(write.expected)},
                msg_ttl=self._ttl_s,
            )
        except NoStreamResponseError as error:
            raise LeasesLost("NATS has lost the leases") from error
        except (nats.errors.Error, TimeoutError) as error:
            if isinstance(error, APIError) and error.err_code == _WRONG_REVISION:
                return None
            raise ClusterUnavailable(str(error)) from error
        return acknowledged.seq

    async def delete(self, revision: int) -> None:
        """Deletes the record of that revision, if it is still there. Raises `ClusterUnavailable`."""
        try:
            await self._jetstream().delete_msg(STREAM, revision)
        except (nats.errors.Error, TimeoutError) as error:
            raise ClusterUnavailable(str(error)) from error

    def _jetstream(self) -> JetStreamContext:
        return self._client().jetstream(timeout=IO_TIMEOUT_S)

    def _subject(self, lease: str) -> str:
        return f"{self._prefix}.lease.{lease}"


class Closed(Protocol):
    """Is called when a campaign is closed, before its record is deleted and after."""

    async def __call__(self, campaign: "LeaseCampaign", *, was_held: bool) -> None:
        """`was_held`: the record was deleted, so that others may be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """What a campaign calls.

    Attributes:
        elected: With the epoch of the term that begins.
        lost: When the term has ended.
        emptied: When NATS has lost the leases.
        closed: When the campaign was closed.
    """

    elected: Callable[[int], None]
    lost: Callable[[], None]
    emptied: Callable[[], Awaitable[None]]
    closed: Closed


class LeaseCampaign:
    """Carries out what a candidacy decides."""

    def __init__(
        self,
        store: LeaseStore,
        lease: str,
        candidacy: Candidacy,
        callbacks: Callbacks,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        """`clock` gives seconds since the Unix epoch, `monotonic` those that never jump."""
        self._store = store
        self._lease = lease
        self._candidacy = candidacy
        self._callbacks = callbacks
        self._clock = clock
        self._monotonic = monotonic
        self._woken = asyncio.Event()
        self._is_closed = False

    @property
    def lease(self) -> str:
        """Its name."""
        return self._lease

    @property
    def epoch(self) -> int | None:
        """See the port."""
        return self._candidacy.epoch(self._monotonic())

    @property
    def holder(self) -> str | None:
        """See the port."""
        return self._candidacy.holder

    def connected(self) -> None:
        """NATS can be reached from now on."""
        self._candidacy.connected(self._monotonic())
        self._woken.set()

    def disconnected(self) -> None:
        """NATS cannot be reached until `connected`."""
        self._candidacy.disconnected()
        self._woken.set()

    def emptied(self) -> None:
        """NATS has lost the records of all leases."""
        self._candidacy.emptied(self._monotonic())

    def released(self) -> None:
        """The holder has given the lease back."""
        self._candidacy.released(self._monotonic())
        self._woken.set()

    async def run(self) -> None:
        """Tries, until cancelled."""
        while not self._is_closed:
            # Before the step is decided: what comes afterwards must not be missed.
            self._woken.clear()
            now = self._monotonic()
            self._note(self._candidacy.expire(now))
            step = self._candidacy.step(now, int(self._clock() * 1000))
            match step:
                case Wait(until):
                    await self._wait(until)
                case Look():
                    await self._attempt(self._look())
                case Write():
                    await self._attempt(self._write(step))

    async def _wait(self, until: float) -> None:
        now = self._monotonic()
        left_s = self._candidacy.time_left(now)
        delay_s = until - now if left_s is None else min(until - now, left_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if delay_s == math.inf else delay_s):
                await self._woken.wait()

    async def _attempt(self, work: Coroutine[Any, Any, None]) -> None:
        left_s = self._candidacy.time_left(self._monotonic())
        try:
            async with asyncio.timeout(min(IO_TIMEOUT_S, left_s or IO_TIMEOUT_S)):
                await work
        except LeasesLost:
            await self._callbacks.emptied()
        except (TimeoutError, ClusterError) as error:
            log.debug("lease-not-tried", lease=self._lease, error=repr(error))
            self._candidacy.failed(self._monotonic())

    async def _look(self) -> None:
        record, revision = await self._store.read(self._lease)
        self._note(self._candidacy.seen(record, revision, self._monotonic()))

    async def _write(self, step: Write) -> None:
        sent_at = self._monotonic()
        revision = await self._store.write(self._lease, step)
        if revision is None:
            self._candidacy.refused(self._monotonic())
        else:
            self._note(self._candidacy.written(revision, sent_at, self._monotonic()))

    def _note(self, change: Change) -> None:
        if change is Change.LOST:
            log.warning("lease-lost", lease=self._lease)
            self._callbacks.lost()
        elif change is Change.ELECTED and (epoch := self.epoch) is not None:
            log.info("lease-acquired", lease=self._lease, epoch=epoch)
            self._callbacks.elected(epoch)

    async def close(self) -> None:
        """See the port."""
        if self._is_closed:
            return
        self._is_closed = True
        await self._callbacks.closed(self, was_held=False)
        was_held = self._candidacy.time_left(self._monotonic()) is not None
        revision = self._candidacy.resign()
        if was_held:
            self._callbacks.lost()
        if revision:
            with suppress(ClusterError):
                await self._store.delete(revision)
                await self._callbacks.closed(self, was_held=True)
