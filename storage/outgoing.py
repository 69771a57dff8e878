"""Files on their way to Discord, and the messages that they share."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from common.tasks import settled
from storage.discord.composing import MessageComposer
from storage.discord.message_body import FileContent, JoinedFile
from storage.discord.messages import Attachment, ChunkAddress, PostedMessage
from storage.discord.scheduler import Waiter
from storage.discord.sizes import MessageLimits, split, split_sizes

OnSaved = Callable[[Sequence[tuple[object, ChunkAddress]]], None]
"""Takes the owners of all files of a message that was saved, and where the files lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSender:
    """On whose behalf a file is posted. Files of senders that agree to it share messages.

    Attributes:
        owner: What `on_saved` is given to identify the file.
        on_saved: Called once for each message that Discord has saved, before anything else runs; files
            share a message only if it is the same for them.
        chunks: How many chunks are in the file.
        may_share: Whether its message may hold other files.
    """

    owner: object
    on_saved: OnSaved
    chunks: int = 1
    may_share: bool = True


@dataclass(slots=True, eq=False, kw_only=True)
class OutgoingFile:
    """A file that waits for its turn or is under way.

    Attributes:
        content: Its bytes.
        webhooks: Returns the ids of the webhooks that may post it; None for all.
        withdrawn: Once it is resolved the file is no longer wanted.
        sender: Who posts it; None for somebody who wants a message of its own and no call.
        waiter: Its place among those that wait for a turn; None while it does not.
        ride: Resolved when the message is over with which another file took this one along: with where
            it lies, or None if that message was not saved.
    """

    content: memoryview
    webhooks: Callable[[], frozenset[int]] | None = None
    withdrawn: asyncio.Future[None] | None = None
    sender: FileSender | None = None
    waiter: Waiter | None = None
    ride: asyncio.Future[ChunkAddress | None] | None = None
    must_go_alone: bool = False

    @property
    def may_share(self) -> bool:
        """Whether its message may hold other files."""
        return self.sender is not None and self.sender.may_share and not self.must_go_alone

    @property
    def chunks(self) -> int:
        """How many chunks are in it."""
        return 1 if self.sender is None else self.sender.chunks

    def wait(self, waiter: Waiter) -> None:
        """It waits for a turn from now on."""
        self.waiter, self.ride = waiter, None

    async def end_wait(self) -> ChunkAddress | None:
        """It waits no more. If it was taken along, returns when that is over, and where it lies.

        Also when the caller is cancelled: the bytes are being sent.
        """
        self.waiter = None
        if self.ride is None:
            return None
        await settled(_resolved(self.ride))
        return self.ride.result()


@dataclass(slots=True)
class OutgoingMessage:
    """A message that is posted: a file that has its turn, and those that it takes along.

    Attributes:
        webhook_id: Which webhook posts it.
        limits: What the message takes.
        files: What is in it, the one with the turn first.
    """

    webhook_id: int
    limits: MessageLimits
    files: list[OutgoingFile]
    _composer: MessageComposer = field(init=False)

    def __post_init__(self) -> None:
        self._composer = MessageComposer(self.limits)
        self._composer.begin(len(self.files[0].content), self.files[0].chunks)

    @property
    def is_full(self) -> bool:
        """Whether it can take nothing along any more."""
        return self._composer.is_full

    @property
    def sizes(self) -> list[int]:
        """The sizes of the attachments, in bytes."""
        if len(self.files) == 1:
            return split_sizes(len(self.files[0].content), self.limits)
        return self._composer.sizes

    def take_along(self, file: OutgoingFile, *, has_turn: bool) -> bool:
        """Takes a file along if it may and fits. Returns whether it does."""
        fits = self._composer.take_along(len(file.content), file.chunks, has_turn=has_turn)
        if fits:
            file.ride = asyncio.get_running_loop().create_future()
            self.files.append(file)
        return fits

    def attachments(self) -> Sequence[FileContent]:
        """What is posted: each attachment is one file, several joined ones, or a part of the only one."""
        if len(self.files) == 1:
            return split(self.files[0].content, self.limits)
        joined: list[list[memoryview]] = [[] for _ in self._composer.sizes]
        for file, place in zip(self.files, self._composer.places, strict=True):
            joined[place.attachment].append(file.content)
        return [parts[0] if len(parts) == 1 else JoinedFile(parts) for parts in joined]

    def saved(self, message: PostedMessage, attachments: Sequence[Attachment]) -> ChunkAddress:
        """Discord has saved it. Reports that; returns where the first file lies.

        `attachments`: those of the message, in the order in which they were posted.
        """
        addresses = [
            ChunkAddress(
                message_id=message.id,
                channel_id=message.channel_id,
                webhook_id=self.webhook_id,
                # A single file that is split lies in all of them.
                attachment_id=(
                    attachments[place.attachment].id
                    if len(attachments) == len(self._composer.sizes)
                    else None
                ),
                offset=place.offset,
                stored_size=len(file.content),
            )
            for file, place in zip(self.files, self._composer.places, strict=True)
        ]
        senders = [file.sender for file in self.files]
        if senders[0] is not None:
            owners = [sender.owner for sender in senders if sender is not None]
            senders[0].on_saved(list(zip(owners, addresses, strict=True)))
        for file, address in zip(self.files, addresses, strict=True):
            _end_ride(file, address)
        return addresses[0]

    def dissolve(self) -> None:
        """It was not saved: the files that were taken along wait for turns again."""
        for file in self.files:
            _end_ride(file, None)

    def separate(self) -> bool:
        """Has its files posted each alone, so that one that fails does so alone.

        Returns whether there are several.
        """
        for file in self.files:
            file.must_go_alone = True
        return len(self.files) > 1


async def _resolved(ride: asyncio.Future[ChunkAddress | None]) -> None:
    await asyncio.wait({ride})


def _end_ride(file: OutgoingFile, address: ChunkAddress | None) -> None:
    if file.ride is not None and not file.ride.done():
        file.ride.set_result(address)
