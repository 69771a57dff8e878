"""`ls` and `status`."""

from typing import Annotated

import typer

from cli.command_line.options import Json


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("ls")(ls)
    app.command("status")(status)


def ls(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="Folder or file.")] = "/",
    *,
    long: Annotated[bool, typer.Option("--long", "-l", help="Also size, time and access.")] = False,
    as_json: Json = False,
) -> None:
    """List a folder: folders first, then files, each by name."""
    from cli.commands import browsing

    browsing.ls(context, path, long=long, as_json=as_json)


def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show the manager's upload services and who has booked them."""
    from cli.commands import browsing

    browsing.status(context, as_json=as_json)
