"""What a user of the SDK may tune."""

import asyncio
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from client_sdk.endpoint import retry_after_s
from client_sdk.rate_limit import RateLimit
from common.retry import (
    QUICK_TRIES,
    RECONNECT_CAP_S,
    Attempts,
    Backoff,
    RetryPolicy,
    Sleep,
)
from protocol.values import REPLY_TIMEOUT_S

SHORTEST_PAUSE_S = 0.01


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """Limits, time limits and retries of a `Client`.

    Attributes:
        parallel_uploads: Files that are uploaded at the same time, at most; as many services are
            booked.
        parallel_downloads: Files of a folder that are downloaded at the same time, at most.
        parallel_ranges: Connections over which a large file is downloaded, at most; 1 for a single one.
            Several downloads share what they have beyond one each.
        rate_limit: Bytes per second of all transfers of the client together, up and down; None for no limit.
        chunks_in_flight: Chunks of one file that are sent at the same time.
        upload_attempts: How often a file is begun anew after a rejection or a failure, the first
            time included. Lost connections to the manager do not count, nor do requests that came
            when no booked service was free.
        chunk_attempts: How often one chunk is sent on the same service. Waiting for a service that
            itself waits for Discord does not count.
        download_attempts: Tries in a row that bring no new byte before a download fails.
        request_attempts: How often a question that changes nothing (a listing, say) is asked when
            its answer is lost.
        reconnect_attempts: Failed tries in a row to reach a manager that had been reached before, or
            that has said that it cannot serve now and when to ask again.
        unavailable_patience_s: How long a request over HTTP that changes nothing waits for a manager
            that says so, in seconds.
        upload_patience_s: How long a kept upload may be without any progress before it is given up,
            in seconds; it stays kept then. Until then lost connections and failures do not count.
        reply_timeout_s: How long to wait for an answer of the manager, in seconds.
        chunk_reply_timeout_s: How long a service may take over a chunk that it has received before
            it is sent again, in seconds.
        stall_timeout_s: How long a transfer may stand still before it is begun anew, in seconds.
        quiet_s: How long an upload may be without any progress before it is reported as waiting, in
            seconds.
        finish_timeout_s: How long a service may take to finish after all its chunks are stored, in
            seconds.
        spool_limit: Bytes that one upload may keep in a temporary file, which streams need that can
            be read only once or are of unknown size.
        spool_folder: Folder for these files; None for that of the system (`tempfile.gettempdir`).
        retry_first_s: Ceiling of the first delay before a retry, in seconds; it doubles with every
            try.
        retry_cap_s: Longest delay before a retry, in seconds.
        reconnect_cap_s: Longest delay before a try to reach a manager that was lost, in seconds.
        ca_cert: File of certificates (PEM) that are trusted besides those of this machine, at the
            manager and at the upload services.
        rng: Source of the jitter of those delays.
        sleep: Waits for a number of seconds.
        clock: Seconds for the rate limit, which only ever grow.
    """

    parallel_uploads: int = 4
    parallel_downloads: int = 4
    parallel_ranges: int = 4
    rate_limit: int | None = None
    chunks_in_flight: int = 4
    upload_attempts: int = 4
    chunk_attempts: int = 8
    download_attempts: int = 8
    request_attempts: int = 3
    reconnect_attempts: int = 200
    unavailable_patience_s: float = 20.0
    upload_patience_s: float = 3600.0
    reply_timeout_s: float = REPLY_TIMEOUT_S
    chunk_reply_timeout_s: float = 180.0
    stall_timeout_s: float = 60.0
    quiet_s: float = 10.0
    finish_timeout_s: float = 300.0
    spool_limit: int = 16 * 1024**3
    spool_folder: str | os.PathLike[str] | None = None
    retry_first_s: float = 0.5
    retry_cap_s: float = 20.0
    reconnect_cap_s: float = RECONNECT_CAP_S
    ca_cert: str | os.PathLike[str] | None = None
    rng: random.Random = field(default_factory=random.SystemRandom, repr=False)
    sleep: Sleep = field(default=asyncio.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def pause_s(self, status: int, headers: Mapping[str, str]) -> float | None:
        """How long to wait before a manager is asked again that cannot serve now and says when.

        None when the answer says anything else. Never 0, and spread, so that not all come at once.
        """
        after_s = retry_after_s(status, headers)
        if after_s is None:
            return None
        spread_s = self.rng.uniform(0.0, self.retry_first_s)
        return min(after_s, self.retry_cap_s) + max(spread_s, SHORTEST_PAUSE_S)

    def rate(self) -> RateLimit:
        """A fresh rate limit, which the transfers of one client share."""
        return RateLimit(self.rate_limit, clock=self.clock, sleep=self.sleep)

    def backoff(self) -> Backoff:
        """A fresh back-off with these delays."""
        return Backoff(
            first_s=self.retry_first_s,
            cap_s=self.retry_cap_s,
            jitter=self.rng.random,
            sleep=self.sleep,
        )

    def reconnect_backoff(self) -> Backoff:
        """A fresh back-off for tries to reach a manager that was lost."""
        return Backoff(
            first_s=self.retry_first_s,
            cap_s=self.reconnect_cap_s,
            quick_tries=QUICK_TRIES,
            jitter=self.rng.random,
            sleep=self.sleep,
        )

    def attempts(self, max_tries: int) -> Attempts:
        """The tries of one operation, with the same delays between them."""
        policy = RetryPolicy(
            first_s=self.retry_first_s,
            cap_s=self.retry_cap_s,
            max_tries=max_tries,
            jitter=self.rng.random,
            sleep=self.sleep,
        )
        return policy.attempts()

    def short_backoff(self) -> Backoff:
        """A fresh back-off for what is out of order for an instant."""
        return Backoff(
            first_s=self.retry_first_s / 10,
            cap_s=self.retry_first_s * 4,
            jitter=self.rng.random,
            sleep=self.sleep,
        )
