"""`sessions` and `app-passwords`, with their subcommands."""

from typing import Annotated

import typer

from cli.command_line.options import Json

SessionUser = Annotated[
    str | None,
    typer.Option("--user", metavar="NAME", help="Those of another user (administrators only)."),
]
AppPasswordName = Annotated[str, typer.Argument(help="Name of the app password.")]

sessions = typer.Typer(
    name="sessions", no_args_is_help=True, help="Where you are logged in, and the end of that."
)
app_passwords = typer.Typer(
    name="app-passwords",
    no_args_is_help=True,
    help="Passwords of programs, which may do less than you, and are revoked one by one.",
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(sessions)
    app.add_typer(app_passwords)


@sessions.command("list")
def list_sessions(
    context: typer.Context, *, user: SessionUser = None, as_json: Json = False
) -> None:
    """Show the sessions: when each was seen last, where, and on which device."""
    from cli.commands import logins

    logins.list_sessions(context, user, as_json=as_json)


@sessions.command("end", no_args_is_help=True)
def end_session(
    context: typer.Context,
    session_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of the session, or its beginning.")
    ],
    *,
    user: SessionUser = None,
) -> None:
    """End a session, with the connections that it has."""
    from cli.commands import logins

    logins.end_session(context, session_id, user)


@sessions.command("end-others")
def end_others(context: typer.Context, *, user: SessionUser = None) -> None:
    """End all sessions but the one of this command; with --user all of that user."""
    from cli.commands import logins

    logins.end_others(context, user)


@app_passwords.command("add", no_args_is_help=True)
def add_app_password(
    context: typer.Context,
    name: AppPasswordName,
    *,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="It reads, and changes nothing.")
    ] = False,
    folder: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Confine it to this folder, wherever that is moved."),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=36500, help="It ends after so many days.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an app password, and print it. It cannot be shown again."""
    from cli.commands import logins

    logins.add_app_password(
        context, name, read_only=read_only, folder=folder, days=days, as_json=as_json
    )


@app_passwords.command("list")
def list_app_passwords(context: typer.Context, *, as_json: Json = False) -> None:
    """Show your app passwords: what each may do, and when it was used last."""
    from cli.commands import logins

    logins.list_app_passwords(context, as_json=as_json)


@app_passwords.command("revoke", no_args_is_help=True)
def revoke_app_password(context: typer.Context, name: AppPasswordName) -> None:
    """Revoke an app password, with the connections that it has."""
    from cli.commands import logins

    logins.revoke_app_password(context, name)
