"""`keys`, `webhooks`, `gc` and `process`: administrators ask the manager for these over GraphQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec
import typer

from cli.context import CommandContext, command_context
from cli.output import human_time, say, say_json
from client_sdk.errors import InvalidInput, UnexpectedAnswer
from common.wording import counted, human_size

Answer = TypeVar("Answer")


async def _ask(
    ctx: CommandContext,
    kind: type[Answer],
    query: str,
    **variables: Any,  # noqa: ANN401 - JSON
) -> Answer:
    """What the only field of a GraphQL request answers."""
    async with ctx.client() as cloud:
        (value,) = (await cloud.graphql(query, **variables)).values()
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"the manager's answer cannot be read: {error}") from error


MOST_LISTED = 100
"""Entries of a listing, at most."""


class Garbage(msgspec.Struct, frozen=True, rename="camel"):
    """Content that nothing refers to, as the manager tells it.

    Attributes:
        path: Where it was stored; None for what was never a file.
        owner: Whose it was.
        since: When it was noticed; None if it was not yet, or goes without a grace period.
        due_at: When its grace period is over; None if it has not begun.
        is_due: Whether the collector's next look deletes it.
    """

    file_id: str
    size: int
    path: str | None
    owner: str | None
    since: datetime | None
    due_at: datetime | None
    is_due: bool


def garbage_line(garbage: Garbage) -> str:
    """Id, size, when it goes, whose it was, and where it was stored."""
    later = human_time(garbage.due_at) if garbage.due_at else "not noticed yet"
    due = "now" if garbage.is_due else later
    size, owner = human_size(garbage.size), garbage.owner or "-"
    return f"{garbage.file_id}  {size:>9}  {due:19}  {owner:16}  {garbage.path or '-'}"


def what_happens(found: Sequence[Garbage], *, is_begun: bool) -> str:
    """One line: how much garbage there is, and what becomes of it when.

    Args:
        found: Up to `MOST_LISTED` entries.
        is_begun: Whether the collector has been asked to look now.
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
    """A key that was just made; `key` is told this once."""

    name: str
    key: str


class ApiKey(msgspec.Struct, frozen=True, rename="camel"):
    """A key of another service; `revoked_at` is None while it is in force."""

    name: str
    created_at: datetime
    revoked_at: datetime | None


class FailedJob(msgspec.Struct, frozen=True, rename="camel"):
    """A file whose processing was given up."""

    file_id: str
    attempts: int
    error: str | None


def create_key(context: typer.Context, name: str, *, as_json: bool) -> None:
    """Let a service in. Prints its key, which cannot be shown again."""
    ctx = command_context(context)

    async def run() -> None:
        query = "mutation ($name: String!) { createKey(name: $name) { name key } }"
        made = await _ask(ctx, NewKey, query, name=name)
        if as_json:
            say_json(ctx.out, msgspec.structs.asdict(made))
        else:
            say(ctx.out, made.key)

    ctx.run(run())


def list_keys(context: typer.Context, *, as_json: bool) -> None:
    """Show the keys, also those that were revoked."""
    ctx = command_context(context)

    async def run() -> None:
        found = await _ask(ctx, list[ApiKey], "{ keys { name createdAt revokedAt } }")
        if as_json:
            say_json(ctx.out, [msgspec.structs.asdict(key) for key in found])
            return
        for key in found:
            state = f"revoked {human_time(key.revoked_at)}" if key.revoked_at else "in force"
            say(ctx.out, f"{human_time(key.created_at)}  {key.name}  {state}")

    ctx.run(run())


def revoke_key(context: typer.Context, name: str) -> None:
    """Shut a service out. What it refers to stays."""
    ctx = command_context(context)

    async def run() -> None:
        query = "mutation ($name: String!) { revokeKey(name: $name) }"
        if not await _ask(ctx, bool, query, name=name):
            raise InvalidInput(f"no key named {name} is in force")
        say(ctx.err, f"revoked the key {name}")

    ctx.run(run())


def collect(
    context: typer.Context,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Have content that nothing refers to deleted now, as far as its grace period is over."""
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
            say_json(ctx.out, [msgspec.structs.asdict(each) for each in found])
        else:
            for each in found:
                say(ctx.out, garbage_line(each))
        say(ctx.err, what_happens(found, is_begun=not dry_run))

    ctx.run(run())


def process(
    context: typer.Context,
    *,
    missing: bool,
    failed: bool,
    retry: bool,
    as_json: bool,
) -> None:
    """Have files processed for views and metadata (administrators only)."""
    ctx = command_context(context)

    async def run() -> None:
        if failed:
            query = "query ($n: Int!) { failedJobs(first: $n) { fileId attempts error } }"
            found = await _ask(ctx, list[FailedJob], query, n=MOST_LISTED)
            _show_failures(ctx, found, as_json=as_json)
        if missing:
            number = await _ask(ctx, int, "mutation { processMissing }")
            say(ctx.err, f"queued {counted(number, 'file')}")
        if retry:
            number = await _ask(ctx, int, "mutation { retryFailedJobs }")
            say(ctx.err, f"queued {counted(number, 'file')} again")

    ctx.run(run())


def _show_failures(ctx: CommandContext, found: list[FailedJob], *, as_json: bool) -> None:
    if as_json:
        say_json(ctx.out, [msgspec.structs.asdict(job) for job in found])
        return
    for job in found:
        say(ctx.out, f"{job.file_id}  {counted(job.attempts, 'attempt')}  {job.error or '-'}")


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
    """Show which webhooks are used, and why others are not."""
    ctx = command_context(context)

    async def run() -> None:
        query = "{ webhooks { id state isConfigured channelId reason isGone since } }"
        found = await _ask(ctx, list[Webhook], query)
        if as_json:
            shown = [
                {**msgspec.structs.asdict(each), "state": each.state.lower()} for each in found
            ]
            say_json(ctx.out, shown)
            return
        for each in found:
            say(ctx.out, f"{each.id}  {_state_of(each)}")

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
        say(ctx.err, f"webhook {webhook_id} is used")

    ctx.run(run())


def _state_of(webhook: Webhook) -> str:
    if webhook.since is None:
        return webhook.state.lower()
    is_used = "is gone" if webhook.is_gone else "is not used"
    configured = "" if webhook.is_configured else ", not configured any more"
    return f"{is_used} since {human_time(webhook.since)}{configured}: {webhook.reason}"
