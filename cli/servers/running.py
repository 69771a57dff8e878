"""What all server programs do alike: settings, log, signals, and how and why they end.

A program that is told to stop says goodbye to its peers, gives what is under way a moment, and winds up.
Each of those steps has a limit of its own. What has none, such as a disk that hangs, or a defect, is
what the grace is for: a process that is still there when it is over ends itself, and says where it was.
"""

import contextlib
import faulthandler
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import typer
import uvloop
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cli.logging import LogSettings, logging_to_stderr
from cli.server_errors import SettingsInvalid, StartError
from cli.serving import until_stopped
from cli.standard_output import output_may_end
from common.settings import PositiveSeconds

_Settings = TypeVar("_Settings", bound=BaseSettings)


class StopSettings(BaseSettings):
    """Settings of the end, for every server program."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    stop_grace_s: PositiveSeconds = Field(
        default=10.0,
        description="Seconds within which a program ends after SIGTERM or SIGINT in any case; if it "
        "hangs, it ends itself then, with exit code 1. An upload service has DRAIN_GRACE_S more.",
    )


def run(program: Callable[[], Coroutine[Any, Any, None]], *, drain_s: float = 0.0) -> None:
    """Run a server program until it is stopped; what ends it becomes one line and an exit code.

    Args:
        program: makes what is run.
        drain_s: seconds that the program needs to bring to an end what it has begun, beside the grace
            that every program has.
    """
    with reported(), logging_to_stderr(load(LogSettings)):
        grace_s = load(StopSettings).stop_grace_s + drain_s

        def end_at_last() -> None:
            # Never cancelled: the threads that the interpreter waits for at its end may hang, too.
            faulthandler.dump_traceback_later(grace_s, exit=True)

        uvloop.run(until_stopped(program(), on_stop=end_at_last))


def load(settings: type[_Settings]) -> _Settings:
    """The settings from environment and `.env`. Raises `SettingsInvalid`."""
    try:
        return settings()
    except ValidationError as error:
        raise SettingsInvalid(error, settings) from None


def say_ready(url: str) -> None:
    """The one line that scripts may wait for."""
    with output_may_end():
        typer.echo(f"ready {url}")


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Ends the command with the reason and its exit code, instead of a traceback."""
    try:
        yield
    except StartError as error:
        typer.echo(f"discord-cloud: {error}", err=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
