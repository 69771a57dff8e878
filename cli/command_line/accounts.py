"""`register`, `login`, `logout`, `profiles`, `passwd`, and `users` with its subcommands."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.command_line.options import Json, PasswordStdin

Url = Annotated[str, typer.Argument(help="Address of the manager, such as http://127.0.0.1:4000.")]
CaCert = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Certificates (PEM) to trust there besides those of this machine: that of your own "
        "authority, or a self-signed one. `login` remembers the file.",
    ),
]
Code = Annotated[
    str | None,
    typer.Option(
        metavar="CODE",
        help="Code of your second factor, or a recovery code; asked for when it is needed.",
    ),
]
User = Annotated[str, typer.Argument(help="User name: 1 to 16 letters and digits.")]
Name = Annotated[str, typer.Argument(help="Name of the user.")]
users = typer.Typer(
    name="users", no_args_is_help=True, help="Find users; administrators also manage them."
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("register", no_args_is_help=True)(register_user)
    app.command("login", no_args_is_help=True)(login)
    app.command("logout")(logout)
    app.command("profiles")(list_profiles)
    app.command("passwd", no_args_is_help=True)(passwd)
    app.command("quota")(show_quota)
    app.add_typer(users)


def register_user(
    context: typer.Context,
    url: Url,
    user: User,
    *,
    password_stdin: PasswordStdin = False,
    ca_cert: CaCert = None,
    admin_token: Annotated[
        str | None,
        typer.Option(
            help="Token of an administrator; without it your login at that manager is used. The first "
            "user needs none, and becomes administrator."
        ),
    ] = None,
    setup_code: Annotated[
        str | None,
        typer.Option(
            help="For the first user: the code that the manager shows when it starts. On a terminal "
            "the command asks for it if necessary."
        ),
    ] = None,
    invitation: Annotated[
        str | None,
        typer.Option(help="The invitation that you have got: its address, or what follows in it."),
    ] = None,
) -> None:
    """Create a user."""
    from cli.commands import accounts

    accounts.register(
        context,
        url,
        user,
        password_stdin=password_stdin,
        ca_cert=ca_cert,
        admin_token=admin_token,
        setup_code=setup_code,
        invitation=invitation,
    )


def login(
    context: typer.Context,
    url: Url,
    user: User,
    *,
    password_stdin: PasswordStdin = False,
    ca_cert: CaCert = None,
    code: Code = None,
) -> None:
    """Log in. An app password for this machine is kept in a file that only you can read.

    For 15 minutes after that, commands that manage accounts or administer do not ask for the password.
    """
    from cli.commands import accounts

    accounts.login(context, url, user, password_stdin=password_stdin, ca_cert=ca_cert, code=code)


def logout(context: typer.Context) -> None:
    """End the login of this machine, at the manager as well, and forget it."""
    from cli.commands import accounts

    accounts.logout(context)


def list_profiles(context: typer.Context, *, as_json: Json = False) -> None:
    """Show the logins that have a name: `discord-cloud --profile NAME login …` makes one."""
    from cli.commands import accounts

    accounts.list_profiles(context, as_json=as_json)


def passwd(
    context: typer.Context,
    url: Url,
    user: User,
    *,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help="Read the previous password, and the new one, from two lines of standard input.",
        ),
    ] = False,
    ca_cert: CaCert = None,
    code: Code = None,
) -> None:
    """Change a password. All sessions of the user end; app passwords, as that of this machine, stay."""
    from cli.commands import accounts

    accounts.passwd(context, url, user, password_stdin=password_stdin, ca_cert=ca_cert, code=code)


@users.command("list")
def list_users(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="A part of the name.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Find users by a part of their names, or list all; administrators also see what they own."""
    from cli.commands import accounts

    accounts.list_users(context, query, as_json=as_json)


def show_quota(context: typer.Context, *, as_json: Json = False) -> None:
    """Show how much you store, and may store."""
    from cli.commands import accounts

    accounts.show_quota(context, None, as_json=as_json)


@users.command("quota", no_args_is_help=True)
def quota(
    context: typer.Context,
    name: Name,
    *,
    size: Annotated[
        str | None,
        typer.Option("--bytes", metavar="SIZE", help="Bytes, as `500M` or `10G`; `none` for any."),
    ] = None,
    files: Annotated[
        str | None, typer.Option(metavar="N", help="Number of files; `none` for any.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show how much a user stores and may store, or change that (administrators only)."""
    from cli.commands import accounts

    if size is None and files is None:
        accounts.show_quota(context, name, as_json=as_json)
    else:
        accounts.set_quota(context, name, size=size, files=files, as_json=as_json)


@users.command("remove", no_args_is_help=True)
def remove_user(
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
    from cli.commands import accounts

    accounts.remove_user(
        context, name, heir=heir, delete_files=delete_files, yes=yes, as_json=as_json
    )


class UsageSorting(StrEnum):
    """By what `users usage` sorts."""

    STORED = "stored"
    FILES = "files"
    QUOTA = "quota"
    SEEN = "seen"
    NAME = "name"


@users.command("usage")
def show_usage(
    context: typer.Context,
    *,
    sort: Annotated[
        UsageSorting, typer.Option(help="By what; the largest, or latest, first.")
    ] = UsageSorting.STORED,
    reverse: Annotated[bool, typer.Option("--reverse", help="The smallest first.")] = False,
    as_json: Json = False,
) -> None:
    """Show what each user stores: all of it, of that trash and versions, files, quota, and the last use."""
    from cli.commands import accounts

    accounts.show_usage(context, order=sort.value, ascending=reverse, as_json=as_json)


@users.command("reset-password", no_args_is_help=True)
def reset_password(
    context: typer.Context, name: Name, *, password_stdin: PasswordStdin = False
) -> None:
    """Give another user a new password, which ends all logins of the user (administrators only)."""
    from cli.commands import accounts

    accounts.reset_password(context, name, password_stdin=password_stdin)


@users.command("promote", no_args_is_help=True)
def promote(context: typer.Context, name: Name) -> None:
    """Make a user an administrator (administrators only)."""
    from cli.commands import accounts

    accounts.set_role(context, name, is_admin=True)


@users.command("demote", no_args_is_help=True)
def demote(context: typer.Context, name: Name) -> None:
    """Take the role of administrator away (administrators only). The last one keeps it."""
    from cli.commands import accounts

    accounts.set_role(context, name, is_admin=False)
