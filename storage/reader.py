"""Chunks from Discord: their message found, its attachment fetched, decrypted and verified."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Protocol
from uuid import UUID
from weakref import WeakValueDictionary

from yarl import URL

from common.wording import counted
from storage.discord.answers import TransientFault, gave_up
from storage.discord.cdn import UrlRefused, download
from storage.discord.http import DiscordHttp
from storage.discord.messages import Attachment, Bot, ChunkAddress, PostedMessage, WebhookClient
from storage.discord.routes import WebhookCredentials
from storage.envelope import (
    Envelope,
    is_authenticated,
    open_base_chunk,
    open_chunk,
    sealed_size,
)
from storage.errors import (
    ChunkCorrupt,
    DiscordUnavailable,
    MessageGone,
    StorageError,
    UnauthenticatedContent,
    WebhookNotConfigured,
    WebhookUnusable,
)
from storage.extents import covering
from storage.object_keys import ObjectKey
from storage.read_buffers import ReadBuffers

CACHED_MESSAGES = 4096
EXPIRY_MARGIN_S = 120.0
"""A URL is not used in the last seconds before it expires, since the download takes its time."""

_UNSIGNED_LIFE_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedChunk:
    """What a chunk must turn out to be.

    Attributes:
        address: Where it lies.
        envelope: How it is wrapped.
        object_id: Object that it must belong to.
        index: Index that it must have.
        count: How many chunks the object must have.
        size: Length that the plain chunk must have, in bytes.
        digest: SHA-256 that the plain chunk must have, None when it is unknown.
    """

    address: ChunkAddress
    envelope: Envelope
    object_id: UUID
    index: int
    count: int
    size: int
    digest: bytes | None


class Secret(Protocol):
    """A key that opens chunks by itself."""

    @property
    def secret(self) -> bytes:
        """The key."""


class ReadingKeys(Protocol):
    """The keys of which one has sealed each chunk: all (`storage.keys`), or those of one object."""

    def __iter__(self) -> Iterator[Secret]:
        """The master keys, which alone open chunks of the base protocol; perhaps none."""

    def object_key(self, object_id: UUID, key_id: bytes) -> ObjectKey | None:
        """An object's key, derived from the master key that has this id; None: it is not there."""


class Attachments(Protocol):
    """Knows the URLs of attachments."""

    async def find(self, address: ChunkAddress) -> tuple[Attachment, ...]:
        """The attachments that hold the chunk, one after the other: one, or all of its message.

        Raises `MessageGone`, `WebhookNotConfigured`, `WebhookUnusable`, `BotUnusable`, `DiscordRefused`,
        `DiscordUnavailable`.
        """

    def forget(self, message_id: int, attachments: Sequence[Attachment]) -> None:
        """A URL of these does not work; the next `find` gives another one."""


class ChunkReader:
    """Reads chunks, and answers the right bytes or an error, never a wrong byte.

    Args:
        http: This process's client of Discord.
        attachments: Where chunks are fetched.
        keys: Keys of which one has sealed each chunk.
        reads_base_content: Whether chunks are read that do not prove what they are, as those of the base
            protocol.
        buffers: Memory for chunks; None: of this reader alone.
    """

    def __init__(
        self,
        http: DiscordHttp,
        attachments: Attachments,
        keys: ReadingKeys,
        *,
        reads_base_content: bool = False,
        buffers: ReadBuffers | None = None,
    ) -> None:
        self._http = http
        self._attachments = attachments
        self._keys = keys
        self._reads_base_content = reads_base_content
        self._buffers = buffers or ReadBuffers()

    async def read(self, chunk: ExpectedChunk) -> memoryview:
        """Fetches a chunk and answers its plain bytes.

        No more memory is taken than such a chunk needs, even if the address is wrong.

        Raises:
            UnauthenticatedContent: Nothing would prove that it is that chunk.
            ChunkCorrupt: What lies there is not that chunk, even when fetched once more.
            MessageGone: The chunk is lost.
            WebhookNotConfigured: No configured webhook or bot may read the message.
            WebhookUnusable: As above, since its webhook is no more or may not read.
            BotUnusable: As above, since the bot's token is wrong or a permission is missing.
            DiscordRefused: Discord refuses it for another reason.
            DiscordUnavailable: It did not work in time.
        """
        self._require_readable(chunk)
        try:
            return await asyncio.to_thread(self._open, await self.fetch(chunk.address), chunk)
        except ChunkCorrupt:
            # It may have been damaged in transit: fetch a second copy.
            return await asyncio.to_thread(self._open, await self.fetch(chunk.address), chunk)

    async def read_together(
        self, chunks: Sequence[ExpectedChunk]
    ) -> list[memoryview | StorageError]:
        """Fetches chunks of one attachment by one request (`storage.extents`).

        Answers of each, in order, its plain bytes, or why `read` could not give them.
        """
        try:
            extent = covering([chunk.address for chunk in chunks])
            sealed = await self.fetch(extent)
        except ChunkCorrupt:
            # The place of one of them may be wrong.
            return [await self._read_or_error(chunk) for chunk in chunks]
        except StorageError as error:
            return [error] * len(chunks)
        opened = await asyncio.to_thread(self._open_all, sealed, extent.offset, chunks)
        return [
            await self._read_or_error(chunk) if isinstance(plain, ChunkCorrupt) else plain
            for chunk, plain in zip(chunks, opened, strict=True)
        ]

    async def read_sealed(self, chunk: ExpectedChunk) -> memoryview:
        """Fetches a chunk as it lies on Discord, once it is verified. Raises as `read` does."""
        self._require_readable(chunk)
        sealed = await self.fetch(chunk.address)
        # Opened in place, so in a copy.
        await asyncio.to_thread(self._open, memoryview(bytearray(sealed)), chunk)
        return sealed

    async def _read_or_error(self, chunk: ExpectedChunk) -> memoryview | StorageError:
        try:
            return await self.read(chunk)
        except StorageError as error:
            return error

    def _require_readable(self, chunk: ExpectedChunk) -> None:
        if not (self._reads_base_content or is_authenticated(chunk.envelope, chunk.digest)):
            raise UnauthenticatedContent
        stored_size = chunk.address.stored_size
        if stored_size != sealed_size(chunk.envelope, chunk.size):
            raise ChunkCorrupt(
                f"{stored_size} bytes are no chunk of {chunk.size} bytes in its envelope"
            )

    async def fetch(self, address: ChunkAddress) -> memoryview:
        """Fetches a chunk as it lies on Discord, still wrapped and unchecked.

        Raises:
            ChunkCorrupt: The attachment is too short to hold it.
            MessageGone, WebhookNotConfigured, WebhookUnusable, BotUnusable, DiscordUnavailable: See
                `read`.
        """
        attempts = self._http.attempts()
        has_fresh_url = False
        while True:
            try:
                attachments = await self._attachments.find(address)
                size = sum(attachment.size for attachment in attachments)
                if size < address.offset + address.stored_size:
                    what = "attachment has" if len(attachments) == 1 else "attachments have"
                    raise ChunkCorrupt(f"the {what} only {counted(size, 'byte')}")
                # Not sooner: the catalog may claim any size.
                sealed = self._buffers.take(address.stored_size)
                await self._fill(sealed, attachments, address.offset)
                return sealed
            except UrlRefused as refusal:
                self._attachments.forget(address.message_id, attachments)
                if has_fresh_url:
                    raise _lasting(refusal, address) from refusal
                has_fresh_url = True
            except TransientFault as fault:
                if not await attempts.wait(at_least_s=fault.retry_after_s):
                    raise gave_up(attempts.failures, fault) from None

    async def _fill(
        self, sealed: memoryview, attachments: Sequence[Attachment], offset: int
    ) -> None:
        """Fetches what lies in the attachments, one after the other, from an offset on. One try."""
        for attachment in attachments:
            part = sealed[: max(0, attachment.size - offset)]
            if part:
                await download(
                    self._http.session,
                    attachment.url,
                    part,
                    offset=offset,
                    attachment_size=attachment.size,
                )
            sealed, offset = sealed[len(part) :], max(0, offset - attachment.size)

    def _open_all(
        self, sealed: memoryview, offset: int, chunks: Sequence[ExpectedChunk]
    ) -> list[memoryview | StorageError]:
        """Opens chunks that lie in bytes from an offset on."""
        opened: list[memoryview | StorageError] = []
        for chunk in chunks:
            start = chunk.address.offset - offset
            # A copy of each: chunks are opened in place, and two may be the same.
            own = memoryview(bytearray(sealed[start : start + chunk.address.stored_size]))
            try:
                self._require_readable(chunk)
                opened.append(self._open(own, chunk))
            except StorageError as error:
                opened.append(error)
        return opened

    def _open(self, sealed: memoryview, chunk: ExpectedChunk) -> memoryview:
        """Decrypts and verifies a chunk, in place. Raises `ChunkCorrupt`, `UnknownKey`."""
        if chunk.envelope == "v1":
            find_key, count = self._keys.object_key, chunk.count
            plain = open_chunk(sealed, find_key, chunk.object_id, chunk.index, count)
        elif chunk.envelope == "base":
            plain = self._open_base(sealed)
        else:
            plain = sealed
        if chunk.digest is not None and not compare_digest(sha256(plain).digest(), chunk.digest):
            raise ChunkCorrupt("the chunk's SHA-256 digest is another one")
        return plain

    def _open_base(self, sealed: memoryview) -> memoryview:
        """The envelope does not name its key, so all are tried, each on a copy of its own."""
        *others, last = self._keys
        for key in others:
            try:
                return open_base_chunk(bytearray(sealed), key.secret)
            except ChunkCorrupt:
                continue
        return open_base_chunk(sealed, last.secret)


def _lasting(refusal: UrlRefused, address: ChunkAddress) -> MessageGone | DiscordUnavailable:
    if refusal.status == 404:
        return MessageGone(address.message_id)
    return DiscordUnavailable("the CDN refuses URLs that Discord has just signed")


@dataclass(frozen=True, slots=True)
class _CachedMessage:
    attachments: tuple[Attachment, ...]
    expires_at: float


AskForMessage = Callable[[ChunkAddress], Awaitable[PostedMessage]]
"""Asks for the message of a chunk, with fresh URLs."""


class AttachmentCache:
    """Remembers messages until their URLs expire.

    Callers that want a message which is being asked for already wait for the same answer.

    Args:
        wall_clock: Seconds since the Unix epoch.
        capacity: How many messages are remembered.
    """

    def __init__(self, wall_clock: Callable[[], float], *, capacity: int = CACHED_MESSAGES) -> None:
        self._wall_clock = wall_clock
        self._capacity = capacity
        self._cache: OrderedDict[int, _CachedMessage] = OrderedDict()
        self._asking: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def find(self, address: ChunkAddress, ask: AskForMessage) -> tuple[Attachment, ...]:
        """The attachments that hold the chunk, one after the other: one, or all of its message.

        Raises `MessageGone`, and what asking raises.
        """
        # The weak dictionary keeps the lock as long as a task waits for it.
        lock = self._asking.setdefault(address.message_id, asyncio.Lock())
        async with lock:
            message = self._cache.get(address.message_id)
            if message is None or self._wall_clock() >= message.expires_at:
                message = self._remember(await ask(address))
            else:
                self._cache.move_to_end(address.message_id)
        holders = message.attachments
        if address.attachment_id is not None:
            holders = tuple(each for each in holders if each.id == address.attachment_id)
        if not holders:
            raise MessageGone(address.message_id)
        return holders

    def forget(self, message_id: int, attachments: Sequence[Attachment]) -> None:
        """A URL of the attachments does not work; the next `find` asks Discord again."""
        cached = self._cache.get(message_id)
        # Another caller may have asked meanwhile: what is newer stays.
        if cached and attachments[0] in cached.attachments:
            del self._cache[message_id]

    def _remember(self, message: PostedMessage) -> _CachedMessage:
        now = self._wall_clock()
        expiries = [_expires_at(attachment.url, now) for attachment in message.attachments]
        expires_at = min(expiries, default=now) - EXPIRY_MARGIN_S
        cached = self._cache[message.id] = _CachedMessage(message.attachments, expires_at)
        self._cache.move_to_end(message.id)
        while len(self._cache) > self._capacity:
            self._cache.popitem(last=False)
        return cached


class AttachmentFinder:
    """Asks Discord for messages, and remembers them until their URLs expire.

    Args:
        http: This process's client of Discord.
        credentials: The webhooks that may have posted, by id. May change at any time.
        bot_token: Token of a bot that may read the channels' history; needed for messages that a
            bot has posted, and helpful for those of deleted webhooks.
        cached_messages: For how many messages the URLs are remembered.
    """

    def __init__(
        self,
        http: DiscordHttp,
        credentials: Mapping[int, WebhookCredentials],
        *,
        bot_token: str | None = None,
        cached_messages: int = CACHED_MESSAGES,
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._bot_token = bot_token
        self._cache = AttachmentCache(http.wall_clock, capacity=cached_messages)
        self._dead: dict[WebhookCredentials, WebhookUnusable] = {}

    async def find(self, address: ChunkAddress) -> tuple[Attachment, ...]:
        """The attachments that hold the chunk, one after the other: one, or all of its message.

        Raises:
            MessageGone: The message, or that attachment of it, does not exist.
            WebhookNotConfigured: No configured webhook or bot may read the message.
            WebhookUnusable: The webhook that posted it is no more, or may not read, and no bot
                token is configured.
            BotUnusable: The bot may not read it either.
            DiscordRefused: Discord refuses it for another reason.
            DiscordUnavailable: Discord did not answer in time.
        """
        return await self._cache.find(address, self._ask)

    def forget(self, message_id: int, attachments: Sequence[Attachment]) -> None:
        """A URL of the attachments does not work; the next `find` asks Discord again."""
        self._cache.forget(message_id, attachments)

    def forget_refusals(self) -> None:
        """Webhooks that could not read are asked again."""
        self._dead.clear()

    async def _ask(self, address: ChunkAddress) -> PostedMessage:
        """The message as its webhook shows it, or as the bot does if the webhook is no more."""
        webhook = self._credentials.get(address.webhook_id) if address.webhook_id else None
        refusal = None if webhook is None else self._dead.get(webhook)
        if webhook is not None and refusal is None:
            try:
                return await WebhookClient(self._http, webhook).message(address.message_id)
            except WebhookUnusable as error:
                refusal = self._dead[webhook] = error
        if self._bot_token is not None:
            bot = Bot(self._http, self._bot_token)
            return await bot.message(address.channel_id, address.message_id)
        if refusal is not None:
            raise type(refusal)(refusal.webhook_id, refusal.reason)
        author = f"webhook {address.webhook_id}" if address.webhook_id else "a bot"
        raise WebhookNotConfigured(
            f"message {address.message_id} was posted by {author}, which is not configured here"
        )


def _expires_at(url: str, now: float) -> float:
    """When the signature of a CDN URL expires, in seconds since the Unix epoch."""
    try:
        return float(int(URL(url, encoded=True).query.get("ex", ""), 16))
    except (ValueError, OverflowError):
        return now + _UNSIGNED_LIFE_S
