"""The `discord-cloud` command."""

from typing import Annotated

import typer

from cli import command_line

app = typer.Typer(
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
    # Nothing but options: what a command needs of the process it finds by itself.
    ...


command_line.register(app)


def main() -> None:
    """Run the command."""
    app()
