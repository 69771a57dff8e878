"""`star`, `unstar` and `starred`: files and folders that the user has marked."""

from collections.abc import Sequence

import typer

from cli.commands.browse import entry_data, entry_facts
from cli.commands.summary import Summary, transfer_all
from cli.context import command_context
from cli.output import print_json, print_line
from client_sdk import FolderInfo


def star(context: typer.Context, paths: Sequence[str], *, starred: bool) -> None:
    """Star files and folders, or take their stars back."""
    ctx = command_context(context)

    async def run() -> None:
        summary = Summary()
        async with ctx.client() as cloud:

            async def star_one(path: str) -> None:
                await (cloud.star(path) if starred else cloud.unstar(path))

            await transfer_all(list(paths), star_one, str, summary, 1)
        summary.print_failures(ctx)
        summary.exit()

    ctx.run(run())


def list_starred(context: typer.Context, *, long: bool, as_json: bool) -> None:
    """List what is starred, the last first."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            entries = [entry async for entry in cloud.starred()]
        if as_json:
            print_json(ctx.out, [{"path": each.path, **entry_data(each)} for each in entries])
            return
        for each in entries:
            mark = "/" if isinstance(each, FolderInfo) else ""
            print_line(ctx.out, f"{entry_facts(each) if long else ''}{each.path}{mark}")

    ctx.run(run())
