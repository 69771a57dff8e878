"""What a client command works with: consoles, login, terminal and client settings.

Tests inject their own as the `obj` of the typer context.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import typer
import uvloop

from cli.command_line.options import CommonOptions
from cli.credentials import CredentialStore
from cli.errors import reported
from cli.garbage import collect_what_follows
from cli.output import TextOutput, print_line
from client_sdk import Client, ClientSettings

LineReader = Callable[[], Awaitable[str]]


async def read_line() -> str:
    """Read a line from the terminal without blocking the event loop, or its end by Ctrl-C."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[bytes] = loop.create_future()
    terminal = sys.stdin.fileno()

    def read() -> None:
        if not line.done():
            line.set_result(os.read(terminal, 1024))

    loop.add_reader(terminal, read)
    try:
        return (await line).decode(errors="replace")
    finally:
        loop.remove_reader(terminal)


@dataclass(frozen=True)
class CommandContext:
    """What a command works with.

    Attributes:
        out: Where data goes.
        err: Where progress, notes and errors go.
        credentials: The login.
        is_interactive: Whether there is a terminal to ask questions on.
        is_quiet: Whether notes are left out: what was done, and what else is good to know.
        shows_progress: Whether progress is shown where there is a terminal.
        read_line: Reads a line of the answer.
        client_settings: Time limits and retries of the client.
    """

    out: TextOutput
    err: TextOutput
    credentials: CredentialStore
    is_interactive: bool
    is_quiet: bool = False
    shows_progress: bool = True
    read_line: LineReader = read_line
    client_settings: ClientSettings = field(default_factory=ClientSettings)

    @classmethod
    def of_process(cls) -> "CommandContext":
        """The consoles, login and terminal of this process."""
        return cls(
            out=TextOutput(),
            err=TextOutput(is_error=True),
            credentials=CredentialStore.standard(),
            is_interactive=sys.stdin.isatty() and sys.stderr.isatty(),
        )

    def with_options(self, options: CommonOptions) -> "CommandContext":
        """The same under options that stand before the command. Raises `InvalidInput` for a wrong profile."""
        credentials = self.credentials
        if options.profile is not None:
            credentials = credentials.of_profile(options.profile)
        return replace(
            self,
            credentials=credentials,
            is_quiet=options.is_quiet,
            shows_progress=not (options.is_quiet or options.is_plain),
        )

    def note(self, text: str) -> None:
        """Print what is good to know, and neither data nor an error."""
        if not self.is_quiet:
            print_line(self.err, text)

    def with_rate_limit(self, bytes_per_s: int | None) -> "CommandContext":
        """The same with clients whose transfers are no faster together; None: as fast as they can."""
        settings = replace(self.client_settings, rate_limit=bytes_per_s)
        return replace(self, client_settings=settings)

    def client(self, *, parallel_uploads: int = ClientSettings.parallel_uploads) -> Client:
        """A client with the current login. Raises `NotLoggedIn`."""
        login = self.credentials.current()
        settings = replace(
            self.client_settings, ca_cert=login.ca_cert, parallel_uploads=parallel_uploads
        )
        return Client(
            login.url, login.token, settings=settings, link_changed=self._report_connection
        )

    def other_client(self, url: str, token: str | None, ca_cert: str | None) -> Client:
        """A client with another login than the current one, or with none."""
        return Client(url, token, settings=replace(self.client_settings, ca_cert=ca_cert))

    def run(self, program: Coroutine[Any, Any, None]) -> None:
        """Run a command to its end; its errors become one line and an exit code."""
        collect_what_follows()
        with reported(self.err):
            uvloop.run(program)

    def _report_connection(self, is_connected: bool) -> None:
        text = (
            "the manager is back" if is_connected else "no connection to the manager, trying again"
        )
        self.note(f"discord-cloud: {text}")


def command_context(context: typer.Context) -> CommandContext:
    """The context of a command: that of the process, unless another was injected."""
    found = context.obj
    injected = found if isinstance(found, CommandContext) else CommandContext.of_process()
    with reported(injected.err):
        return injected.with_options(CommonOptions.of(context))
