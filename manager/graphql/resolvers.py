"""The queries and mutations of the GraphQL interface."""

import strawberry
from strawberry.types import Info

from catalog.records import JobState
from manager.audit.actions import AuditAction
from manager.errors import NoSuchFile, NoSuchWebhook
from manager.graphql.types import (
    ApiKey,
    ByteCount,
    FailedJob,
    File,
    Garbage,
    NewApiKey,
    PageInfo,
    Reference,
    ReferencePage,
    UploadTicket,
    Webhook,
    context_of,
    file_id_of,
    snowflake_of,
)
from manager.tickets.issuing import TicketRequest
from manager.tickets.references import check_page

PAGE = 50
"""Entries per page when the request does not say how many."""


@strawberry.type
class Query:
    """The queries."""

    @strawberry.field(
        description="A file that you uploaded, refer to, or may read; null otherwise."
    )
    async def file(self, info: Info, id: strawberry.ID) -> File | None:  # noqa: A002 - its name in GraphQL
        """The file with an id, if the caller may see it."""
        context, file_id = context_of(info), file_id_of(id)
        if file_id is None:
            return None
        visible = await context.references.file(context.caller, file_id)
        return None if visible is None else File.of(visible)

    @strawberry.field(description="Your references, by key. For services.")
    async def references(
        self, info: Info, first: int = PAGE, after: str | None = None
    ) -> ReferencePage:
        """A page of the service's references, in the order of their keys."""
        context = context_of(info)
        page = await context.references.page(context.caller, after=after, first=first)
        last = page.references[-1].key if page.references else None
        return ReferencePage(
            nodes=[Reference.of(each) for each in page.references],
            page_info=PageInfo(end_cursor=last, has_next_page=page.has_more),
        )

    @strawberry.field(description="All API keys. For administrators.")
    async def keys(self, info: Info) -> list[ApiKey]:
        """All keys, including revoked ones."""
        context = context_of(info)
        context.caller.require_administrator()
        return [ApiKey.of(key) for key in await context.catalog.list_keys()]

    @strawberry.field(description="What is about to be deleted. For administrators.")
    async def garbage(self, info: Info, first: int = PAGE) -> list[Garbage]:
        """Content without a reference, oldest discovery first."""
        context = context_of(info)
        found = await context.references.garbage(context.caller, first=first)
        return [Garbage.of(each) for each in found]

    @strawberry.field(description="Files whose processing was given up. For administrators.")
    async def failed_jobs(self, info: Info, first: int = PAGE) -> list[FailedJob]:
        """Failed jobs, oldest first."""
        context = context_of(info)
        context.caller.require_administrator()
        check_page(first)
        jobs = await context.catalog.jobs(JobState.FAILED, limit=first)
        return [FailedJob.of(job) for job in jobs]

    @strawberry.field(description="All webhooks. For administrators.")
    async def webhooks(self, info: Info) -> list[Webhook]:
        """The configured webhooks in their order, then quarantined ones that are no longer configured."""
        context = context_of(info)
        context.caller.require_administrator()
        directory = context.webhooks
        others = sorted(directory.quarantined.keys() - directory.configured.keys())
        return [Webhook.of(each, directory) for each in [*directory.configured, *others]]


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
        """Opens a ticket for the caller."""
        context = context_of(info)
        request = TicketRequest(
            mime_type=mime_type,
            size=size,
            success_action_status=success_action_status,
            success_action_redirect=success_action_redirect,
        )
        caller = context.caller
        caller.require_change()
        form = await context.tickets.open(caller.holder, request, is_service=caller.is_service)
        context.record(AuditAction.TICKET_ISSUED, mime_type=mime_type)
        return UploadTicket.of(form)

    @strawberry.mutation(
        description="Releases your upload before it expires; false when you have no reference to it."
    )
    async def revoke_temporary_reference(self, info: Info, file_id: strawberry.ID) -> bool:
        """Releases the caller's temporary reference."""
        context, found = context_of(info), file_id_of(file_id)
        context.caller.require_change()
        return found is not None and await context.tickets.revoke(context.caller.holder, found)

    @strawberry.mutation(
        description="Keeps an uploaded file until the reference is released. Your key names the use; "
        "the same again changes nothing. For services."
    )
    async def create_reference(self, info: Info, file_id: strawberry.ID, key: str) -> Reference:
        """Creates a permanent reference of the calling service."""
        context, found = context_of(info), file_id_of(file_id)
        if found is None:
            context.caller.require_service()
            raise NoSuchFile
        return Reference.of(await context.references.create(context.caller, found, key))

    @strawberry.mutation(
        description="Releases the reference with that key; false when there is none. For services."
    )
    async def release_reference(self, info: Info, key: str) -> bool:
        """Releases a reference of the calling service."""
        context = context_of(info)
        return await context.references.release(context.caller, key)

    @strawberry.mutation(description="Creates an API key for a service. For administrators.")
    async def create_key(self, info: Info, name: str) -> NewApiKey:
        """Creates an API key."""
        context = context_of(info)
        administrator = context.caller.require_administrator()
        key, text = await context.authenticator.create_key(name, administrator)
        context.record(AuditAction.API_KEY_CREATED, subject=key.name)
        return NewApiKey(name=key.name, key=text)

    @strawberry.mutation(
        description="Revokes the key of a service; its references stay. For administrators."
    )
    async def revoke_key(self, info: Info, name: str) -> bool:
        """Revokes an API key."""
        context = context_of(info)
        context.caller.require_administrator()
        is_revoked = await context.catalog.revoke_key(name)
        if is_revoked:
            context.record(AuditAction.API_KEY_REVOKED, subject=name)
        return is_revoked

    @strawberry.mutation(
        description="Collects garbage now instead of at the next interval. For administrators."
    )
    async def collect_garbage(self, info: Info) -> bool:
        """Starts the reaper's next run now."""
        context = context_of(info)
        context.caller.require_administrator()
        context.references.collect_soon()
        context.record(AuditAction.GARBAGE_COLLECTED)
        return True

    @strawberry.mutation(
        description="Queues files that were never processed, or with older recipes; returns how many. "
        "For administrators."
    )
    async def process_missing(self, info: Info) -> int:
        """Queues files without the present views."""
        context = context_of(info)
        context.caller.require_administrator()
        number = await context.processing.enqueue_missing()
        context.record(AuditAction.PROCESSING_QUEUED, files=number)
        return number

    @strawberry.mutation(
        description="Queues files whose processing was given up; returns how many. "
        "For administrators."
    )
    async def retry_failed_jobs(self, info: Info) -> int:
        """Queues failed jobs again."""
        context = context_of(info)
        context.caller.require_administrator()
        number = await context.processing.retry()
        context.record(AuditAction.PROCESSING_QUEUED, files=number)
        return number

    @strawberry.mutation(
        description="Asks Discord once more about a webhook in quarantine, and uses it again if "
        "Discord answers. For administrators."
    )
    async def retry_webhook(self, info: Info, id: strawberry.ID) -> bool:  # noqa: A002 - its name in GraphQL
        """Ends a quarantine when Discord knows the webhook."""
        context, webhook_id = context_of(info), snowflake_of(id)
        context.caller.require_administrator()
        if webhook_id is None:
            raise NoSuchWebhook(id)
        await context.quarantines.retry(webhook_id)
        context.record(AuditAction.WEBHOOK_RETRIED, subject=str(webhook_id))
        return True
