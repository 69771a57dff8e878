"""The command line: which commands there are, what each takes, and its help.

Every start of `discord-cloud` imports these modules, also for `--help` and for each completion in a
shell. They import nothing that takes long: what a command does is imported when it is run.
"""

import typer

from cli.command_line import (
    accounts,
    administration,
    browsing,
    catalogs,
    organising,
    servers,
    sharing,
    transferring,
    users,
)


def register(app: typer.Typer) -> None:
    """Adds all commands, in the order in which the help lists them."""
    accounts.register(app)
    transferring.register(app)
    browsing.register(app)
    organising.register(app)
    sharing.register(app)
    users.register(app)
    administration.register(app)
    servers.register(app)
    catalogs.register(app)
