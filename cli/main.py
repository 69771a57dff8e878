"""The `discord-cloud` command."""

from typing import Annotated

import typer

from cli import catalog_commands, commands, server_commands
from cli.surroundings import Surroundings

app = typer.Typer(
    name="discord-cloud",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
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
) -> None:
    if context.obj is None:
        context.obj = Surroundings.of_process()


commands.register(app)
server_commands.register(app)
catalog_commands.register(app)


def main() -> None:
    """Run the command."""
    app()
