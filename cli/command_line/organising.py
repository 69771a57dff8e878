"""`mv`, `rm` and `mkdir`."""

from typing import Annotated

import typer

from cli.command_line.options import Json, RemotePaths, SeveralAndOne


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("mv", cls=SeveralAndOne, no_args_is_help=True)(mv)
    app.command("rm", no_args_is_help=True)(rm)
    app.command("mkdir", no_args_is_help=True)(mkdir)


def mv(
    context: typer.Context,
    sources: RemotePaths,
    dest: Annotated[str, typer.Argument(help="Folder to move them to; or, for one, its new path.")],
    *,
    as_json: Json = False,
) -> None:
    """Move or rename files and folders. Nothing is replaced: a taken name is numbered."""
    from cli.commands import organising

    organising.mv(context, sources, dest, as_json=as_json)


def rm(
    context: typer.Context,
    paths: RemotePaths,
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Delete folders with everything in them.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Do not ask, and ignore paths that do not exist.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete files, and folders with -r. Asks on a terminal."""
    from cli.commands import organising

    organising.rm(context, paths, recursive=recursive, force=force, as_json=as_json)


def mkdir(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(help="Remote folders.")],
    *,
    parents: Annotated[
        bool,
        typer.Option(
            "--parents", "-p", help="Also create missing parents, and ignore folders that exist."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Create folders."""
    from cli.commands import organising

    organising.mkdir(context, paths, parents=parents, as_json=as_json)
