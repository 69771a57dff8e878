"""The content of one download, as a gateway has it: from the manager, and from Discord's CDN."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final

import structlog

from common.tasks import BackgroundTasks, cancel_and_wait
from gateway.errors import GatewayError, ManagerAway
from gateway.manager_client import DownloadClient, ManagerClient
from reading.content import Content
from reading.manifest import (
    RENEWED_AFTER_S,
    ChunksRequest,
    LocatedChunk,
    LocatedChunks,
    MessageAnswer,
    MessageRequest,
    RenewedToken,
    TokenRequest,
    UnreadableChunk,
)
from storage.discord.messages import Attachment, ChunkAddress, PostedMessage
from storage.errors import (
    DiscordUnavailable,
    MessageGone,
    StorageError,
    WebhookNotConfigured,
)
from storage.reader import AttachmentCache, ExpectedChunk

log = structlog.get_logger(__name__)

_ERRORS: Final[Mapping[str, Callable[[ChunkAddress], StorageError]]] = {
    DiscordUnavailable.code: lambda _: DiscordUnavailable("the manager does not get an answer"),
    MessageGone.code: lambda address: MessageGone(address.message_id),
    WebhookNotConfigured.code: lambda address: WebhookNotConfigured(
        f"message {address.message_id} cannot be read by the manager"
    ),
}
"""What the codes mean that the manager answers; others are a `StorageError`."""


class ManifestContent:
    """Locates the chunks of one download, gets the URLs of their messages, and keeps the content alive.

    Args:
        manager: Is asked.
        client: For whom.
        token: With which the manager is asked.
        chunks: The first ones.
        messages: URLs that are known; shared by all downloads.
        tasks: What the download does not wait for.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        manager: ManagerClient,
        client: DownloadClient,
        token: str,
        chunks: Sequence[LocatedChunk],
        messages: AttachmentCache,
        tasks: BackgroundTasks,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._manager = manager
        self._client = client
        self._token = token
        self._messages = messages
        self._tasks = tasks
        self._sleep = sleep
        self._signatures: dict[int, bytes] = {}
        self._refused: dict[int, str] = {}
        self._window: Sequence[ExpectedChunk] = self._taken(chunks)
        self._is_new_window = asyncio.Event()
        self._renewal: asyncio.Task[None] | None = None

    async def chunks(self, _: Content, first: int) -> Sequence[ExpectedChunk]:
        """The chunks from an index on. Raises `ManagerAway`, `ManagerRefused`, `ManagerUnusable`."""
        known = [chunk for chunk in self._window if chunk.index >= first]
        if known and known[0].index == first:
            return known
        question = ChunksRequest(token=self._token, first=first)
        answer = await self._manager.ask("/gateway/chunks", question, LocatedChunks, self._client)
        # Permits of earlier windows stay: their chunks may still be read.
        self._window = self._taken(answer.chunks)
        self._is_new_window.set()
        return self._window

    def _taken(self, located: Sequence[LocatedChunk]) -> list[ExpectedChunk]:
        self._signatures |= {each.chunk.address.message_id: each.signature for each in located}
        return [each.chunk for each in located]

    async def find(self, address: ChunkAddress) -> tuple[Attachment, ...]:
        """The attachments that hold a chunk. Raises `StorageError`, and as `chunks`."""
        return await self._messages.find(address, self._ask)

    def forget(self, message_id: int, attachments: Sequence[Attachment]) -> None:
        """A URL of these does not work; the next `find` gives another one."""
        self._messages.forget(message_id, attachments)
        self._refused[message_id] = attachments[0].url

    async def _ask(self, address: ChunkAddress) -> PostedMessage:
        question = MessageRequest(
            token=self._token,
            address=address,
            signature=self._signatures[address.message_id],
            refused_url=self._refused.pop(address.message_id, None),
        )
        answer = await self._manager.ask("/gateway/message", question, MessageAnswer, self._client)
        if answer.message is not None:
            return answer.message
        error = _ERRORS.get(answer.code or "")
        raise StorageError("the manager cannot read it") if error is None else error(address)

    @contextlib.asynccontextmanager
    async def kept_alive(self, _: Content) -> AsyncIterator[None]:
        """Keeps the content for the length of the context. Raises `ManagerRefused` if it is gone.

        Without the manager reading goes on, and fails if the content is deleted meanwhile.
        """
        following: list[asyncio.Task[None]] = []
        try:
            with contextlib.suppress(ManagerAway):
                await self._renewed()
            for work, name in (
                (self._keep_renewing(), "renew"),
                (self._learn_urls(), "learn-urls"),
            ):
                following.append(asyncio.create_task(work, name=name))
            yield
        finally:
            try:
                await cancel_and_wait(*following)
            finally:
                # Also when the download is cancelled while it ends.
                self._tasks.spawn(self._let_go(), "release content")

    async def begin(self) -> None:
        """Has the manager count the download. Raises `ManagerAway`, `ManagerRefused`."""
        await self._manager.tell("/gateway/begin", TokenRequest(token=self._token), self._client)

    def note_unreadable(self, error: StorageError, chunk: ExpectedChunk) -> None:
        """Reports a chunk that cannot be read, but for a Discord that is away."""
        if not isinstance(error, DiscordUnavailable):
            report = UnreadableChunk(
                token=self._token,
                object_id=chunk.object_id,
                index=chunk.index,
                code=error.code,
            )
            self._tasks.spawn(self._tell("/gateway/unreadable", report), "report a chunk")

    async def _renewed(self) -> None:
        """Has the content kept. Raises `GatewayError`.

        What was asked for goes on when the download ends: it must not be kept after it was let go.
        """
        self._renewal = asyncio.create_task(self._renew(), name="keep content")
        await asyncio.shield(self._renewal)

    async def _let_go(self) -> None:
        if self._renewal is not None:
            await asyncio.wait([self._renewal])
            if not self._renewal.cancelled():
                self._renewal.exception()  # perhaps nobody has waited for it
        await self._tell("/gateway/release", TokenRequest(token=self._token))

    async def _renew(self) -> None:
        question = TokenRequest(token=self._token)
        answer = await self._manager.ask("/gateway/renew", question, RenewedToken, self._client)
        self._token = answer.token

    async def _learn_urls(self) -> None:
        """Asks for the URLs of each window, one message after the other, before they are needed.

        So a download goes on for a while without the manager, which would ask for them anyway.
        """
        while True:
            self._is_new_window.clear()
            for chunk in self._window:
                try:
                    await self.find(chunk.address)
                except (StorageError, GatewayError):
                    # Who reads the chunk is told.
                    return
            await self._is_new_window.wait()

    async def _keep_renewing(self) -> None:
        while True:
            await self._sleep(RENEWED_AFTER_S)
            try:
                await self._renewed()
            except ManagerAway:
                continue
            except GatewayError as error:
                log.warning("download-token-not-renewed", code=error.code, reason=str(error))
                return

    async def _tell(self, path: str, report: TokenRequest | UnreadableChunk) -> None:
        """Tells the manager what the download does not depend on."""
        try:
            await self._manager.tell(path, report, self._client)
        except GatewayError as error:
            log.warning("manager-not-told", path=path, code=error.code)
