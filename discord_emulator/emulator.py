"""The state of one emulator, and what a program that runs it in-process can do with it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from aiohttp import web

from common.faults import FaultLog, disk_fault
from discord_emulator.faults import Faults
from discord_emulator.messages import (
    EmulatedWebhook,
    Snowflakes,
    StoredAttachment,
    StoredMessage,
    message_json,
)
from discord_emulator.operations import RequestCounters
from discord_emulator.rate_limits import RateLimits
from discord_emulator.settings import EmulatorSettings, Permission, SizeLimits
from discord_emulator.signing import UrlSigner
from discord_emulator.store import MessageFileStore, WebhookRegistry, replace_file

_DISK_THREADS = 8

P = ParamSpec("P")
T = TypeVar("T")


class Emulator:
    """One emulated Discord: its webhooks, messages, limits and faults.

    The constructor opens the data folder and makes what is missing there; `run` locks it for this
    process.

    Attributes:
        settings: as given.
        clock: returns seconds since the Unix epoch; ids, ages and expiry follow it.
        base_url: where it listens, without a slash at its end.
        faults: the faults that are ordered.
        requests: counts the answers.
        bot_permissions: what the bot may do, by channel, where that differs from the settings.
        size_limits: how large messages may be, by channel, where that differs from the settings.
        signer: signs the attachment URLs, and checks them.
        sink_messages: messages of the sink mode, by id; their content was discarded.
    """

    def __init__(
        self,
        settings: EmulatorSettings,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.base_url = f"http://{settings.host}:{settings.port}"
        self.faults = Faults()
        self._disk_faults = FaultLog("disk-fault", folder=str(settings.data))
        self.requests = RequestCounters()
        self.bot_permissions: dict[int, frozenset[Permission]] = {}
        self.size_limits: dict[int, SizeLimits] = {}
        self.limits = RateLimits(monotonic, clock) if settings.limits == "real" else None
        self.store = MessageFileStore(settings.data)
        self.registry = WebhookRegistry(settings.data, Snowflakes(clock).next())
        newest = max(self.registry.newest_id, self.store.newest_id())
        self.snowflakes = Snowflakes(clock, newest)
        self.sink_messages: dict[int, StoredMessage] = {}
        self.signer = UrlSigner(self.registry.signing_key, settings.url_lifetime_s, clock)
        self._threads: ThreadPoolExecutor | None = None
        for channel_id in self.registry.channels:
            self.store.make_channel(channel_id)
        for _ in range(settings.channels - len(self.registry.channels)):
            self.add_webhook()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Lock the data folder for this process for the length of the context.

        Raises:
            EmulatorFolderInUse: another process has locked it.
        """
        self.store.lock()
        with ThreadPoolExecutor(_DISK_THREADS, "emulator-disk") as self._threads:
            try:
                yield
            finally:
                self.faults.clear()
        self._threads = None
        self.store.unlock()

    @property
    def public_url(self) -> str:
        """The base of all webhook and attachment URLs, without a slash at its end."""
        return self.settings.public_url or self.base_url

    @property
    def webhooks(self) -> list[EmulatedWebhook]:
        """All webhooks, in the order in which they were made."""
        return list(self.registry.webhooks)

    def webhook_urls(self) -> list[str]:
        """Return the URL of each webhook, as Discord's user interface copies it."""
        return [self.webhook_url(webhook) for webhook in self.registry.webhooks]

    def webhook_url(self, webhook: EmulatedWebhook) -> str:
        """Return a webhook's URL."""
        return f"{self.public_url}/api/webhooks/{webhook.id}/{webhook.token}"

    def write_webhook_urls(self) -> None:
        """Write the URLs of all webhooks to a file that only its owner can read."""
        text = "".join(f"{url}\n" for url in self.webhook_urls())
        replace_file(self.settings.data / "webhook-urls", text.encode())

    def add_webhook(self, channel_id: int | None = None) -> EmulatedWebhook:
        """Make a webhook, in a new channel if `channel_id` is None."""
        channel_id = self.snowflakes.next() if channel_id is None else channel_id
        self.store.make_channel(channel_id)
        return self.registry.add(self.snowflakes.next(), channel_id)

    def delete_webhook(self, webhook_id: int) -> None:
        """Delete a webhook permanently; its messages stay, but only the bot can get them."""
        self.registry.remove(webhook_id)

    def messages(self) -> list[StoredMessage]:
        """Read all messages with their attachments, oldest first."""
        return [*self.store.all(), *self.sink_messages.values()]

    def content(self, message: StoredMessage, index: int = 0) -> bytes:
        """Read the whole content of a stored attachment."""
        return self.store.attachment(message.channel_id, message.id, index).read_bytes()

    def show(self, message: StoredMessage) -> dict[str, Any]:
        """Return a message as the API shows it, with URLs that are valid now."""
        return message_json(message, self._attachment_url)

    def signed_url(self, path: str, attachment_id: int) -> str:
        """Return the URL of an attachment's path on the CDN, valid now."""
        return f"{self.public_url}{path}?{self.signer.query(path, attachment_id)}"

    def permissions_in(self, channel_id: int) -> frozenset[Permission]:
        """Return what the bot may do in a channel."""
        usual = frozenset(self.settings.bot_permissions)
        return self.bot_permissions.get(channel_id, usual)

    def size_limits_in(self, channel_id: int) -> SizeLimits:
        """Return how large messages may be in a channel."""
        return self.size_limits.get(channel_id) or self.settings.size_limits

    async def message_ids(self, channel_id: int) -> list[int]:
        """Return the ids of all messages of a channel, oldest first."""
        stored = await self.in_thread(self.store.ids, channel_id)
        discarded = (
            each.id for each in self.sink_messages.values() if each.channel_id == channel_id
        )
        return sorted([*stored, *discarded])

    async def find(self, channel_id: int, message_id: int) -> StoredMessage | None:
        """Return a message; None when there is none."""
        discarded = self.sink_messages.get(message_id)
        if discarded is not None and discarded.channel_id == channel_id:
            return discarded
        return await self.in_thread(self.store.load, channel_id, message_id)

    async def delete(self, message: StoredMessage) -> bool:
        """Delete a message; False when another request was faster."""
        if self.sink_messages.pop(message.id, None) is not None:
            return True
        return await self.in_thread(self.store.delete, message.channel_id, message.id)

    def disk_failed(self, error: OSError) -> bool:
        """Log the failure once. Returns whether the disk fails until the operator acts."""
        fault = disk_fault(error)
        self._disk_faults.met(fault or f"the disk fails: {error.strerror}")
        return fault is not None

    def disk_works(self) -> None:
        """Note that a write succeeded, so that the end of a failure is logged."""
        self._disk_faults.works()

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that waits for the disk in a worker thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))

    def _attachment_url(self, channel_id: int, attachment: StoredAttachment) -> str:
        return self.signed_url(attachment.path(channel_id), attachment.id)


EMULATOR = web.AppKey("emulator", Emulator)
