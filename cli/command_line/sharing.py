"""`share` with what belongs to it."""

from typing import Annotated

import typer

from cli.command_line.options import Json

Path = Annotated[str, typer.Argument(help="Remote file.")]
User = Annotated[str, typer.Argument(help="Name of the other user.")]

share = typer.Typer(
    name="share",
    no_args_is_help=True,
    help="Share files: with users, with everybody, or by a link.",
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(share)


@share.command("link", no_args_is_help=True)
def link(context: typer.Context, path: Path, *, as_json: Json = False) -> None:
    """Print a URL that downloads a file without an account, until its content changes."""
    from cli.commands import sharing

    sharing.link(context, path, as_json=as_json)


@share.command("add", no_args_is_help=True)
def add(
    context: typer.Context,
    path: Path,
    user: User,
    *,
    write: Annotated[bool, typer.Option("--write", help="Let the user write it, too.")] = False,
) -> None:
    """Share a file with a user, for reading unless --write; changes an existing share."""
    from cli.commands import sharing

    sharing.add(context, path, user, write=write)


@share.command("remove", no_args_is_help=True)
def remove(context: typer.Context, path: Path, user: User) -> None:
    """Stop sharing a file with a user."""
    from cli.commands import sharing

    sharing.remove(context, path, user)


@share.command("public", no_args_is_help=True)
def public(context: typer.Context, path: Path) -> None:
    """Let all users read and write a file."""
    from cli.commands import sharing

    sharing.set_public(context, path, is_public=True)


@share.command("private", no_args_is_help=True)
def private(context: typer.Context, path: Path) -> None:
    """Make a file private again: for you and those with whom you share it."""
    from cli.commands import sharing

    sharing.set_public(context, path, is_public=False)


@share.command("list", no_args_is_help=True)
def list_(context: typer.Context, path: Path, *, as_json: Json = False) -> None:
    """Show who may use your file."""
    from cli.commands import sharing

    sharing.list_(context, path, as_json=as_json)
