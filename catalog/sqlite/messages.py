"""Messages without chunks, sweeps for unknown ones, and the webhooks that post them."""

import json
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from catalog.content_port import REMEMBERED_WATCH_S
from catalog.records import ChunkLocation, Message, MessageAuthor, Quarantine, Watch
from catalog.rows import message_of, quarantine_of
from catalog.sqlite.database import SqlitePart
from catalog.sqlite.rows import location_of
from catalog.sqlite.statements import sql


class SqliteMessages(SqlitePart):
    """`MessageStore` on SQLite."""

    async def orphan_authors(self, *, limit: int) -> list[MessageAuthor]:
        """Who has posted messages that hold no chunk."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.orphan_authors, limit=limit)
        return [MessageAuthor(**dict(row)) for row in rows]

    async def orphan_messages(self, author: MessageAuthor, *, limit: int) -> list[Message]:
        """Messages of the author that hold no chunk and are due, oldest first."""
        async with self._database.reading() as session:
            rows = await session.rows(
                sql.orphan_messages,
                webhook_id=author.webhook_id,
                channel_id=author.channel_id,
                now=self._clock(),
                limit=limit,
            )
        return [message_of(row) for row in rows]

    async def count_orphans(self, authors: Collection[MessageAuthor]) -> int:
        """How many messages of these authors hold no chunk."""
        number = 0
        async with self._database.snapshot() as session:
            for author in authors:
                row = await session.row(
                    sql.count_orphans, webhook_id=author.webhook_id, channel_id=author.channel_id
                )
                number += row["number"] if row else 0
        return number

    async def postpone_message(self, message_id: int, *, until: float) -> None:
        """Keeps a message out of `orphan_messages` until then."""
        async with self._database.writing() as session:
            await session.run(sql.postpone_message, message_id=message_id, until=until)

    async def forget_message(self, message_id: int) -> None:
        """Forgets a message, unless a chunk lies in it."""
        async with self._database.writing() as session:
            await session.run(
                sql.remember_deleted_message, message_id=message_id, now=self._clock()
            )
            await session.run(sql.forget_message, message_id=message_id)

    async def channel_sweeps(self) -> Mapping[int, int]:
        """Up to which message each channel was looked through."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.channel_sweeps)
        return {row["channel_id"]: row["swept_until"] for row in rows}

    async def note_sweep(
        self, channel_id: int, *, swept_until: int, messages: Sequence[Message] = ()
    ) -> int:
        """Notes how far a channel was looked through, and enters what is unknown of the messages."""
        number = 0
        async with self._database.writing() as session:
            for message in messages:
                new = await session.row(
                    sql.insert_unknown_message,
                    message_id=message.id,
                    channel_id=message.channel_id,
                    webhook_id=message.webhook_id,
                    stored_size=message.stored_size,
                )
                number += new is not None
            await session.run(sql.put_channel_sweep, channel_id=channel_id, swept_until=swept_until)
        return number

    async def watches(self) -> list[Watch]:
        """The times at which a manager has kept this catalog."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.watches)
        return [Watch(**dict(row)) for row in rows]

    async def keep_watch(self, watch: Watch) -> None:
        """Adds a watch, or prolongs the one that began at the same time."""
        async with self._database.writing() as session:
            await session.run(sql.put_watch, began_at=watch.began_at, seen_at=watch.seen_at)
            await session.run(sql.drop_old_watches, before=watch.seen_at - REMEMBERED_WATCH_S)


class SqliteWebhooks(SqlitePart):
    """`WebhookStore` on SQLite."""

    async def quarantines(self) -> list[Quarantine]:
        """The webhooks that are not used any more."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.quarantines)
        return [quarantine_of(row) for row in rows]

    async def put_quarantine(self, quarantine: Quarantine) -> None:
        """Adds a webhook's quarantine, or replaces it."""
        async with self._database.writing() as session:
            await session.run(
                sql.put_quarantine,
                webhook_id=quarantine.webhook_id,
                reason=quarantine.reason,
                is_gone=quarantine.is_gone,
                since=quarantine.since,
            )

    async def end_quarantine(self, webhook_id: int) -> None:
        """The webhook may be used again."""
        async with self._database.writing() as session:
            await session.run(sql.end_quarantine, webhook_id=webhook_id)

    async def chunks_posted_by(
        self, object_id: UUID, webhook_ids: Collection[int]
    ) -> list[ChunkLocation]:
        """One chunk of the object for each of these webhooks, and each channel."""
        async with self._database.reading() as session:
            rows = await session.rows(
                sql.chunks_posted_by,
                object_id=object_id.bytes,
                webhook_ids=json.dumps(sorted(webhook_ids)),
            )
        return [location_of(row) for row in rows]
