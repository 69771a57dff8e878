"""What every server program does: settings, log, signals, and how it ends.

A program that is asked to stop closes its connections, gives requests in progress a moment, and shuts
down. Each of those steps has a time limit of its own. What has none, such as a disk that hangs, or a
defect, is what `STOP_GRACE_S` is for: a process that still runs when it is over ends itself and prints
its stack.
"""

import contextlib
import faulthandler
import gc
import logging
import os
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Literal, TypeVar

import structlog
import typer
import uvloop
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from structlog.typing import Processor

from cli.errors import reported
from cli.garbage import collect_what_follows
from cli.output import TextOutput
from cli.servers.event_loop import ServerLoop
from cli.servers.http_serving import until_stopped
from cli.servers.settings_errors import settings_invalid
from cli.standard_output import exits_on_closed_output
from common.log_events import add_correlation_ids, unpack_event
from common.settings import PositiveSeconds

_Settings = TypeVar("_Settings", bound=BaseSettings)


class LogSettings(BaseSettings):
    """Settings of the log, for every server program."""

    model_config = SettingsConfigDict(
        env_prefix="LOG_", env_file=".env", extra="ignore", frozen=True
    )

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level that is logged: debug, info, warning or error."
    )
    format: Literal["console", "json"] = Field(
        "console", description="`console` for people, `json` for machines (one object per line)."
    )


@contextlib.contextmanager
def logging_to_stderr(settings: LogSettings) -> Iterator[None]:
    """Send the log of the program and its libraries to standard error.

    The previous configuration is restored at the end, since tests run commands within one process.
    """
    shared: list[Processor] = [
        add_correlation_ids,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings, shared))
    root, ours = logging.getLogger(), structlog.get_config()
    before = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # What is not logged costs next to nothing.
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelName(settings.level.upper())
        ),
        cache_logger_on_first_use=True,
    )
    try:
        yield
    finally:
        structlog.configure(**ours)
        root.handlers[:], level = before
        root.setLevel(level)


def _formatter(settings: LogSettings, shared: list[Processor]) -> logging.Formatter:
    rendering: list[Processor]
    if settings.format == "json":
        rendering = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # The default traceback shows local variables, among them tokens and passwords.
        rendering = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[unpack_event, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )


class StopSettings(BaseSettings):
    """How every server program stops."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    stop_grace_s: PositiveSeconds = Field(
        default=10.0,
        description="Seconds within which a program ends after SIGTERM or SIGINT in any case; if it "
        "hangs, it ends itself then, with exit code 1. An upload service has DRAIN_GRACE_S more.",
    )


def run(program: Callable[[], Coroutine[Any, Any, None]], *, drain_s: float = 0.0) -> None:
    """Run a server program until it is stopped; what ends it becomes one line and an exit code.

    Args:
        program: Creates the coroutine to run.
        drain_s: Seconds that the program needs to finish what it has begun, in addition to the grace
            that every program has.
    """
    with reported(TextOutput(is_error=True)), logging_to_stderr(load(LogSettings)):
        grace_s = load(StopSettings).stop_grace_s + drain_s

        def end_in_any_case() -> None:
            # Never cancelled: the threads that the interpreter waits for at exit may hang as well.
            faulthandler.dump_traceback_later(grace_s, exit=True)

        collect_what_follows()
        uvloop.run(until_stopped(program(), on_stop=end_in_any_case), loop_factory=ServerLoop)


def load(settings: type[_Settings]) -> _Settings:
    """The settings from environment and `.env`. Raises `SettingsInvalid`."""
    try:
        return settings()
    except ValidationError as error:
        raise settings_invalid(error, settings) from None


def print_ready(url: str) -> None:
    """Print the one line that scripts may wait for, and notify systemd."""
    # All that was made for the start, the collector need not look at again.
    gc.collect()
    collect_what_follows()
    with exits_on_closed_output():
        typer.echo(f"ready {url}")
    _notify_systemd("READY=1", os.environ.get("NOTIFY_SOCKET", ""))


def _notify_systemd(state: str, address: str) -> None:
    """Do what sd_notify(3) does: nothing if there is no address, which the service manager sets."""
    if not address:
        return
    # An @ stands for the zero byte of Linux's abstract addresses.
    address = address.replace("@", "\0", 1) if address.startswith("@") else address
    # A server serves, whether the service manager hears of it or not.
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifying,
    ):
        notifying.sendto(state.encode(), address)
