"""`status`, and `keys`, `webhooks`, `audit`, `gc` and `process`, which are for administrators."""

from typing import Annotated

import typer

from cli.command_line.options import Json

KeyName = Annotated[
    str, typer.Argument(help="Name of the service: a-z, 0-9, dot, dash, underscore.")
]

keys = typer.Typer(
    name="keys", no_args_is_help=True, help="API keys of other services (administrators only)."
)
webhooks = typer.Typer(
    name="webhooks", no_args_is_help=True, help="Discord's webhooks (administrators only)."
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("status")(status)
    app.add_typer(webhooks)
    app.add_typer(keys)
    app.command("audit")(audit)
    app.command("gc")(collect)
    app.command("process", no_args_is_help=True)(process)


def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show the manager's upload services and who has booked them."""
    from cli.commands import administration

    administration.status(context, as_json=as_json)


@keys.command("create", no_args_is_help=True)
def create_key(context: typer.Context, name: KeyName, *, as_json: Json = False) -> None:
    """Create an API key for a service, and print it. It cannot be shown again."""
    from cli.commands import administration

    administration.create_key(context, name, as_json=as_json)


@keys.command("list")
def list_keys(context: typer.Context, *, as_json: Json = False) -> None:
    """Show the keys, including revoked ones."""
    from cli.commands import administration

    administration.list_keys(context, as_json=as_json)


@keys.command("revoke", no_args_is_help=True)
def revoke_key(context: typer.Context, name: KeyName) -> None:
    """Revoke the key of a service. Its references stay."""
    from cli.commands import administration

    administration.revoke_key(context, name)


@webhooks.command("list")
def list_webhooks(context: typer.Context, *, as_json: Json = False) -> None:
    """Show which webhooks are used, and why others are not."""
    from cli.commands import administration

    administration.list_webhooks(context, as_json=as_json)


@webhooks.command("retry", no_args_is_help=True)
def retry_webhook(
    context: typer.Context,
    webhook_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the webhook.")],
) -> None:
    """End a webhook's quarantine, if Discord knows the webhook."""
    from cli.commands import administration

    administration.retry_webhook(context, webhook_id)


def audit(
    context: typer.Context,
    *,
    user: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Events that this user caused, or that were done to it."),
    ] = None,
    action: Annotated[
        str | None, typer.Option(help="Events with this action, as docs/audit.md lists them.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Events from then on: `30min`, `12h` or `7d` ago, or a time as 2026-01-31T12:00 (UTC).",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Events at most.")] = 100,
    as_json: Json = False,
) -> None:
    """Show who did what, from where, newest first (administrators only)."""
    from cli.commands import administration

    administration.audit(
        context, user=user, action=action, since=since, limit=limit, as_json=as_json
    )


def collect(
    context: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what is about to be deleted.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete content that nothing refers to and whose grace period is over."""
    from cli.commands import administration

    administration.collect(context, dry_run=dry_run, as_json=as_json)


def process(
    context: typer.Context,
    *,
    missing: Annotated[
        bool,
        typer.Option(
            "--missing", help="Process files that were not processed yet, or with older recipes."
        ),
    ] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Show files whose processing was given up.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Process files again whose processing was given up.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Queue files for processing: views and metadata (administrators only)."""
    from cli.commands import administration

    administration.process(context, missing=missing, failed=failed, retry=retry, as_json=as_json)
