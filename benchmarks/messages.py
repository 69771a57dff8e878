"""How fast files go to Discord when its rate limits are all that holds them back.

The limits are the emulator's, with ten channels; time is virtual, and no byte is sent: a request takes a
round trip. So the figures say what becomes of the limits, and nothing of lines and machines. Measured is the
time until the last file is saved, and how many messages that took.

Every row is judged, in one of two ways:

* Small files come from so many senders, each of which sends its next file, or bundle of files, when the
  last one is saved, as uploads do. The official client sends bundles. So few senders of single files that
  even messages of all that they can have on the way at once are too many for the target are judged as
  large files are, with messages that hold one file of each sender.
* Large files: the share of what the limits admit, which is the time that full messages need at least, each
  sent the moment that a window opens. When a window ends is only known from the answer to the first request
  in it, since Discord counts that at an unknown moment before, so a window is a round trip longer than its
  limit says.
"""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from benchmarks.harness import GIB, MIB, Options, Suite, verdict
from benchmarks.virtual_time import NEVER, VirtualTime
from client_sdk.batches import GROUP_FILES
from discord_emulator.errors import RateLimited
from discord_emulator.operations import Operation
from discord_emulator.rate_limits import BUCKETS, HIDDEN_CHANNEL, LimitedRequest, RateLimits
from protocol.values import CHUNK_SIZE
from storage.discord.answers import Answer, raise_for
from storage.discord.budgets import ROUNDING_MARGIN_S
from storage.discord.http import DiscordHttp
from storage.discord.message_body import FileContent
from storage.discord.messages import ChunkAddress
from storage.discord.routes import Route, WebhookCredentials
from storage.discord.sizes import DOCUMENTED_LIMITS, MessageLimits
from storage.envelope import ENVELOPE_OVERHEAD
from storage.outgoing import FileSender
from storage.pool import WebhookPool

CHANNELS = 10
SMALL_FILES = 10_000
SMALL_SIZE = 10 * 1024
BUNDLED_FILES = GROUP_FILES
SMALL_ROWS = ((4, 1), (64, 1), (1024, 1), (4, BUNDLED_FILES))
"""Senders, and how many files each sends at a time."""
GIB_OF_LARGE_FILES = 10
GIB_OF_LONG_RUN = 100
LEARNED_LIMITS = MessageLimits(
    attachment_bytes=DOCUMENTED_LIMITS.attachment_bytes,
    request_bytes=200 * MIB - 8192,
    attachments=10,
)
TARGET_S = 60.0
TARGET_SHARE = 0.97

_ROUND_TRIP_S = 0.1
_IDLE_STEPS = 12
"""Steps of the event loop in which everything runs that can, from an answer to the next request."""


class _ModelHttp(DiscordHttp):
    """A client whose requests are answered by the emulator's limits, after a round trip."""

    def __init__(self, virtual: VirtualTime) -> None:
        super().__init__(
            give_up_after_s=math.inf,
            clock=virtual.clock,
            wall_clock=virtual.clock,
            sleep=virtual.sleep,
            rng=lambda: 0.5,
        )
        self.requests = 0
        self.refused = 0
        self._virtual = virtual
        self._limits = RateLimits(virtual.clock, virtual.clock)

    async def try_once(self, route: Route, files: Sequence[FileContent]) -> Answer:
        """Make a request, which takes a round trip."""
        await self._virtual.sleep(_ROUND_TRIP_S / 2)
        answer = self._answered(route, files)
        await self._virtual.sleep(_ROUND_TRIP_S / 2)
        self.scheduler.answered(route, answer)
        raise_for(answer, route)
        return answer

    def _answered(self, route: Route, files: Sequence[FileContent]) -> Answer:
        self.requests += 1
        channel_id = route.key.posts_to
        resource = str(route.key.owner_id)
        request = LimitedRequest(
            operation=Operation.EXECUTE, caller="here", resource=resource, channel_id=channel_id
        )
        try:
            headers = self._limits.admit(request)
        except RateLimited as error:
            self.refused += 1
            return Answer(429, error.headers, b"{}")
        attachments = [
            {"id": number + 1, "size": len(file), "url": "u"} for number, file in enumerate(files)
        ]
        body = {"id": self.requests, "channel_id": channel_id, "attachments": attachments}
        return Answer(200, headers, msgspec.json.encode(body))


@dataclass(frozen=True, slots=True)
class _Figures:
    """Virtual seconds until all was saved, messages, refused requests, and seconds of CPU."""

    seconds: float
    messages: int
    refused: int
    cpu_s: float


async def _measure(
    sizes: Sequence[int], senders: int, limits: MessageLimits, chunks: int = 1
) -> _Figures:
    """Has so many senders post files of these sizes, with so many chunks in each."""
    virtual = VirtualTime()
    http = _ModelHttp(virtual)
    pool = WebhookPool(http, lambda *_: None)
    webhooks = [WebhookCredentials(10**17 + n, "t", 10**16 + n) for n in range(CHANNELS)]
    pool.set_webhooks(webhooks, {webhook.id: limits for webhook in webhooks})
    began_at, began_cpu = virtual.now, time.process_time()
    left = iter(sizes)
    zeros = memoryview(bytes(max(sizes)))
    tasks = [asyncio.create_task(_send(pool, left, zeros, chunks)) for _ in range(senders)]
    everything = asyncio.gather(*tasks)
    while not everything.done():
        for _ in range(_IDLE_STEPS):
            await asyncio.sleep(0)
        waking = virtual.next_waking()
        if waking < NEVER:
            virtual.pass_to(waking)
    await everything
    return _Figures(
        virtual.now - began_at,
        http.requests - http.refused,
        http.refused,
        time.process_time() - began_cpu,
    )


async def _send(pool: WebhookPool, left: Iterator[int], zeros: memoryview, chunks: int) -> None:
    for size in left:
        sender = FileSender(owner=None, on_saved=_saved, chunks=chunks)
        await pool.post(zeros[:size], sender=sender)


def _saved(_files: Sequence[tuple[object, ChunkAddress]]) -> None:
    """Nobody wants to know."""


def least_seconds(messages: int) -> float:
    """When the last of so many messages can be saved, all channels used alike."""
    last = math.ceil(messages / CHANNELS) - 1
    minutes, rest = divmod(last, HIDDEN_CHANNEL.limit)
    bucket = BUCKETS[Operation.EXECUTE]
    windows = rest // bucket.limit
    unknown_s = _ROUND_TRIP_S + ROUNDING_MARGIN_S
    waiting_s = minutes * (HIDDEN_CHANNEL.window_s + unknown_s)
    return waiting_s + windows * (bucket.window_s + unknown_s) + _ROUND_TRIP_S


async def _run(_options: Options) -> str:
    return "\n".join([*await _small(), "", *await _large()])


async def _small() -> list[str]:
    lines = [
        f"{SMALL_FILES} files of {SMALL_SIZE // 1024} KiB, {CHANNELS} channels, virtual time",
        "",
        f"{'senders':>8}{'each':>6}{'seconds':>9}{'least':>8}{'messages':>10}{'429':>5}{'CPU ms/file':>13}",
    ]
    verdicts = []
    for senders, files in SMALL_ROWS:
        sizes = [files * (SMALL_SIZE + ENVELOPE_OVERHEAD)] * (SMALL_FILES // files)
        figures = await _measure(sizes, senders, DOCUMENTED_LIMITS, files)
        least_s = least_seconds(math.ceil(SMALL_FILES / (senders * files)))
        lines.append(
            f"{senders:>8}{files:>6}{figures.seconds:>9.1f}{least_s:>8.1f}{figures.messages:>10}"
            f"{figures.refused:>5}{figures.cpu_s / SMALL_FILES * 1000:>13.3f}"
        )
        row = f"{senders} senders of {files}: at most {TARGET_S:g} s"
        if least_s <= TARGET_S:
            verdicts.append(verdict(row, reached=figures.seconds <= TARGET_S))
        else:
            share = least_s / figures.seconds
            row = f"{row} cannot be reached; at least {TARGET_SHARE:.0%} of what can: {share:.1%}"
            verdicts.append(verdict(row, reached=share >= TARGET_SHARE))
    return [*lines, "", *verdicts]


async def _large() -> list[str]:
    lines = [
        f"Large files in chunks of {CHUNK_SIZE} bytes, {CHANNELS} channels",
        "",
        f"{'GiB':>6}{'request MiB':>13}{'seconds':>10}{'least':>8}{'share':>8}{'messages':>10}{'MiB/s':>8}",
    ]
    lowest = 1.0
    for gib, limits in (
        (GIB_OF_LARGE_FILES, DOCUMENTED_LIMITS),
        (GIB_OF_LARGE_FILES, LEARNED_LIMITS),
        (GIB_OF_LONG_RUN, LEARNED_LIMITS),
    ):
        sizes = [CHUNK_SIZE + ENVELOPE_OVERHEAD] * (gib * GIB // CHUNK_SIZE)
        full = min(limits.attachments, limits.request_bytes // sizes[0])
        least_s = least_seconds(math.ceil(len(sizes) / full))
        figures = await _measure(sizes, CHANNELS * full * 2, limits)
        share = least_s / figures.seconds
        lowest = min(lowest, share)
        lines.append(
            f"{gib:>6}{limits.request_bytes // MIB + 1:>13}{figures.seconds:>10.1f}{least_s:>8.1f}"
            f"{share:>8.1%}{figures.messages:>10}{gib * 1024 / figures.seconds:>8.0f}"
        )
    target = f"each at least {TARGET_SHARE:.0%} of what the limits admit"
    return [*lines, "", verdict(target, reached=lowest >= TARGET_SHARE)]


MESSAGES = Suite(
    "messages", "what becomes of Discord's rate limits, for small and large files", _run
)
