"""What all server programs do alike: settings, log, signals, and why they end."""

import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import typer
import uvloop
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from cli.logging import LogSettings, logging_to_stderr
from cli.server_errors import SettingsInvalid, StartError
from cli.serving import until_stopped

_Settings = TypeVar("_Settings", bound=BaseSettings)


def run(program: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a server program until it is stopped; what ends it becomes one line and an exit code."""
    with _reported(), logging_to_stderr(load(LogSettings)):
        uvloop.run(until_stopped(program()))


def load(settings: type[_Settings]) -> _Settings:
    """The settings from environment and `.env`. Raises `SettingsInvalid`."""
    try:
        return settings()
    except ValidationError as error:
        raise SettingsInvalid(error, settings) from None


def say_ready(url: str) -> None:
    """The one line that scripts may wait for."""
    typer.echo(f"ready {url}")


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    """Ends the command with the reason and its exit code, instead of a traceback."""
    try:
        yield
    except StartError as error:
        typer.echo(f"discord-cloud: {error}", err=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
