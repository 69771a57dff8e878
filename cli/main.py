"""The `discord-cloud` command."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.command_line import (
    accounts,
    administration,
    files,
    invitations,
    links,
    logins,
    servers,
    sharing,
    stars,
    trash,
)
from cli.command_line.options import CommonOptions
from cli.standard_output import exits_on_closed_output


class _Commands(TyperGroup):
    """Prints help and version as commands print their data.

    typer itself ends with 1 when standard output is closed, and with a traceback on a full disk.
    """

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - as in typer
        """Parse the command line; the help of the command itself is printed here."""
        with exits_on_closed_output():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as in typer
        """Run a command, or print its help."""
        with exits_on_closed_output():
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Commands,
    name="discord-cloud",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Files of any size, stored on Discord.",
)


def _show_version(*, is_wanted: bool) -> None:
    if is_wanted:
        # Slow to import, and of no use to any command.
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"discord-cloud {version('discord-cloud')}")
        raise typer.Exit


@app.callback()
def _start(
    context: typer.Context,
    *,
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda value: _show_version(is_wanted=value),
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            "-p",
            metavar="NAME",
            envvar="DISCORD_CLOUD_PROFILE",
            help="Use the login of this name, for those who have several servers or accounts.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only data, questions and errors.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Show no progress bars on a terminal.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            envvar="DISCORD_CLOUD_DEBUG",
            help="Log what the client does, with the ids that servers log, to standard error.",
        ),
    ] = False,
) -> None:
    CommonOptions(profile=profile, is_quiet=quiet, is_plain=plain).keep(context)
    if debug:
        _log_to_stderr()


def _log_to_stderr() -> None:
    # Slow to import, and of no use to most commands.
    import logging  # noqa: PLC0415

    from common.log_events import EventFormatter  # noqa: PLC0415

    handler = logging.StreamHandler()
    handler.setFormatter(EventFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # Libraries would log URLs, and so tokens.
    for package in ("client_sdk", "common", "protocol"):
        logging.getLogger(package).setLevel(logging.DEBUG)


accounts.register(app)
logins.register(app)
files.register(app)
trash.register(app)
stars.register(app)
links.register(app)
sharing.register(app)
invitations.register(app)
administration.register(app)
servers.register(app)


def main() -> None:
    """Run the command."""
    app()
