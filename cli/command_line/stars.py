"""Commands `star`, `unstar` and `starred`: files and folders that the user has marked."""

from typing import Annotated

import typer

from cli.command_line.options import Json, RemotePaths


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("star", no_args_is_help=True)(star)
    app.command("unstar", no_args_is_help=True)(unstar)
    app.command("starred")(starred)


def star(context: typer.Context, paths: RemotePaths) -> None:
    """Star files and folders, for yourself alone."""
    from cli.commands import stars

    stars.star(context, paths, starred=True)


def unstar(context: typer.Context, paths: RemotePaths) -> None:
    """Take the stars of files and folders back."""
    from cli.commands import stars

    stars.star(context, paths, starred=False)


def starred(
    context: typer.Context,
    *,
    long: Annotated[bool, typer.Option("--long", "-l", help="Also size, time and access.")] = False,
    as_json: Json = False,
) -> None:
    """Show the paths of what you have starred, the last first."""
    from cli.commands import stars

    stars.list_starred(context, long=long, as_json=as_json)
