"""`keys`, `gc` and `process`: what administrators do with other services, garbage and processing."""

from typing import Annotated, Any

import typer

from cli.output import human_size, say, say_json
from cli.surroundings import Surroundings, surroundings_of
from client_sdk.errors import InvalidInput

MOST_LISTED = 100
"""Entries of a listing, at most."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KeyName = Annotated[
    str, typer.Argument(help="Name of the service: a-z, 0-9, dot, dash, underscore.")
]

keys = typer.Typer(
    name="keys", no_args_is_help=True, help="API keys of other services (administrators only)."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(keys)
    app.command("gc")(collect)
    app.command("process", no_args_is_help=True)(process)


@keys.command("create", no_args_is_help=True)
def create(context: typer.Context, name: KeyName, *, as_json: Json = False) -> None:
    """Let a service in. Prints its key, which cannot be shown again."""
    around = surroundings_of(context)

    async def run() -> None:
        query = "mutation ($name: String!) { createKey(name: $name) { name key } }"
        made = await _asked(around, query, name=name)
        if as_json:
            say_json(around.out, made)
        else:
            say(around.out, made["key"])

    around.run(run())


@keys.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """Show the keys, also those that were revoked."""
    around = surroundings_of(context)

    async def run() -> None:
        found = await _asked(around, "{ keys { name createdAt revokedAt } }")
        if as_json:
            say_json(around.out, found)
            return
        for key in found:
            state = f"revoked {_shown_time(key['revokedAt'])}" if key["revokedAt"] else "in force"
            say(around.out, f"{_shown_time(key['createdAt'])}  {key['name']}  {state}")

    around.run(run())


@keys.command("revoke", no_args_is_help=True)
def revoke(context: typer.Context, name: KeyName) -> None:
    """Shut a service out. What it refers to stays."""
    around = surroundings_of(context)

    async def run() -> None:
        query = "mutation ($name: String!) { revokeKey(name: $name) }"
        if not await _asked(around, query, name=name):
            raise InvalidInput(f"no key named {name} is in force")
        say(around.err, f"revoked the key {name}")

    around.run(run())


def collect(
    context: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what is about to be deleted.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Have content that nothing refers to deleted now, as far as its grace period is over."""
    around = surroundings_of(context)

    async def run() -> None:
        query = "query ($first: Int!) { garbage(first: $first) { fileId size since } }"
        found = await _asked(around, query, first=MOST_LISTED)
        if as_json:
            say_json(around.out, found)
        else:
            _show_garbage(around, found)
        if not dry_run:
            await _asked(around, "mutation { collectGarbage }")
            say(around.err, "the collector looks now")

    around.run(run())


def process(
    context: typer.Context,
    *,
    missing: Annotated[
        bool,
        typer.Option("--missing", help="Process files that never were, or were by older recipes."),
    ] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Show files whose processing was given up.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Process files again that were given up.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Have files processed for views and metadata (administrators only)."""
    around = surroundings_of(context)

    async def run() -> None:
        if failed:
            query = "query ($n: Int!) { failedJobs(first: $n) { fileId attempts error } }"
            _show_failures(around, await _asked(around, query, n=MOST_LISTED), as_json=as_json)
        if missing:
            number = await _asked(around, "mutation { processMissing }")
            say(around.err, f"queued {number} files")
        if retry:
            number = await _asked(around, "mutation { retryFailedJobs }")
            say(around.err, f"queued {number} files again")

    around.run(run())


def _show_garbage(around: Surroundings, found: list[dict[str, Any]]) -> None:
    for each in found:
        since = f"since {_shown_time(each['since'])}" if each["since"] else "not noticed yet"
        say(around.out, f"{each['fileId']}  {human_size(each['size']):>9}  {since}")
    more = " or more" if len(found) == MOST_LISTED else ""
    say(around.err, f"nothing refers to {len(found)}{more} files")


def _show_failures(around: Surroundings, found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        say_json(around.out, found)
        return
    for each in found:
        say(around.out, f"{each['fileId']}  {each['attempts']} attempts  {each['error']}")


async def _asked(around: Surroundings, query: str, **variables: Any) -> Any:  # noqa: ANN401 - JSON
    """What the only field of a GraphQL request answers."""
    async with around.client() as cloud:
        (value,) = (await cloud.graphql(query, **variables)).values()
        return value


def _shown_time(text: str) -> str:
    return text[:19].replace("T", " ")
