"""`status`, `keys`, `webhooks`, `audit`, `gc` and `process`: the manager's state and administration.

All but `status` and `audit` are GraphQL requests.
"""

import contextlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

import msgspec
import typer

from cli.context import CommandContext, command_context
from cli.errors import reported
from cli.login import account_client
from cli.output import human_time, print_json, print_line
from client_sdk import AuditEvent, ChannelStatus, ManagerStatus, MessageStatus
from client_sdk.errors import InvalidInput, UnexpectedAnswer
from common.wording import counted, human_size

Answer = TypeVar("Answer")
_AGO = re.compile(r"([0-9]{1,6}) ?(min|h|d)", re.ASCII)
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
MOST_LISTED = 100
"""Entries of a listing, at most."""


class Garbage(msgspec.Struct, frozen=True, rename="camel"):
    """Content that nothing refers to, as the manager reports it.

    Attributes:
        path: Where it was stored; None for what was never a file.
        owner: Name of the user who owned it; None if there was none.
        since: When the collector found it; None if it has not, or if no grace period applies.
        due_at: When its grace period ends; None if it has not begun.
        is_due: Whether the collector's next run deletes it.
    """

    file_id: str
    size: int
    path: str | None
    owner: str | None
    since: datetime | None
    due_at: datetime | None
    is_due: bool


def garbage_line(garbage: Garbage) -> str:
    """Id, size, time of deletion, owner and former path."""
    later = human_time(garbage.due_at) if garbage.due_at else "not noticed yet"
    due = "now" if garbage.is_due else later
    size, owner = human_size(garbage.size), garbage.owner or "-"
    return f"{garbage.file_id}  {size:>9}  {due:19}  {owner:16}  {garbage.path or '-'}"


def garbage_summary(found: Sequence[Garbage], *, is_begun: bool) -> str:
    """One line: how much garbage there is, and when it is deleted.

    Args:
        found: Up to `MOST_LISTED` entries.
        is_begun: Whether the collector has been started.
    """
    if not found:
        return "nothing is garbage"
    more = " or more" if len(found) == MOST_LISTED else ""
    there_is = f"nothing refers to {counted(len(found), 'file', more)}"
    if due := sum(garbage.is_due for garbage in found):
        return f"{there_is}; {_share(due, len(found))} deleted {_when(is_begun)}"
    times = [garbage.due_at for garbage in found if garbage.due_at]
    if not times:
        return f"{there_is}; the grace period begins with the collector's next look"
    return f"{there_is}; no grace period is over, the next one is at {human_time(min(times))} UTC"


def _share(due: int, total: int) -> str:
    if due == total:
        return "it is" if total == 1 else "they are"
    return f"{due} of them {'is' if due == 1 else 'are'}"


def _when(is_begun: bool) -> str:
    return "now" if is_begun else "by the collector's next look"


class NewKey(msgspec.Struct, frozen=True, rename="camel"):
    """A key that was just created; `key` is returned only this once."""

    name: str
    key: str


class ApiKey(msgspec.Struct, frozen=True, rename="camel"):
    """An API key; `revoked_at` is None while the key is valid."""

    name: str
    created_at: datetime
    revoked_at: datetime | None


class FailedJob(msgspec.Struct, frozen=True, rename="camel"):
    """A file whose processing has failed permanently."""

    file_id: str
    attempts: int
    error: str | None


def status(context: typer.Context, *, as_json: bool) -> None:
    """Print the manager's upload services and who has booked them."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            status = await cloud.status()
        if as_json:
            print_json(ctx.out, status)
        else:
            _print_status(ctx, status)

    ctx.run(run())


def _print_status(ctx: CommandContext, status: ManagerStatus) -> None:
    free = sum(service.state == "free" for service in status.services)
    print_line(ctx.out, f"upload services: {len(status.services)}, {free} free")
    for service in status.services:
        holder = f", booked by {service.user}" if service.user else ""
        print_line(ctx.out, f"  {service.address}  {service.state}{holder}")
    print_line(ctx.out, f"bookings: {len(status.bookings)}")
    for booking in status.bookings:
        print_line(ctx.out, f"  {booking.user}  holds {booking.amount} of {booking.desired} wanted")
    if status.chunk_size is not None:
        print_line(ctx.out, f"chunks of new uploads: {human_size(status.chunk_size)}")
    for channel in status.channels:
        print_line(ctx.out, f"  channel {channel.id}: {_limits_text(channel)}")
    _print_messages(ctx, status.messages)


def _limits_text(channel: ChannelStatus) -> str:
    """What a message takes in a channel, and since when that is known."""
    attachment, request = human_size(channel.attachment_bytes), human_size(channel.request_bytes)
    learned = (
        f"learned {human_time(channel.learned_at)}"
        if channel.learned_at
        else "larger ones not all tried yet"
    )
    return f"{attachment} an attachment, {request} a message, {learned}"


def _print_messages(ctx: CommandContext, messages: MessageStatus) -> None:
    """Print how many messages on Discord hold nothing that is in use, if there are any."""
    if messages.stuck:
        stuck = counted(messages.stuck, "message")
        print_line(ctx.out, f"on Discord: {stuck} that cannot be deleted, see `webhooks list`")
    uncertain = counted(messages.uncertain_posts, "message")
    if not (messages.unknown_found or messages.uncertain_posts):
        return
    if messages.has_bot:
        found = counted(messages.unknown_found, "message")
        when = human_time(messages.swept_at) if messages.swept_at else "not yet"
        print_line(ctx.out, f"unknown to the catalog: {found} found and deleted, last look {when}")
    else:
        print_line(
            ctx.out, f"unknown to the catalog: up to {uncertain}, without a bot to find them"
        )


def create_key(context: typer.Context, name: str, *, as_json: bool) -> None:
    """Create an API key for a service, and print it."""
    ctx = command_context(context)

    async def run() -> None:
        query = "mutation ($name: String!) { createKey(name: $name) { name key } }"
        made = await _ask(ctx, NewKey, query, name=name)
        if as_json:
            print_json(ctx.out, msgspec.structs.asdict(made))
        else:
            print_line(ctx.out, made.key)

    ctx.run(run())


def list_keys(context: typer.Context, *, as_json: bool) -> None:
    """Print all keys, including revoked ones."""
    ctx = command_context(context)

    async def run() -> None:
        found = await _ask(ctx, list[ApiKey], "{ keys { name createdAt revokedAt } }")
        if as_json:
            print_json(ctx.out, [msgspec.structs.asdict(key) for key in found])
            return
        for key in found:
            state = f"revoked {human_time(key.revoked_at)}" if key.revoked_at else "in force"
            print_line(ctx.out, f"{human_time(key.created_at)}  {key.name}  {state}")

    ctx.run(run())


def revoke_key(context: typer.Context, name: str) -> None:
    """Revoke the API key of a service. Its references stay."""
    ctx = command_context(context)

    async def run() -> None:
        query = "mutation ($name: String!) { revokeKey(name: $name) }"
        if not await _ask(ctx, bool, query, name=name):
            raise InvalidInput(f"no key named {name} is in force")
        ctx.note(f"revoked the key {name}")

    ctx.run(run())


def audit(
    context: typer.Context,
    *,
    user: str | None,
    action: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Print events of the audit log, newest first."""
    ctx = command_context(context)
    with reported(ctx.err):
        begin = None if since is None else time_of("--since", since, datetime.now(UTC))

    async def run() -> None:
        found: list[AuditEvent] = []
        async with account_client(ctx) as cloud:
            events = cloud.audit_events(user=user, action=action, since=begin)
            async with contextlib.aclosing(events):
                async for event in events:
                    found.append(event)
                    if len(found) == limit:
                        break
        if as_json:
            print_json(ctx.out, found)
            return
        for event in found:
            print_line(ctx.out, audit_line(event))

    ctx.run(run())


def audit_line(event: AuditEvent) -> str:
    """Time, outcome, action, who, from where, and on what, with the details."""
    who = event.actor or "-"
    where = event.address or "-"
    facts = [
        f"{name}={'none' if value is None else value}" for name, value in event.details.items()
    ]
    times = [f"{event.count} times"] if event.count > 1 else []
    what = "  ".join([event.subject or ("(hidden)" if event.is_hidden else "-"), *facts, *times])
    return (
        f"{human_time(event.first_at)}  {event.outcome:7}  {event.action:20}  {who:16}  "
        f"{where:18}  {what}"
    )


def time_of(option: str, text: str, now: datetime) -> datetime:
    """A time, or how long ago one was. Raises `InvalidInput`."""
    if match := _AGO.fullmatch(text.strip()):
        number, unit = int(match[1]), _UNITS[match[2]]
        with contextlib.suppress(OverflowError):
            return now - number * unit
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(text.strip())
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise InvalidInput(f"{option} takes `30min`, `12h` or `7d`, or a time as 2026-01-31T12:00")


def collect(
    context: typer.Context,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """List garbage, and unless `dry_run` have what is past its grace period deleted now."""
    ctx = command_context(context)

    async def run() -> None:
        query = (
            "query ($first: Int!) { garbage(first: $first) "
            "{ fileId size path owner since dueAt isDue } }"
        )
        found = await _ask(ctx, list[Garbage], query, first=MOST_LISTED)
        if not dry_run:
            await _ask(ctx, bool, "mutation { collectGarbage }")
        if as_json:
            print_json(ctx.out, [msgspec.structs.asdict(each) for each in found])
        else:
            for each in found:
                print_line(ctx.out, garbage_line(each))
        ctx.note(garbage_summary(found, is_begun=not dry_run))

    ctx.run(run())


def process(
    context: typer.Context,
    *,
    missing: bool,
    failed: bool,
    retry: bool,
    as_json: bool,
) -> None:
    """Queue files for processing, and print those whose processing has failed."""
    ctx = command_context(context)

    async def run() -> None:
        if failed:
            query = "query ($n: Int!) { failedJobs(first: $n) { fileId attempts error } }"
            found = await _ask(ctx, list[FailedJob], query, n=MOST_LISTED)
            _show_failures(ctx, found, as_json=as_json)
        if missing:
            number = await _ask(ctx, int, "mutation { processMissing }")
            ctx.note(f"queued {counted(number, 'file')}")
        if retry:
            number = await _ask(ctx, int, "mutation { retryFailedJobs }")
            ctx.note(f"queued {counted(number, 'file')} again")

    ctx.run(run())


def _show_failures(ctx: CommandContext, found: list[FailedJob], *, as_json: bool) -> None:
    if as_json:
        print_json(ctx.out, [msgspec.structs.asdict(job) for job in found])
        return
    for job in found:
        print_line(
            ctx.out, f"{job.file_id}  {counted(job.attempts, 'attempt')}  {job.error or '-'}"
        )


class Webhook(msgspec.Struct, frozen=True, rename="camel"):
    """A webhook that is configured, or that is in quarantine; `since` is when that began."""

    id: str
    state: Literal["USABLE", "UNKNOWN", "QUARANTINED"]
    is_configured: bool
    channel_id: str | None
    reason: str | None
    is_gone: bool
    since: datetime | None


def list_webhooks(
    context: typer.Context,
    *,
    as_json: bool,
) -> None:
    """Print which webhooks are used, and why others are not."""
    ctx = command_context(context)

    async def run() -> None:
        query = "{ webhooks { id state isConfigured channelId reason isGone since } }"
        found = await _ask(ctx, list[Webhook], query)
        if as_json:
            shown = [
                {**msgspec.structs.asdict(each), "state": each.state.lower()} for each in found
            ]
            print_json(ctx.out, shown)
            return
        for each in found:
            print_line(ctx.out, f"{each.id}  {_state_of(each)}")

    ctx.run(run())


def retry_webhook(
    context: typer.Context,
    webhook_id: str,
) -> None:
    """End a webhook's quarantine, if Discord knows the webhook."""
    ctx = command_context(context)

    async def run() -> None:
        query = "mutation ($id: ID!) { retryWebhook(id: $id) }"
        await _ask(ctx, bool, query, id=webhook_id)
        ctx.note(f"webhook {webhook_id} is used")

    ctx.run(run())


def _state_of(webhook: Webhook) -> str:
    if webhook.since is None:
        return webhook.state.lower()
    is_used = "is gone" if webhook.is_gone else "is not used"
    configured = "" if webhook.is_configured else ", not configured any more"
    return f"{is_used} since {human_time(webhook.since)}{configured}: {webhook.reason}"


async def _ask(
    ctx: CommandContext,
    kind: type[Answer],
    query: str,
    **variables: Any,  # noqa: ANN401 - JSON
) -> Answer:
    """The value of the only field of a GraphQL request. Raises `UnexpectedAnswer`."""
    async with account_client(ctx) as cloud:
        (value,) = (await cloud.graphql(query, **variables)).values()
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"the manager's answer cannot be read: {error}") from error
