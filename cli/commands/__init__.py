"""The commands of the `discord-cloud` command that are clients of a manager."""

import typer

from cli.commands import (
    accounts,
    administration,
    archiving,
    browsing,
    getting,
    organising,
    putting,
    sharing,
    users,
    webhooks,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("register")(accounts.register)
    app.command("login")(accounts.login)
    app.command("logout")(accounts.logout)
    app.command("passwd")(accounts.passwd)
    app.command("put", no_args_is_help=True)(putting.put)
    app.command("get", no_args_is_help=True)(getting.get)
    app.command("zip", no_args_is_help=True)(archiving.zip_)
    app.command("ls")(browsing.ls)
    app.command("status")(browsing.status)
    app.command("mv", no_args_is_help=True)(organising.mv)
    app.command("rm", no_args_is_help=True)(organising.rm)
    app.command("mkdir", no_args_is_help=True)(organising.mkdir)
    app.add_typer(sharing.share)
    app.add_typer(users.users)
    app.add_typer(webhooks.webhooks)
    administration.register(app)
