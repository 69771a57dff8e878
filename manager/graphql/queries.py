"""What can be asked."""

import strawberry
from strawberry.types import Info

from catalog.records import JobState
from manager.graphql.context import context_of
from manager.graphql.scalars import file_id_of
from manager.graphql.types import (
    ApiKey,
    FailedJob,
    File,
    Garbage,
    PageInfo,
    Reference,
    ReferencePage,
    Webhook,
)
from manager.tickets.references import check_page

PAGE = 50
"""Entries of a page when nobody says how many."""


@strawberry.type
class Query:
    """The queries."""

    @strawberry.field(
        description="A file that you uploaded, refer to, or may read; null otherwise."
    )
    async def file(self, info: Info, id: strawberry.ID) -> File | None:  # noqa: A002 - its name in GraphQL
        """A stored file."""
        context, file_id = context_of(info), file_id_of(id)
        if file_id is None:
            return None
        visible = await context.references.file(context.caller, file_id)
        return None if visible is None else File.of(visible)

    @strawberry.field(description="Your references, by key. For services.")
    async def references(
        self, info: Info, first: int = PAGE, after: str | None = None
    ) -> ReferencePage:
        """A page of references."""
        context = context_of(info)
        page = await context.references.page(context.caller, after=after, first=first)
        last = page.references[-1].key if page.references else None
        return ReferencePage(
            nodes=[Reference.of(each) for each in page.references],
            page_info=PageInfo(end_cursor=last, has_next_page=page.has_more),
        )

    @strawberry.field(description="All API keys. For administrators.")
    async def keys(self, info: Info) -> list[ApiKey]:
        """The keys, revoked ones too."""
        context = context_of(info)
        context.caller.require_administrator()
        return [ApiKey.of(key) for key in await context.catalog.list_keys()]

    @strawberry.field(description="What is about to be deleted. For administrators.")
    async def garbage(self, info: Info, first: int = PAGE) -> list[Garbage]:
        """Content without a reference, longest noticed first."""
        context = context_of(info)
        found = await context.references.garbage(context.caller, first=first)
        return [Garbage.of(each) for each in found]

    @strawberry.field(description="Files whose processing was given up. For administrators.")
    async def failed_jobs(self, info: Info, first: int = PAGE) -> list[FailedJob]:
        """Jobs that failed, longest ago first."""
        context = context_of(info)
        context.caller.require_administrator()
        check_page(first)
        jobs = await context.catalog.jobs(JobState.FAILED, limit=first)
        return [FailedJob.of(job) for job in jobs]

    @strawberry.field(description="All webhooks. For administrators.")
    async def webhooks(self, info: Info) -> list[Webhook]:
        """The webhooks in the order configured, then those that are not configured any more."""
        context = context_of(info)
        context.caller.require_administrator()
        directory = context.webhooks
        others = sorted(directory.quarantined.keys() - directory.configured.keys())
        return [Webhook.of(each, directory) for each in [*directory.configured, *others]]
