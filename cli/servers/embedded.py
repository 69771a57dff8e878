"""`up`: everything in one process."""

import asyncio

import typer

from cli import up
from cli.servers.running import run, say_ready
from cli.up_options import UpOptions

_NOTICE = """\
This is the embedded default: chunks go to a Discord emulator, everything is kept in {data}.
For the real Discord, several machines or more channels see README.md and docs/settings.md.
Stop with Ctrl-C."""


def run_up(options: UpOptions) -> None:
    """Run it until it is stopped."""
    run(lambda: _up(options))


async def _up(options: UpOptions) -> None:
    async with up.running(options) as url:
        say_ready(url)
        typer.echo(_NOTICE.format(data=options.data), err=True)
        await asyncio.Event().wait()
