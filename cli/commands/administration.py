"""`keys`, `gc` and `process`: what administrators do with other services, garbage and processing."""

from datetime import datetime

import msgspec
import typer

from cli.asking import asked
from cli.garbage import MOST_LISTED, Garbage, garbage_line, what_happens
from cli.output import human_time, say, say_json
from cli.surroundings import Surroundings, surroundings_of
from client_sdk.errors import InvalidInput
from common.wording import counted


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
    around = surroundings_of(context)

    async def run() -> None:
        query = "mutation ($name: String!) { createKey(name: $name) { name key } }"
        made = await asked(around, NewKey, query, name=name)
        if as_json:
            say_json(around.out, msgspec.structs.asdict(made))
        else:
            say(around.out, made.key)

    around.run(run())


def list_keys(context: typer.Context, *, as_json: bool) -> None:
    """Show the keys, also those that were revoked."""
    around = surroundings_of(context)

    async def run() -> None:
        found = await asked(around, list[ApiKey], "{ keys { name createdAt revokedAt } }")
        if as_json:
            say_json(around.out, [msgspec.structs.asdict(key) for key in found])
            return
        for key in found:
            state = f"revoked {human_time(key.revoked_at)}" if key.revoked_at else "in force"
            say(around.out, f"{human_time(key.created_at)}  {key.name}  {state}")

    around.run(run())


def revoke_key(context: typer.Context, name: str) -> None:
    """Shut a service out. What it refers to stays."""
    around = surroundings_of(context)

    async def run() -> None:
        query = "mutation ($name: String!) { revokeKey(name: $name) }"
        if not await asked(around, bool, query, name=name):
            raise InvalidInput(f"no key named {name} is in force")
        say(around.err, f"revoked the key {name}")

    around.run(run())


def collect(
    context: typer.Context,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Have content that nothing refers to deleted now, as far as its grace period is over."""
    around = surroundings_of(context)

    async def run() -> None:
        query = (
            "query ($first: Int!) { garbage(first: $first) "
            "{ fileId size path owner since dueAt isDue } }"
        )
        found = await asked(around, list[Garbage], query, first=MOST_LISTED)
        if not dry_run:
            await asked(around, bool, "mutation { collectGarbage }")
        if as_json:
            say_json(around.out, [msgspec.structs.asdict(each) for each in found])
        else:
            for each in found:
                say(around.out, garbage_line(each))
        say(around.err, what_happens(found, is_begun=not dry_run))

    around.run(run())


def process(
    context: typer.Context,
    *,
    missing: bool,
    failed: bool,
    retry: bool,
    as_json: bool,
) -> None:
    """Have files processed for views and metadata (administrators only)."""
    around = surroundings_of(context)

    async def run() -> None:
        if failed:
            query = "query ($n: Int!) { failedJobs(first: $n) { fileId attempts error } }"
            found = await asked(around, list[FailedJob], query, n=MOST_LISTED)
            _show_failures(around, found, as_json=as_json)
        if missing:
            number = await asked(around, int, "mutation { processMissing }")
            say(around.err, f"queued {counted(number, 'file')}")
        if retry:
            number = await asked(around, int, "mutation { retryFailedJobs }")
            say(around.err, f"queued {counted(number, 'file')} again")

    around.run(run())


def _show_failures(around: Surroundings, found: list[FailedJob], *, as_json: bool) -> None:
    if as_json:
        say_json(around.out, [msgspec.structs.asdict(job) for job in found])
        return
    for job in found:
        say(around.out, f"{job.file_id}  {counted(job.attempts, 'attempt')}  {job.error or '-'}")
