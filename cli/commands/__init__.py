"""The commands of the `discord-cloud` command that are clients of a manager."""

import typer

from cli.commands import accounts, browsing, getting, putting


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("register")(accounts.register)
    app.command("login")(accounts.login)
    app.command("logout")(accounts.logout)
    app.command("put", no_args_is_help=True)(putting.put)
    app.command("get", no_args_is_help=True)(getting.get)
    app.command("ls")(browsing.ls)
    app.command("status")(browsing.status)
