"""Commands `trash` and `versions`: what was deleted, and earlier contents of files."""

from pathlib import Path
from typing import Annotated

import typer

from cli.command_line.options import Json

Chosen = Annotated[list[str], typer.Argument(help="Ids or paths, as `trash list` shows them.")]
RemoteFile = Annotated[str, typer.Argument(help="Remote file.")]
VersionId = Annotated[int, typer.Argument(help="Id, as `versions list` shows it.")]
trash = typer.Typer(
    name="trash",
    no_args_is_help=True,
    help="What was deleted, and is kept for a while.",
)
versions = typer.Typer(
    name="versions",
    no_args_is_help=True,
    help="Earlier contents of files.",
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(trash)
    app.add_typer(versions)


@trash.command("list")
def list_trash(context: typer.Context, *, as_json: Json = False) -> None:
    """Show id, size, when it was deleted and goes for good (UTC), and path, the last deletion first."""
    from cli.commands import trash as command

    command.list_trash(context, as_json=as_json)


@trash.command("restore", no_args_is_help=True)
def restore(context: typer.Context, chosen: Chosen, *, as_json: Json = False) -> None:
    """Put files and folders back where they were; of several with one path the last one deleted."""
    from cli.commands import trash as command

    command.restore(context, chosen, as_json=as_json)


@trash.command("delete", no_args_is_help=True)
def delete(context: typer.Context, chosen: Chosen) -> None:
    """Delete files and folders that are in the trash for good."""
    from cli.commands import trash as command

    command.delete(context, chosen)


@trash.command("empty")
def empty(context: typer.Context) -> None:
    """Delete all that is in the trash for good; files of others stay for them."""
    from cli.commands import trash as command

    command.empty(context)


@versions.command("list", no_args_is_help=True)
def list_versions(context: typer.Context, path: RemoteFile, *, as_json: Json = False) -> None:
    """Show id, size, and from when to when (UTC) each was the content of the file."""
    from cli.commands import trash as command

    command.list_versions(context, path, as_json=as_json)


@versions.command("get", no_args_is_help=True)
def get_version(
    context: typer.Context,
    path: RemoteFile,
    version_id: VersionId,
    target: Annotated[Path, typer.Argument(help="File to write, or a folder to put it in.")],
) -> None:
    """Download an earlier content of a file."""
    from cli.commands import trash as command

    command.get_version(context, path, version_id, target)


@versions.command("restore", no_args_is_help=True)
def restore_version(context: typer.Context, path: RemoteFile, version_id: VersionId) -> None:
    """Give a file an earlier content again; what it has now becomes a version."""
    from cli.commands import trash as command

    command.restore_version(context, path, version_id)


@versions.command("delete", no_args_is_help=True)
def delete_version(context: typer.Context, path: RemoteFile, version_id: VersionId) -> None:
    """Delete an earlier content of a file for good."""
    from cli.commands import trash as command

    command.delete_version(context, path, version_id)
