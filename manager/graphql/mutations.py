"""What can be changed."""

import strawberry
from strawberry.types import Info

from manager.errors import NoSuchFile, NoSuchWebhook
from manager.graphql.context import context_of
from manager.graphql.scalars import ByteCount, file_id_of, snowflake_of
from manager.graphql.types import NewApiKey, Reference, UploadTicket
from manager.tickets.approval import UploadWish


@strawberry.type
class Mutation:
    """The mutations."""

    @strawberry.mutation(
        description="Asks to upload a file of exactly this type and size. The ticket is good for "
        "one upload that begins soon; the file is then kept for a while, for a service to refer to."
    )
    async def get_ticket(
        self,
        info: Info,
        mime_type: str,
        size: ByteCount,
        success_action_status: int | None = None,
        success_action_redirect: str | None = None,
    ) -> UploadTicket:
        """A ticket."""
        context = context_of(info)
        wish = UploadWish(
            mime_type=mime_type,
            size=size,
            success_action_status=success_action_status,
            success_action_redirect=success_action_redirect,
        )
        caller = context.caller
        form = await context.tickets.open(caller.holder, wish, is_service=caller.is_service)
        return UploadTicket.of(form)

    @strawberry.mutation(
        description="Releases your upload before its time is over; false when you do not hold it."
    )
    async def revoke_temporary_reference(self, info: Info, file_id: strawberry.ID) -> bool:
        """Lets a temporary reference go."""
        context, found = context_of(info), file_id_of(file_id)
        return found is not None and await context.tickets.revoke(context.caller.holder, found)

    @strawberry.mutation(
        description="Keeps an uploaded file until the reference is released. Your key names the use; "
        "the same again changes nothing. For services."
    )
    async def create_reference(self, info: Info, file_id: strawberry.ID, key: str) -> Reference:
        """A permanent reference."""
        context, found = context_of(info), file_id_of(file_id)
        if found is None:
            context.caller.require_service()
            raise NoSuchFile
        return Reference.of(await context.references.create(context.caller, found, key))

    @strawberry.mutation(
        description="Releases the reference with that key; false when there is none. For services."
    )
    async def release_reference(self, info: Info, key: str) -> bool:
        """The reference is gone."""
        context = context_of(info)
        return await context.references.release(context.caller, key)

    @strawberry.mutation(description="Creates an API key for a service. For administrators.")
    async def create_key(self, info: Info, name: str) -> NewApiKey:
        """A new API key."""
        context = context_of(info)
        administrator = context.caller.require_administrator()
        key, text = await context.callers.create_key(name, administrator)
        return NewApiKey(name=key.name, key=text)

    @strawberry.mutation(
        description="Revokes the key of a service; its references stay. For administrators."
    )
    async def revoke_key(self, info: Info, name: str) -> bool:
        """The key is not in force any more."""
        context = context_of(info)
        context.caller.require_administrator()
        return await context.catalog.revoke_key(name)

    @strawberry.mutation(
        description="Collects garbage now instead of at the next interval. For administrators."
    )
    async def collect_garbage(self, info: Info) -> bool:
        """The collector looks."""
        context = context_of(info)
        context.caller.require_administrator()
        context.references.collect_soon()
        return True

    @strawberry.mutation(
        description="Queues files that were never processed, or with older recipes; returns how many. "
        "For administrators."
    )
    async def process_missing(self, info: Info) -> int:
        """Old files get new views."""
        context = context_of(info)
        context.caller.require_administrator()
        return await context.processing.enqueue_missing()

    @strawberry.mutation(
        description="Queues files whose processing was given up; returns how many. "
        "For administrators."
    )
    async def retry_failed_jobs(self, info: Info) -> int:
        """Another round."""
        context = context_of(info)
        context.caller.require_administrator()
        return await context.processing.retry()

    @strawberry.mutation(
        description="Asks Discord once more about a webhook in quarantine, and uses it again if "
        "Discord answers. For administrators."
    )
    async def retry_webhook(self, info: Info, id: strawberry.ID) -> bool:  # noqa: A002 - its name in GraphQL
        """The webhook is used."""
        context, webhook_id = context_of(info), snowflake_of(id)
        context.caller.require_administrator()
        if webhook_id is None:
            raise NoSuchWebhook(id)
        await context.quarantines.retry(webhook_id)
        return True
