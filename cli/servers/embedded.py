"""`up`: everything in one process."""

import asyncio

import typer

from cli import up
from cli.servers.running import run, say_ready
from cli.up_options import UpOptions

_NOTICE = """\
This is the embedded default: chunks go to a Discord emulator, and everything is stored in {data}.
docs/backup.md describes how to back that up, and how to move to the real Discord.
Stop with Ctrl-C."""
_FIRST_STEP = """\
There is no user yet. Create the administrator here: {link}"""


def run_up(options: UpOptions) -> None:
    """Run it until it is stopped."""
    run(lambda: _up(options))


async def _up(options: UpOptions) -> None:
    async with up.running(options) as started:
        say_ready(started.url)
        typer.echo(_NOTICE.format(data=options.data), err=True)
        if started.setup_link is not None:
            typer.echo(_FIRST_STEP.format(link=started.setup_link), err=True)
        await asyncio.Event().wait()
