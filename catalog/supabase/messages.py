"""Messages without chunks, sweeps for unknown ones, and the webhooks that post them."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from catalog.message_port import REMEMBERED_WATCH_S
from catalog.records import ChunkLocation, Message, MessageAuthor, Quarantine, Watch
from catalog.supabase.part import SupabasePart
from catalog.supabase.rows import location_of, message_of, quarantine_of


class SupabaseMessages(SupabasePart):
    """`MessageStore` on Supabase."""

    async def orphan_authors(self, *, limit: int) -> list[MessageAuthor]:
        """Who has posted messages that hold no chunk."""
        rows = await self._functions.read("orphan_authors", limit=limit)
        return [MessageAuthor(**row) for row in rows]

    async def orphan_messages(self, author: MessageAuthor, *, limit: int) -> list[Message]:
        """Messages of the author that hold no chunk and are due, oldest first."""
        rows = await self._functions.read(
            "orphan_messages",
            webhook_id=author.webhook_id,
            channel_id=author.channel_id,
            now=self._clock(),
            limit=limit,
        )
        return [message_of(row) for row in rows]

    async def count_orphans(self, authors: Collection[MessageAuthor]) -> int:
        """How many messages of these authors hold no chunk."""
        number: int = await self._functions.read(
            "count_orphans",
            webhook_ids=[author.webhook_id for author in authors],
            channel_ids=[author.channel_id for author in authors],
        )
        return number

    async def postpone_message(self, message_id: int, *, until: float) -> None:
        """Keeps a message out of `orphan_messages` until then."""
        await self._functions.write("postpone_message", message_id=message_id, until=until)

    async def forget_message(self, message_id: int) -> None:
        """Forgets a message, unless a chunk lies in it."""
        await self._functions.write("forget_message", message_id=message_id, now=self._clock())

    async def channel_sweeps(self) -> Mapping[int, int]:
        """Up to which message each channel was looked through."""
        rows = await self._functions.read("channel_sweeps")
        return {row["channel_id"]: row["swept_until"] for row in rows}

    async def note_sweep(
        self, channel_id: int, *, swept_until: int, messages: Sequence[Message] = ()
    ) -> int:
        """Notes how far a channel was looked through, and enters what is unknown of the messages."""
        number: int = await self._functions.write(
            "note_sweep",
            channel_id=channel_id,
            swept_until=swept_until,
            message_ids=[message.id for message in messages],
            webhook_ids=[message.webhook_id for message in messages],
            stored_sizes=[message.stored_size for message in messages],
        )
        return number

    async def watches(self) -> list[Watch]:
        """The times at which a manager has kept this catalog."""
        rows = await self._functions.read("watches")
        return [
            Watch(began_at=float(row["began_at"]), seen_at=float(row["seen_at"])) for row in rows
        ]

    async def keep_watch(self, watch: Watch) -> None:
        """Adds a watch, or prolongs the one that began at the same time."""
        await self._functions.write(
            "keep_watch",
            began_at=watch.began_at,
            seen_at=watch.seen_at,
            drop_before=watch.seen_at - REMEMBERED_WATCH_S,
        )


class SupabaseWebhooks(SupabasePart):
    """`WebhookStore` on Supabase."""

    async def quarantines(self) -> list[Quarantine]:
        """The webhooks that are not used any more."""
        return [quarantine_of(row) for row in await self._functions.read("quarantines")]

    async def put_quarantine(self, quarantine: Quarantine) -> None:
        """Adds a webhook's quarantine, or replaces it."""
        await self._functions.write(
            "put_quarantine",
            webhook_id=quarantine.webhook_id,
            reason=quarantine.reason,
            is_gone=quarantine.is_gone,
            since=quarantine.since,
        )

    async def end_quarantine(self, webhook_id: int) -> None:
        """The webhook may be used again."""
        await self._functions.write("end_quarantine", webhook_id=webhook_id)

    async def chunks_posted_by(
        self, object_id: UUID, webhook_ids: Collection[int]
    ) -> list[ChunkLocation]:
        """One chunk of the object for each of these webhooks, and each channel."""
        rows = await self._functions.read(
            "chunks_posted_by", object_id=str(object_id), webhook_ids=sorted(webhook_ids)
        )
        return [location_of(row) for row in rows]
