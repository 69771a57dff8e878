"""Uploads on slots that are connected to another manager than their client.

The upload runs in the manager of its client, as ever, on an `UploadSlot` whose connection is a
`RemoteSlotConnection`: what it is asked goes to the manager that has the socket. There the slot holds a
`ForeignUpload`, which knows as much of the upload as it takes to enter the chunks that are reported; how the
upload ended is passed on to the manager of its client, again and again until that has heard it.

Which of two uploads a slot belongs to is decided by their runs: numbers of the allocator's, of which the
higher one is newer. So nothing that comes late can end, or begin, the wrong upload.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import structlog

from common.tasks import BackgroundTasks
from manager.cluster.errors import (
    ClusterError,
    ClusterTimeout,
    ClusterUnavailable,
    NoResponders,
)
from manager.cluster.messages import ClusterMessage
from manager.cluster.port import Cluster
from manager.errors import PeerGone, PeerSilent, UnexpectedReply
from manager.services.reports import ChunkMeasures, ChunkTarget
from protocol import s2u
from protocol.codec import NAMESPACES, PACKETS, decode, encode
from protocol.errors import ProtocolError
from protocol.packet import Packet
from protocol.values import REPLY_TIMEOUT_S

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer", bound=Packet)

ON_THE_WAY_S = 1.0
"""What a question may take longer if it is passed on."""
RETRY_S = 0.5
"""Until something that has to be said is said again."""
UNKNOWN_ATTEMPTS = 20
"""How often something is said to a manager that is not known to be alive."""

_EXTENSIONS = frozenset(each.extension for each in PACKETS.values() if each.extension is not None)


def slot_subject(manager: str) -> str:
    """Where that manager is asked about the slots that it has, and hears of its uploads on others."""
    return f"dc.slot.{manager}"


class SlotAction(StrEnum):
    """What the manager with the slot, or with the upload, is to do."""

    ASK = "ask"
    """Pass the frame to the slot, and its answer back."""
    PING = "ping"
    """Find out whether the slot answers."""
    CLOSE = "close"
    """Close the slot's connection."""
    RELEASE = "release"
    """The upload does not occupy the slot any more."""
    FINISHED = "finished"
    """The slot has sent the frame about the upload."""
    TYPE_FOUND = "type-found"
    """The slot has found out the MIME type of a chunk's upload."""


class SlotMessage(ClusterMessage, frozen=True, kw_only=True):
    """One manager's message to another about a slot.

    Attributes:
        action: What is to be done.
        slot: Its id.
        manager: Who sends it.
        run: Of the upload.
        frame: A packet, as it is sent on WebSockets.
        upload_id: Of the upload whose type was found.
        text: The MIME type, or the reason for closing the connection.
        code: With which the connection is closed.
        timeout_s: How long the slot may take to answer.
    """

    action: SlotAction
    slot: str
    manager: str
    run: int
    frame: str = ""
    upload_id: str = ""
    text: str = ""
    code: int = 1000
    timeout_s: float = REPLY_TIMEOUT_S


class SlotOutcome(StrEnum):
    """What became of such a message."""

    DONE = "done"
    GONE = "gone"
    """The slot is not connected, or belongs to another upload by now."""
    SILENT = "silent"
    """The slot did not answer in time."""


class SlotReply(ClusterMessage, frozen=True, kw_only=True):
    """The answer. `frame`: what the slot has answered."""

    outcome: SlotOutcome
    frame: str = ""


@dataclass(frozen=True, slots=True)
class _Layout:
    size: int
    chunk_size: int
    chunk_count: int


@dataclass(frozen=True, slots=True)
class ForeignTarget:
    """An upload whose chunks are reported here, and that another manager runs."""

    upload: "ForeignUpload"
    upload_id: str
    layout: ChunkMeasures

    @property
    def takes_chunks(self) -> bool:
        """Whether a chunk that is reported now belongs to it."""
        return not self.upload.has_ended

    def first_chunk_seen(self, mime_type: str) -> None:
        """The service has found out the MIME type."""
        self.upload.type_found(self.upload_id, mime_type)


class ForeignUpload:
    """An upload, or a bundle, of another manager's client on a slot of this one."""

    def __init__(
        self,
        start: s2u.UploadStart | s2u.UploadContinue | s2u.BundleStart,
        message: SlotMessage,
        messenger: "SlotMessenger",
    ) -> None:
        """`start` is what the slot is sent, by the manager that has sent `message`."""
        self.client_id = start.client
        self.manager, self.run = message.manager, message.run
        self.is_bundle = isinstance(start, s2u.BundleStart)
        self.is_resumed = isinstance(start, s2u.UploadContinue)
        self.has_ended = False
        self._slot = message.slot
        self._messenger = messenger
        self._layouts = dict(_layouts(start))
        self.chunk_size = max(each.chunk_size for each in self._layouts.values())

    def chunk_target(self, upload_id: str) -> ChunkTarget | None:
        """See `SlotUpload`."""
        layout = self._layouts.get(upload_id)
        if layout is None or self.has_ended:
            return None
        return ForeignTarget(self, upload_id, layout)

    def service_lost(self) -> None:
        """The manager of the client hears of it from the allocator."""
        self.has_ended = True

    def finished(self, packet: Packet) -> None:
        """The service has sent how the upload ended."""
        self._tell(SlotAction.FINISHED, frame=encode(packet))

    def type_found(self, upload_id: str, mime_type: str) -> None:
        """The service has found out the MIME type of an upload."""
        self._tell(SlotAction.TYPE_FOUND, upload_id=upload_id, text=mime_type)

    def _tell(
        self, action: SlotAction, *, frame: str = "", upload_id: str = "", text: str = ""
    ) -> None:
        message = SlotMessage(
            action=action,
            slot=self._slot,
            manager=self._messenger.own_id,
            run=self.run,
            frame=frame,
            upload_id=upload_id,
            text=text,
        )
        self._messenger.tell(self.manager, message)


def _layouts(
    start: s2u.UploadStart | s2u.UploadContinue | s2u.BundleStart,
) -> Iterable[tuple[str, _Layout]]:
    if isinstance(start, s2u.BundleStart):
        for file in start.files:
            yield file.upload_id, _Layout(file.size, max(1, file.size), 1)
    else:
        count = -(-start.size // start.chunk_size)
        yield start.upload_id, _Layout(start.size, start.chunk_size, count)


class SlotMessenger:
    """Sends messages about slots to other managers.

    Args:
        cluster: The way to them.
        tasks: Runs what has to be said until it is heard.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        cluster: Cluster,
        tasks: BackgroundTasks,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._cluster = cluster
        self._tasks = tasks
        self._sleep = sleep

    @property
    def own_id(self) -> str:
        """Id of this manager."""
        return self._cluster.own.id

    async def ask(self, manager: str, message: SlotMessage) -> SlotReply:
        """Sends a message once. Raises `ClusterError`."""
        return await self._cluster.request(
            slot_subject(manager), message, SlotReply, timeout_s=message.timeout_s + ON_THE_WAY_S
        )

    def tell(self, manager: str, message: SlotMessage) -> None:
        """Sends a message until it is heard, or the manager is gone."""
        self._tasks.spawn(self._tell(manager, message), f"tell a manager: {message.action}")

    async def _tell(self, manager: str, message: SlotMessage) -> None:
        # One that has just started may not be known as a member yet.
        attempts = 0
        while manager in self._cluster.members or attempts < UNKNOWN_ATTEMPTS:
            attempts += 1
            try:
                await self.ask(manager, message)
            except ClusterError as error:
                log.debug("manager-not-told", action=message.action, code=error.code)
                await self._sleep(RETRY_S)
            else:
                return


class RemoteSlotConnection:
    """The connection of a slot that another manager has.

    Args:
        messenger: The way there.
        manager: Who has the slot.
        slot: Its id.
        run_on: Number of the run that an upload of this manager has on the slot.
        on_gone: Called when the slot turns out to belong to another upload, or to be gone.
    """

    def __init__(
        self,
        messenger: SlotMessenger,
        manager: str,
        slot: str,
        run_on: Callable[[str], int],
        on_gone: Callable[[], None],
    ) -> None:
        self._messenger = messenger
        self.manager = manager
        self._slot = slot
        self._run_on = run_on
        self._on_gone = on_gone

    async def request(
        self, packet: Packet, answer: type[Answer], *, timeout_s: float = REPLY_TIMEOUT_S
    ) -> Answer:
        """As that of `PeerConnection`."""
        message = self._message(SlotAction.ASK, frame=encode(packet), timeout_s=timeout_s)
        reply = await self._asked(message, packet.id, timeout_s)
        answered = read_packet(reply.frame)
        if not isinstance(answered, answer):
            raise UnexpectedReply(packet.id, answered.id)
        return answered

    async def ping(self, *, timeout_s: float) -> None:
        """As that of `PeerConnection`."""
        await self._asked(self._message(SlotAction.PING, timeout_s=timeout_s), "a ping", timeout_s)

    async def close(self, code: int, reason: str) -> None:
        """Has the connection closed, as soon as its manager can be reached."""
        self._messenger.tell(self.manager, self._message(SlotAction.CLOSE, code=code, text=reason))

    def abort(self) -> None:
        """Has the connection closed, as soon as its manager can be reached."""
        self._messenger.tell(self.manager, self._message(SlotAction.CLOSE, text="no answer"))

    def release(self) -> None:
        """The upload of this manager does not occupy the slot any more."""
        self._messenger.tell(self.manager, self._message(SlotAction.RELEASE))

    async def _asked(self, message: SlotMessage, what: str, timeout_s: float) -> SlotReply:
        try:
            reply = await self._messenger.ask(self.manager, message)
        except NoResponders as error:
            # Its manager is gone: the allocator will say so.
            raise PeerGone from error
        except (ClusterTimeout, ClusterUnavailable) as error:
            raise PeerSilent(what, timeout_s) from error
        except ClusterError as error:
            raise PeerGone from error
        if reply.outcome is SlotOutcome.SILENT:
            raise PeerSilent(what, timeout_s)
        if reply.outcome is SlotOutcome.GONE:
            if message.action is SlotAction.ASK and message.run == self._run_on(self._slot):
                self._on_gone()
            raise PeerGone
        return reply

    def _message(
        self,
        action: SlotAction,
        *,
        frame: str = "",
        text: str = "",
        code: int = 1000,
        timeout_s: float = REPLY_TIMEOUT_S,
    ) -> SlotMessage:
        return SlotMessage(
            action=action,
            slot=self._slot,
            manager=self._messenger.own_id,
            run=self._run_on(self._slot),
            frame=frame,
            text=text,
            code=code,
            timeout_s=timeout_s,
        )


def read_packet(frame: str) -> Packet:
    """The packet of a frame from another manager. Raises `PeerGone` when it cannot be read."""
    try:
        return decode(frame, accepts=NAMESPACES, extensions=_EXTENSIONS).packet
    except ProtocolError as error:
        raise PeerGone from error
