"""What the commands on the catalog do alike: settings, log, and why they end."""

import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

import typer
import uvloop

from catalog.errors import (
    CatalogError,
    CatalogNotEmpty,
    ExportDamaged,
    InvalidRecord,
    SchemaMismatch,
)
from cli.errors import INTERRUPTED
from cli.extras import require_extras
from cli.logging import LogSettings, logging_to_stderr
from cli.output import say
from cli.server_errors import CatalogUnusable, StartError
from cli.servers.running import load
from cli.surroundings import Surroundings
from manager.settings import CatalogSettings

EXIT_CODES: Mapping[type[CatalogError], int] = {
    ExportDamaged: 65,
    InvalidRecord: 65,
    CatalogNotEmpty: 73,
    SchemaMismatch: CatalogUnusable.exit_code,
    CatalogError: CatalogUnusable.exit_code,
}
"""Those of sysexits(3). The most special class that fits counts."""

Program = Callable[[CatalogSettings], Coroutine[Any, Any, None]]


def run(around: Surroundings, program: Program) -> None:
    """Run a command to its end; its errors become one line and an exit code."""
    with _reported(around), logging_to_stderr(load(LogSettings)):
        settings = load(CatalogSettings)
        if settings.supabase_url is not None:
            require_extras("server", "supabase")
        uvloop.run(program(settings))


@contextlib.contextmanager
def _reported(around: Surroundings) -> Iterator[None]:
    try:
        yield
    except StartError as error:
        for line in f"discord-cloud: {error}".splitlines():
            say(around.err, line)
        raise typer.Exit(error.exit_code) from None
    except CatalogError as error:
        say(around.err, f"discord-cloud: {error}")
        code = next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        say(around.err, "discord-cloud: interrupted")
        raise typer.Exit(INTERRUPTED) from None
