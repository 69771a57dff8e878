"""The context, the scalars and the types of the GraphQL interface."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import NewType, Self
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.types import Info
from strawberry.types.scalar import ScalarDefinition

from catalog import records
from catalog.port import Catalog
from catalog.service_port import SERVICE_PREFIX
from manager.accounts.callers import Authenticator, Caller
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.downloads.links import ContentLinks
from manager.processing.jobs import ProcessingManager
from manager.services.webhooks import QuarantineKeeper, WebhookDirectory
from manager.tickets.references import ReferenceManager, UnreferencedContent, VisibleFile
from manager.tickets.uploads import TicketManager, UploadForm
from protocol.values import MAX_SAFE_INTEGER, format_path, is_uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLContext:
    """The caller, and the parts of the manager that resolvers use.

    `base_url` is the manager's URL that the caller uses, without a slash at its end. `address` is where
    the request comes from.
    """

    caller: Caller
    authenticator: Authenticator
    catalog: Catalog
    links: ContentLinks
    processing: ProcessingManager
    references: ReferenceManager
    tickets: TicketManager
    webhooks: WebhookDirectory
    quarantines: QuarantineKeeper
    base_url: str
    audit: AuditLog
    address: str

    def record(self, action: AuditAction, *, subject: str | None = None, **details: object) -> None:
        """Records what the caller has done."""
        caller = self.caller
        self.audit.record(
            action,
            actor=caller.user or caller.holder,
            address=self.address,
            subject=subject,
            outcome=records.AuditOutcome.SUCCESS,
            **details,
        )


def context_of(info: Info) -> GraphQLContext:
    """The context of a request."""
    context = info.context
    if not isinstance(context, GraphQLContext):
        raise TypeError("the schema is executed without its context")
    return context


_SNOWFLAKE = re.compile(r"[0-9]{15,19}")

ByteCount = NewType("ByteCount", int)


def _parse_count(value: object) -> ByteCount:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_SAFE_INTEGER:
        raise GraphQLError("ByteCount: must be an integer within 2^53 - 1")
    return ByteCount(value)


SCALARS: dict[object, ScalarDefinition] = {
    ByteCount: strawberry.scalar(
        name="ByteCount",
        description="A number of bytes: an integer up to 2^53 - 1, where Int ends at 2^31 - 1.",
        serialize=int,
        parse_value=_parse_count,
    )
}


def file_id_of(text: str) -> UUID | None:
    """The id in an argument; None for a text that is no UUID."""
    return UUID(text) if is_uuid(text) else None


def snowflake_of(text: str) -> int | None:
    """The Discord id in an argument; None for a text that is none."""
    return int(text) if _SNOWFLAKE.fullmatch(text) else None


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as GraphQL's DateTime."""
    return datetime.fromtimestamp(seconds, UTC)


@strawberry.type(description="A field of the form, to be sent as it is.")
class FormField:
    """A field of a ticket's form."""

    name: str
    value: str


@strawberry.type(
    description="Where to POST a file: a form (multipart/form-data) of all fields, in their order, "
    "and then the file as `file`."
)
class UploadTicket:
    """The answer to getTicket."""

    url: str
    fields: list[FormField]
    file_id: strawberry.ID = strawberry.field(
        description="Id that the file will have; the field `key` has it as well."
    )

    @classmethod
    def of(cls, form: UploadForm) -> Self:
        """The ticket that has this form."""
        fields = [FormField(name=name, value=value) for name, value in form.fields]
        return cls(url=form.url, fields=fields, file_id=strawberry.ID(str(form.file_id)))


@strawberry.type(description="Another version of a file, such as its thumbnail.")
class View:
    """A view of a file."""

    name: str
    url: str = strawberry.field(description="Serves the view; valid for a day at least.")
    mime_type: str
    size: ByteCount


@strawberry.type(description="What keeps a file for a service.")
class Reference:
    """A reference of the service that asks."""

    key: str
    file_id: strawberry.ID
    expires_at: datetime | None = strawberry.field(description="Null: valid until it is released.")

    @classmethod
    def of(cls, reference: records.Reference) -> Self:
        """The type's value for a record of the catalog."""
        expires_at = reference.expires_at
        return cls(
            key=reference.key,
            file_id=strawberry.ID(str(reference.object_id)),
            expires_at=None if expires_at is None else moment(expires_at),
        )


@strawberry.type(description="A stored file.")
class File:
    """A stored file, as the caller sees it."""

    id: strawberry.ID
    size: ByteCount
    mime_type: str
    hash: str = strawberry.field(
        description="SHA-256 over the concatenated lowercase hex SHA-256 digests of the file's "
        "chunks, in their order."
    )
    created_at: datetime
    temporary_until: datetime | None = strawberry.field(
        description="Until when your temporary reference keeps the file; null without one."
    )
    references: list[Reference] = strawberry.field(description="Those of the service that asks.")
    visible: strawberry.Private[VisibleFile]

    @classmethod
    def of(cls, visible: VisibleFile) -> Self:
        """The type's value for a file that the caller sees."""
        content, until = visible.content, visible.temporary_until
        own = (each for each in visible.references if each.service.startswith(SERVICE_PREFIX))
        return cls(
            id=strawberry.ID(str(content.id)),
            size=ByteCount(content.size),
            mime_type=content.mime_type,
            hash=content.hash,
            created_at=moment(content.created_at),
            temporary_until=None if until is None else moment(until),
            references=[Reference.of(each) for each in own],
            visible=visible,
        )

    @strawberry.field(description="Serves the content, ranges too; valid for a day at least.")
    def url(self, info: Info) -> str:
        """A link to the content."""
        context = context_of(info)
        return context.base_url + context.links.file(self.visible.content.id)

    @strawberry.field(description="What processing has found out; null until then.")
    async def metadata(self, info: Info) -> JSON | None:
        """The metadata as a JSON object; null before processing."""
        found = await context_of(info).references.metadata(self.visible.content.id)
        return None if found is None else JSON(found)

    @strawberry.field(description="Other versions of the file, by name.")
    async def views(self, info: Info) -> list[View]:
        """The views with links."""
        context = context_of(info)
        return [
            View(
                name=view.name,
                url=context.base_url + context.links.view(view.object_id, view.name),
                mime_type=view.content.mime_type,
                size=ByteCount(view.content.size),
            )
            for view in await context.references.views(self.visible.content.id)
        ]


@strawberry.type
class PageInfo:
    """Where a page ends."""

    end_cursor: str | None = strawberry.field(description="Pass it as `after` for the next page.")
    has_next_page: bool


@strawberry.type(description="A page of references, by key.")
class ReferencePage:
    """References, and where to go on."""

    nodes: list[Reference]
    page_info: PageInfo


@strawberry.type(description="An API key of a service; the manager keeps only its hash.")
class ApiKey:
    """An API key."""

    name: str
    created_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: records.ApiKey) -> Self:
        """The type's value for a record of the catalog."""
        return cls(
            name=key.name,
            created_at=moment(key.created_at),
            revoked_at=None if key.revoked_at is None else moment(key.revoked_at),
        )


@strawberry.type
class NewApiKey:
    """A new key and its text."""

    name: str
    key: str = strawberry.field(description="Shown this once.")


@strawberry.type(description="Content that nothing refers to.")
class Garbage:
    """Content without a reference."""

    file_id: strawberry.ID
    size: ByteCount
    path: str | None = strawberry.field(
        description="Its former path: the present path of that folder, with the former name. The "
        "name alone if the folder no longer exists; null if it was never a file."
    )
    owner: str | None = strawberry.field(
        description="Name of the user who owned it, or held its ticket (`service:…` for a "
        "service); null if it had no owner."
    )
    since: datetime | None = strawberry.field(
        description="When the collector noticed it, and the grace period began."
    )
    due_at: datetime | None = strawberry.field(
        description="End of its grace period; null: the collector's next run begins it."
    )
    is_due: bool = strawberry.field(description="Whether the collector's next run deletes it.")

    @classmethod
    def of(cls, unreferenced: UnreferencedContent) -> Self:
        """The type's value for content without a reference."""
        garbage, due_at = unreferenced.content, unreferenced.due_at
        return cls(
            file_id=strawberry.ID(str(garbage.object_id)),
            size=ByteCount(garbage.size),
            path=_former_path(garbage),
            owner=garbage.owner,
            since=moment(garbage.since) if garbage.since else None,
            due_at=None if due_at is None else moment(due_at),
            is_due=unreferenced.is_due,
        )


def _former_path(garbage: records.Garbage) -> str | None:
    if garbage.name is None or garbage.folder is None:
        return garbage.name
    return format_path((*garbage.folder, garbage.name))


@strawberry.type(description="Processing that was given up.")
class FailedJob:
    """A job that failed."""

    file_id: strawberry.ID
    attempts: int
    error: str | None

    @classmethod
    def of(cls, job: records.Job) -> Self:
        """The type's value for a record of the catalog."""
        return cls(
            file_id=strawberry.ID(str(job.object_id)), attempts=job.attempts, error=job.error
        )


@strawberry.enum(description="Whether a webhook is used for posts.")
class WebhookState(Enum):
    """Whether posts use a webhook."""

    USABLE = strawberry.enum_value("usable", description="It is used for posts.")
    UNKNOWN = strawberry.enum_value(
        "unknown", description="Its channel is not known from Discord yet."
    )
    QUARANTINED = strawberry.enum_value(
        "quarantined", description="It is not used until an administrator has it retried."
    )


@strawberry.type(description="A webhook that is configured, or that is in quarantine.")
class Webhook:
    """A webhook, without its token."""

    id: strawberry.ID
    is_configured: bool
    channel_id: strawberry.ID | None
    state: WebhookState
    reason: str | None = strawberry.field(
        description="Why the webhook is in quarantine, as Discord or an upload service reported it."
    )
    is_gone: bool = strawberry.field(
        description="Whether it was deleted, so that only a bot can read what it has posted."
    )
    since: datetime | None = strawberry.field(description="When its quarantine began.")

    @classmethod
    def of(cls, webhook_id: int, directory: WebhookDirectory) -> Self:
        """The type's value for a webhook of the directory, configured or quarantined."""
        configured = directory.configured.get(webhook_id)
        channel_id = configured.channel_id if configured else None
        quarantine = directory.quarantined.get(webhook_id)
        if quarantine is not None:
            state = WebhookState.QUARANTINED
        else:
            state = WebhookState.UNKNOWN if channel_id is None else WebhookState.USABLE
        return cls(
            id=strawberry.ID(str(webhook_id)),
            is_configured=configured is not None,
            channel_id=None if channel_id is None else strawberry.ID(str(channel_id)),
            state=state,
            reason=quarantine.reason if quarantine else None,
            is_gone=quarantine is not None and quarantine.is_gone,
            since=moment(quarantine.since) if quarantine else None,
        )
