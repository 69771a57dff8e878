"""How fast files go to Discord when its rate limits are all that holds them back.

The limits are the emulator's, with ten channels; time is virtual, and no byte is sent: a request takes a
round trip. So the figures say what becomes of the limits, and nothing of lines and machines. Measured is the
time until the last file is saved, and how many messages that took.

For large files the report has the share of what the limits admit: of the time that the messages need at
least, were all of them full and each sent the moment a window opens. Small files come from so many
senders, each of which sends its next file when the last one is saved, as uploads do.
"""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from benchmarks.harness import GIB, MIB, Options, Suite, verdict
from benchmarks.virtual_time import NEVER, VirtualTime
from discord_emulator.errors import RateLimited
from discord_emulator.operations import Operation
from discord_emulator.rate_limits import BUCKETS, HIDDEN_CHANNEL, LimitedRequest, RateLimits
from protocol.values import CHUNK_SIZE
from storage.discord.answers import Answer, raise_for
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
SENDERS = (4, 64, 1024)
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


async def _measure(sizes: Sequence[int], senders: int, limits: MessageLimits) -> _Figures:
    """Has so many senders post files of these sizes."""
    virtual = VirtualTime()
    http = _ModelHttp(virtual)
    pool = WebhookPool(http, lambda *_: None)
    webhooks = [WebhookCredentials(10**17 + n, "t", 10**16 + n) for n in range(CHANNELS)]
    pool.set_webhooks(webhooks, {webhook.id: limits for webhook in webhooks})
    began_at, began_cpu = virtual.now, time.process_time()
    left = iter(sizes)
    zeros = memoryview(bytes(max(sizes)))
    tasks = [asyncio.create_task(_send(pool, left, zeros)) for _ in range(senders)]
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


async def _send(pool: WebhookPool, left: Iterator[int], zeros: memoryview) -> None:
    for size in left:
        await pool.post(zeros[:size], sender=FileSender(owner=None, on_saved=_saved))


def _saved(_files: Sequence[tuple[object, ChunkAddress]]) -> None:
    """Nobody wants to know."""


def least_seconds(messages: int) -> float:
    """When the last of so many messages can be saved, all channels used alike."""
    last = math.ceil(messages / CHANNELS) - 1
    minutes, rest = divmod(last, HIDDEN_CHANNEL.limit)
    bucket = BUCKETS[Operation.EXECUTE]
    windows = rest // bucket.limit
    return minutes * HIDDEN_CHANNEL.window_s + windows * bucket.window_s + _ROUND_TRIP_S


async def _run(options: Options) -> str:
    lines = [
        f"{SMALL_FILES} files of {SMALL_SIZE // 1024} KiB, {CHANNELS} channels, virtual time",
        "",
        f"{'senders':>8}{'seconds':>10}{'messages':>10}{'429':>6}{'CPU ms/file':>13}",
    ]
    fastest = math.inf
    for senders in SENDERS:
        sizes = [SMALL_SIZE + ENVELOPE_OVERHEAD] * SMALL_FILES
        figures = await _measure(sizes, senders, DOCUMENTED_LIMITS)
        fastest = min(fastest, figures.seconds)
        lines.append(
            f"{senders:>8}{figures.seconds:>10.1f}{figures.messages:>10}{figures.refused:>6}"
            f"{figures.cpu_s / SMALL_FILES * 1000:>13.3f}"
        )
    lines += ["", verdict(f"at most {TARGET_S:g} s", reached=fastest <= TARGET_S), ""]
    lines += await _large()
    return "\n".join(lines)


async def _large() -> list[str]:
    lines = [
        f"Large files in chunks of {CHUNK_SIZE} bytes, {CHANNELS} channels",
        "",
        f"{'GiB':>6}{'request MiB':>13}{'seconds':>10}{'least':>8}{'share':>8}{'messages':>10}{'MiB/s':>8}",
    ]
    shares = []
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
        shares.append(share)
        lines.append(
            f"{gib:>6}{limits.request_bytes // MIB + 1:>13}{figures.seconds:>10.1f}{least_s:>8.1f}"
            f"{share:>8.1%}{figures.messages:>10}{gib * 1024 / figures.seconds:>8.0f}"
        )
    # What is over within seconds shows the first messages, which wait for no company.
    long_enough = min(shares[0], shares[2])
    target = f"at least {TARGET_SHARE:.0%} of what the limits admit (first and last row)"
    return [*lines, "", verdict(target, reached=long_enough >= TARGET_SHARE)]


MESSAGES = Suite(
    "messages", "what becomes of Discord's rate limits, for small and large files", _run
)
