"""Posts chunks through several webhooks as one."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog

from storage.discord import routes
from storage.discord.answers import Answer, TransientFault
from storage.discord.composing import WaitingFiles, is_small
from storage.discord.http import DiscordHttp
from storage.discord.message_body import RandomFile, in_order
from storage.discord.messages import (
    Attachment,
    ChunkAddress,
    PostedMessage,
    WebhookClient,
    decode,
)
from storage.discord.routes import Route, WebhookCredentials
from storage.discord.sizes import (
    DOCUMENTED_LIMITS,
    MessageLimits,
    lowered,
    split_sizes,
    takes,
)
from storage.errors import (
    DiscordUnavailable,
    NoWebhook,
    PostWithdrawn,
    RequestTooLarge,
    StorageError,
    WebhookUnusable,
)
from storage.outgoing import FileSender, OutgoingFile, OutgoingMessage

log = structlog.get_logger(__name__)


PROBE_TIMEOUT_S = 600.0
"""A line on which a probe takes longer is too slow for messages of that size."""
MAX_MISFITS = 256
"""Files that do not fit into a message before no further one is looked at."""
_WITHDRAWN = "the post is not wanted any more"


class _TakenAlong(StorageError):
    """Another file has taken this one along."""


class WebhookPool:
    """Posts files by whichever webhook may send soonest, and goes on when one of them dies.

    A webhook that Discord has turned down is not called again, as long as it stays in the list. One whose
    channel takes less than was known is used within the lower limits from then on.

    Args:
        http: This process's client of Discord.
        on_lost: Called once for each webhook that died, with its id and the reason.
        on_too_large: Called for each message that was refused as too large, with the webhook's id and the
            sizes of the attachments in bytes.
    """

    def __init__(
        self,
        http: DiscordHttp,
        on_lost: Callable[[int, str], None],
        on_too_large: Callable[[int, Sequence[int]], None] = lambda *_: None,
    ) -> None:
        self._http = http
        self._on_lost = on_lost
        self._on_too_large = on_too_large
        self._limits: dict[int, MessageLimits] = {}
        self._webhooks: dict[int, WebhookCredentials] = {}
        self._routes: dict[int, Route] = {}
        self._lost: set[WebhookCredentials] = set()
        self._posting = 0
        self._probe: asyncio.Task[PostedMessage] | None = None
        self._probed_id: int | None = None
        # Those that wait for a turn, or have not noticed yet that they have it; oldest first.
        self._waiting: dict[OutgoingFile, None] = {}
        self._alike = {True: WaitingFiles(), False: WaitingFiles()}
        self._under_way = 0
        self._had_company = False

    @property
    def webhooks(self) -> tuple[WebhookCredentials, ...]:
        """The webhooks that are used: those that were set, without the lost ones."""
        return tuple(self._webhooks[webhook_id] for webhook_id in self._routes)

    def set_webhooks(
        self,
        webhooks: Iterable[WebhookCredentials],
        limits: Mapping[int, MessageLimits] | None = None,
    ) -> None:
        """Replaces the list. Posts that wait go by the new one; those under way are left to end.

        `limits`: what a message of each webhook takes, by the webhook's id; what is documented for those
        that are not in it.
        """
        self._limits = dict(limits or {})
        self._webhooks = {webhook.id: webhook for webhook in webhooks}
        self._lost.intersection_update(self._webhooks.values())
        self._routes = {
            webhook.id: routes.execute_webhook(webhook)
            for webhook in self._webhooks.values()
            if webhook not in self._lost
        }
        if self._probed_id not in self._routes:
            self._end_probe()
        self._http.refresh()

    def limits_of(self, webhook_id: int) -> MessageLimits:
        """What a message of this webhook takes, as far as that is known."""
        return self._limits.get(webhook_id, DOCUMENTED_LIMITS)

    async def drained(self, webhook_ids: Iterable[int]) -> None:
        """Waits until no request runs on any of these webhooks."""
        await self._http.idle(webhook_ids)

    async def post(
        self,
        content: memoryview,
        *,
        webhooks: Callable[[], frozenset[int]] | None = None,
        withdrawn: asyncio.Future[None] | None = None,
        sender: FileSender | None = None,
    ) -> ChunkAddress:
        """Posts a file, in several attachments if one does not take it.

        Files that have to wait for the rate limits share messages, if their senders let them
        (`storage/discord/composing.py`).

        A post that is cancelled, or whose answer is lost, may leave a message that no catalog knows.

        Args:
            content: The bytes. They must not change until the post has ended.
            webhooks: Returns the ids of the webhooks that may be used, again whenever the list was set;
                None for all.
            withdrawn: Once it is resolved the post is no longer wanted: one that waits, be it for
                its turn or for its next try, ends at once; a request under way is left to end.
            sender: On whose behalf; None for a message of its own and no call when it is saved.

        Returns:
            Where the bytes lie, once Discord has saved them.

        Raises:
            PostWithdrawn: It was withdrawn in time.
            NoWebhook: None of them is usable.
            DiscordUnavailable: It did not work in time.
            RequestTooLarge: None of the channels takes so much in one message.
            DiscordRefused: Discord said no for another reason.
        """
        file = OutgoingFile(content=content, webhooks=webhooks, withdrawn=withdrawn, sender=sender)
        self._end_probe()
        self._posting += 1
        try:
            with self._watching(file):
                return await self._sent(file)
        finally:
            self._posting -= 1

    async def probe(self, webhook_id: int, sizes: Sequence[int]) -> bool | None:
        """Finds out whether a channel takes a message with attachments of these sizes, in bytes.

        It posts random bytes, and deletes the message. It gives way to posts, and to a list without
        the webhook.

        Returns:
            Whether it does; None when that was not found out.
        """
        webhook = self._webhooks.get(webhook_id)
        if webhook_id not in self._routes or webhook is None or self._posting or self._probe:
            return None
        client = WebhookClient(self._http, webhook)
        posting = client.execute(*(RandomFile(size) for size in sizes))
        self._probe = asyncio.create_task(posting, name="size-probe")
        self._probed_id = webhook_id
        try:
            await asyncio.wait({self._probe}, timeout=PROBE_TIMEOUT_S)
            message = None if self._probe.cancelled() else self._probe.result()
        except RequestTooLarge:
            return False
        except WebhookUnusable as error:
            self._lose(error)
            return None
        except (StorageError, asyncio.InvalidStateError):
            return None
        finally:
            self._probe.cancel()
            self._probe = None
        if message is None:
            return None
        await self._discard(webhook_id, message)
        is_whole = sorted(each.size for each in message.attachments) == sorted(sizes)
        return True if is_whole else None

    def _end_probe(self) -> None:
        if self._probe is not None:
            self._probe.cancel()

    async def _sent(self, file: OutgoingFile) -> ChunkAddress:
        """Posts a file, with others or taken along by one. Raises as `post` does."""
        attempts = self._http.attempts()
        while True:
            turn = await self._turn(file, attempts.deadline)
            if isinstance(turn, ChunkAddress):
                return turn
            message = self._composed(file, turn)
            try:
                return await self._try(message, turn)
            except TransientFault as fault:
                await self._http.pause(attempts, fault, lambda: self._candidates(file))
            except WebhookUnusable as error:
                self._lose(error)
            except RequestTooLarge as error:
                self._lower_limits(error, message)
            except StorageError:
                if not message.separate():
                    raise

    async def _turn(self, file: OutgoingFile, deadline: float) -> Route | ChunkAddress:
        """Waits for the file's turn; if it is taken along and saved meanwhile, returns where it lies."""
        scheduler = self._http.scheduler
        while True:
            patience = (lambda: self._patience(file)) if file.may_share else None
            waiter = scheduler.enqueue(lambda: self._candidates(file), deadline, patience)
            file.wait(waiter)
            self._count(file)
            try:
                return await scheduler.turn_of(waiter)
            except _TakenAlong:
                if (address := await file.end_wait()) is not None:
                    return address
            finally:
                self._uncount(file)
                await file.end_wait()

    def _count(self, file: OutgoingFile) -> None:
        """A file waits for its turn."""
        self._waiting[file] = None
        self._alike[is_small(len(file.content))].add(len(file.content))

    def _uncount(self, file: OutgoingFile) -> None:
        """A file waits no more, if it did: it has its turn, is taken along, or has given up."""
        if file in self._waiting:
            del self._waiting[file]
            self._alike[is_small(len(file.content))].remove(len(file.content))

    def _composed(self, file: OutgoingFile, route: Route) -> OutgoingMessage:
        """The message by which the file goes, with what it takes along."""
        webhook_id = route.key.owner_id
        limits = self.limits_of(webhook_id)
        message = OutgoingMessage(webhook_id, limits, [file])
        room = self._http.scheduler.room(self._routes.values())
        misfits = 0
        for number, other in enumerate(tuple(self._companions(file, route, limits))):
            if message.is_full or misfits == MAX_MISFITS:
                break
            waiter = other.waiter
            if waiter and message.take_along(other, has_turn=number < room):
                self._uncount(other)
                self._http.scheduler.recall(waiter, _TakenAlong("another file takes it along"))
            else:
                misfits += 1
        self._had_company = len(message.files) > 1
        return message

    def _patience(self, file: OutgoingFile) -> float:
        """How much a file may wait for others: not at all if there are enough, or no other is in sight."""
        is_alone = not (self._under_way or len(self._waiting) > 1 or self._had_company)
        if not file.may_share or is_alone or not self._routes:
            return 0
        limits = self.limits_of(next(iter(self._routes)))
        size = len(file.content)
        return 1 - self._alike[is_small(size)].fullness(limits, size)

    def _companions(
        self, file: OutgoingFile, route: Route, limits: MessageLimits
    ) -> Iterator[OutgoingFile]:
        """The files that may go with this one by the route, those that have waited longest first."""
        if not (file.may_share and file.sender and self._is_whole(file, limits)):
            return
        for other in self._waiting:
            if (
                other.may_share
                and other.sender is not None
                and other.sender.on_saved == file.sender.on_saved
                and other.ride is None
                and other.waiter is not None
                and not other.waiter.granted.done()
                and route in other.waiter.routes
                and self._is_whole(other, limits)
            ):
                yield other

    def _is_whole(self, file: OutgoingFile, limits: MessageLimits) -> bool:
        """Whether an attachment takes the file as a whole."""
        return len(file.content) <= limits.attachment_bytes

    async def _try(self, message: OutgoingMessage, route: Route) -> ChunkAddress:
        """Posts a message once; returns where its first file lies."""
        self._under_way += 1
        try:
            answer = await self._http.try_once(route, message.attachments())
            posted, attachments = await self._posted(answer, message)
        except BaseException:
            message.dissolve()
            raise
        finally:
            self._under_way -= 1
        return message.saved(posted, attachments)

    @contextmanager
    def _watching(self, file: OutgoingFile) -> Iterator[None]:
        """Ends the file's wait when it is withdrawn."""
        if file.withdrawn is None:
            yield
            return

        def withdraw(_: asyncio.Future[None]) -> None:
            if file.waiter is not None and file.ride is None:
                self._http.scheduler.recall(file.waiter, PostWithdrawn(_WITHDRAWN))
            else:
                # It may pause before its next try.
                self._http.refresh()

        file.withdrawn.add_done_callback(withdraw)
        try:
            yield
        finally:
            file.withdrawn.remove_done_callback(withdraw)

    def _candidates(self, file: OutgoingFile) -> Sequence[Route]:
        if file.withdrawn is not None and file.withdrawn.done():
            raise PostWithdrawn(_WITHDRAWN)
        ids = self._routes.keys() if file.webhooks is None else file.webhooks()
        usable = [route for webhook_id, route in self._routes.items() if webhook_id in ids]
        if not usable:
            raise NoWebhook("no usable webhook is left to post with")
        fitting = [route for route in usable if self._takes(route, len(file.content))]
        if not fitting:
            raise RequestTooLarge("no channel takes so much in one message")
        return fitting

    def _takes(self, route: Route, size: int) -> bool:
        limits = self.limits_of(route.key.owner_id)
        return takes(limits, split_sizes(size, limits))

    def _lower_limits(self, error: RequestTooLarge, message: OutgoingMessage) -> None:
        """Learns from a refusal. Raises it again when there is nothing to be learned from it.

        Then files that had shared the message are posted each alone.
        """
        sizes = message.sizes
        if error.webhook_id is None:
            raise error
        webhook = self._webhooks.get(error.webhook_id)
        if webhook is None:
            return
        known = self.limits_of(webhook.id)
        lower = lowered(known, sizes)
        log.warning("message-too-large", webhook_id=webhook.id, sizes=sizes)
        if lower == known and takes(known, sizes):
            if not message.separate():
                raise error
            return
        for other in self._webhooks.values():
            if other.id == webhook.id or other.channel_id == webhook.channel_id is not None:
                self._limits[other.id] = lower
        self._http.refresh()
        self._on_too_large(webhook.id, sizes)

    def _lose(self, error: WebhookUnusable) -> None:
        if self._routes.pop(error.webhook_id, None) is None:
            return
        self._lost.add(self._webhooks[error.webhook_id])
        self._http.refresh()
        log.warning("webhook-lost", webhook_id=error.webhook_id, reason=error.reason)
        self._on_lost(error.webhook_id, error.reason)

    async def _posted(
        self, answer: Answer, message: OutgoingMessage
    ) -> tuple[PostedMessage, Sequence[Attachment]]:
        """Reads what Discord has saved, with the attachments in the order in which they were posted.

        Raises:
            DiscordUnavailable: The answer is no message, or Discord saved something else.
        """
        try:
            posted = decode(answer, PostedMessage)
        except DiscordUnavailable:
            self._http.uncertain.add()
            raise
        listed = posted.attachments
        attachments = [listed[at] for at in in_order([each.filename for each in listed])]
        if [attachment.size for attachment in attachments] != message.sizes:
            await self._discard(message.webhook_id, posted)
            raise DiscordUnavailable("Discord saved something else than was sent")
        return posted, attachments

    async def _discard(self, webhook_id: int, message: PostedMessage) -> None:
        if webhook := self._webhooks.get(webhook_id):
            try:
                await WebhookClient(self._http, webhook).delete(message.id)
            except StorageError:
                self._http.uncertain.add()
