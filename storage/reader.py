"""Chunks back from Discord: fetched, decrypted, and checked to the last bit."""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from uuid import UUID

from common.wording import counted
from storage.address import ChunkAddress
from storage.attachments import AttachmentFinder
from storage.discord.answers import TransientFault
from storage.discord.cdn import UrlRefused, download
from storage.discord.http import DiscordHttp
from storage.discord.routes import WebhookCredentials
from storage.envelope import Envelope, open_base_chunk, open_chunk, sealed_size
from storage.errors import ChunkCorrupt, DiscordUnavailable, MessageGone
from storage.keys import KeyRing

__all__ = ["ChunkAddress", "ChunkReader", "Envelope"]

CACHED_MESSAGES = 4096


class ChunkReader:
    """Reads chunks, and answers the right bytes or an error, never a wrong byte.

    Args:
        http: This process's way to Discord.
        credentials: The webhooks that may have posted, by id. May change at any time.
        keyring: Keys of which one has sealed each chunk.
        bot_token: Token of a bot that may read the channels' history; needed for messages that a
            bot has posted, and helpful for those of deleted webhooks.
        cached_messages: For how many messages the URLs are remembered.
    """

    def __init__(
        self,
        http: DiscordHttp,
        credentials: Mapping[int, WebhookCredentials],
        keyring: KeyRing,
        *,
        bot_token: str | None = None,
        cached_messages: int = CACHED_MESSAGES,
    ) -> None:
        self._http = http
        self._keyring = keyring
        self._finder = AttachmentFinder(
            http, credentials, bot_token=bot_token, capacity=cached_messages
        )

    async def read(
        self,
        address: ChunkAddress,
        *,
        envelope: Envelope,
        object_id: UUID,
        index: int,
        count: int,
        size: int,
        digest: bytes | None,
    ) -> memoryview:
        """Fetches a chunk and answers its plain bytes.

        No more memory is taken than such a chunk needs, whatever the address says.

        Args:
            address: Where it lies.
            envelope: How it is wrapped.
            object_id: Object that it must belong to.
            index: Index that it must have.
            count: How many chunks the object must have.
            size: Length that the plain chunk must have, in bytes.
            digest: SHA-256 that the plain chunk must have, None when nobody knows it.

        Raises:
            ChunkCorrupt: What lies there is not that chunk, even when fetched once more.
            MessageGone: The chunk is lost.
            WebhookNotConfigured: Nobody here may read the message.
            WebhookUnusable: As above, since its webhook is no more or may not read.
            BotUnusable: As above, since the bot's token is wrong or a permission is missing.
            DiscordRefused: Discord refuses it for another reason.
            DiscordUnavailable: It did not work in time.
        """
        if address.stored_size != sealed_size(envelope, size):
            raise ChunkCorrupt(
                f"{address.stored_size} bytes are no chunk of {size} bytes in its envelope"
            )

        def unwrap(sealed: bytearray) -> memoryview:
            plain = self._open(sealed, envelope, object_id, index, count)
            _check_digest(plain, digest)
            return plain

        try:
            return await asyncio.to_thread(unwrap, await self.fetch(address))
        except ChunkCorrupt:
            # It may have been broken on its way; only a second copy tells.
            return await asyncio.to_thread(unwrap, await self.fetch(address))

    async def locate(self, address: ChunkAddress) -> None:
        """Makes sure that Discord still has the chunk's message, and shows it to us.

        Raises:
            MessageGone, WebhookNotConfigured, WebhookUnusable, BotUnusable, DiscordRefused,
            DiscordUnavailable: See `read`.
        """
        await self._finder.find(address)

    def forget_refusals(self) -> None:
        """Webhooks that could not read are asked again."""
        self._finder.forget_refusals()

    async def fetch(self, address: ChunkAddress) -> bytearray:
        """Fetches a chunk as it lies on Discord, still wrapped and unchecked.

        Raises:
            ChunkCorrupt: The attachment is too short to hold it.
            MessageGone, WebhookNotConfigured, WebhookUnusable, BotUnusable, DiscordUnavailable: See
                `read`.
        """
        sealed = bytearray(address.stored_size)
        attempts = self._http.attempts()
        has_fresh_url = False
        while True:
            try:
                await self._try_fetch(address, sealed)
                return sealed
            except UrlRefused as refusal:
                if has_fresh_url:
                    raise _lasting(refusal, address) from refusal
                has_fresh_url = True
            except TransientFault as fault:
                await attempts.pause(fault)

    async def _try_fetch(self, address: ChunkAddress, into: bytearray) -> None:
        attachment = await self._finder.find(address)
        if attachment.size < address.offset + address.stored_size:
            raise ChunkCorrupt(f"the attachment has only {counted(attachment.size, 'byte')}")
        try:
            await download(
                self._http.session,
                attachment.url,
                memoryview(into),
                offset=address.offset,
                attachment_size=attachment.size,
            )
        except UrlRefused:
            self._finder.forget(address.message_id, attachment)
            raise

    def _open(
        self, sealed: bytearray, envelope: Envelope, object_id: UUID, index: int, count: int
    ) -> memoryview:
        if envelope == "v1":
            return open_chunk(sealed, self._keyring, object_id, index, count)
        if envelope == "base":
            return self._open_base(sealed)
        return memoryview(sealed)

    def _open_base(self, sealed: bytearray) -> memoryview:
        """The envelope does not name its key, so all are tried, each on a copy of its own."""
        *others, last = self._keyring
        for key in others:
            try:
                return open_base_chunk(bytearray(sealed), key)
            except ChunkCorrupt:
                continue
        return open_base_chunk(sealed, last)


def _lasting(refusal: UrlRefused, address: ChunkAddress) -> MessageGone | DiscordUnavailable:
    if refusal.status == 404:
        return MessageGone(address.message_id)
    return DiscordUnavailable("the CDN refuses URLs that Discord has just signed")


def _check_digest(plain: memoryview, digest: bytes | None) -> None:
    if digest is not None and not hmac.compare_digest(hashlib.sha256(plain).digest(), digest):
        raise ChunkCorrupt("the chunk's SHA-256 digest is another one")
