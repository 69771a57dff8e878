"""`users`: finding them, and what administrators do with them."""

from typing import Annotated

import typer

from cli.command_line.options import Json, PasswordStdin

Name = Annotated[str, typer.Argument(help="Name of the user.")]

users = typer.Typer(
    name="users", no_args_is_help=True, help="Find users; administrators also manage them."
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(users)


@users.command("list")
def list_(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="A part of the name.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Find users by a part of their names, or list all; administrators also see what they own."""
    from cli.commands import users

    users.list_(context, query, as_json=as_json)


@users.command("remove", no_args_is_help=True)
def remove(
    context: typer.Context,
    name: Name,
    *,
    heir: Annotated[
        str | None,
        typer.Option("--give-files-to", metavar="NAME", help="Give the user's files to this one."),
    ] = None,
    delete_files: Annotated[
        bool, typer.Option("--delete-files", help="Delete the user's files.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask; required without a terminal.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove a user (administrators only). If it is interrupted, run it again."""
    from cli.commands import users

    users.remove(context, name, heir=heir, delete_files=delete_files, yes=yes, as_json=as_json)


@users.command("reset-password", no_args_is_help=True)
def reset_password(
    context: typer.Context, name: Name, *, password_stdin: PasswordStdin = False
) -> None:
    """Give another user a new password, which ends the user's logins (administrators only)."""
    from cli.commands import users

    users.reset_password(context, name, password_stdin=password_stdin)


@users.command("promote", no_args_is_help=True)
def promote(context: typer.Context, name: Name) -> None:
    """Make a user an administrator (administrators only)."""
    from cli.commands import users

    users.set_role(context, name, is_admin=True)


@users.command("demote", no_args_is_help=True)
def demote(context: typer.Context, name: Name) -> None:
    """Take the role of administrator away (administrators only). The last one keeps it."""
    from cli.commands import users

    users.set_role(context, name, is_admin=False)
