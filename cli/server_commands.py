"""The commands that run servers: everything at once, or each part alone."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import typer
import uvloop
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from cli import up
from cli.data_folder import make_folder
from cli.logging import LogSettings, configure
from cli.server_errors import SettingsInvalid, StartError, start_error
from cli.serving import listen, serving, until_stopped, url_of
from discord_emulator.app import serve as serve_emulator
from discord_emulator.settings import EmulatorSettings
from manager.app import create_app
from manager.settings import ManagerSettings
from upload_service.app import serve as serve_uploads
from upload_service.settings import UploadServiceSettings

_Settings = TypeVar("_Settings", bound=BaseSettings)

_DEFAULTS = up.UpOptions(data=Path("data"))
_EMBEDDED_NOTICE = """\
This is the embedded default: chunks go to a Discord emulator, everything is kept in {data}.
For the real Discord, several machines or more channels see README.md and docs/settings.md.
Stop with Ctrl-C."""


def register(app: typer.Typer) -> None:
    """Adds the commands to the `discord-cloud` command."""
    app.command("up")(run_up)
    app.command("manager")(run_manager)
    app.command("upload-service")(run_upload_service)
    app.command("emulator")(run_emulator)


def _checked_url(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise typer.BadParameter("expected an http:// or https:// URL")
    return url


def run_up(
    data: Annotated[Path, typer.Option(help="Folder that keeps everything.")] = _DEFAULTS.data,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = _DEFAULTS.host,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = (
        _DEFAULTS.port
    ),
    slots: Annotated[int, typer.Option(min=1, max=256, help="Uploads at the same time.")] = (
        _DEFAULTS.slots
    ),
    public_url: Annotated[
        str | None,
        typer.Option(
            callback=_checked_url, help="URL at which other machines reach this one, if they shall."
        ),
    ] = None,
) -> None:
    """Run everything in one process: manager, upload slots and a Discord emulator."""
    options = up.UpOptions(data=data, host=host, port=port, slots=slots, public_url=public_url)
    _run(lambda: _up(options))


def run_manager() -> None:
    """Run the manager, configured by environment or .env (docs/settings.md)."""
    _run(lambda: _manager(_load(ManagerSettings)))


def run_upload_service() -> None:
    """Run an upload service, configured by environment or .env (docs/settings.md)."""
    _run(lambda: _upload_service(_load(UploadServiceSettings)))


def run_emulator() -> None:
    """Run the Discord emulator alone, configured by environment or .env (docs/settings.md)."""
    _run(lambda: _emulator(_load(EmulatorSettings)))


async def _up(options: up.UpOptions) -> None:
    async with up.running(options) as url:
        _ready(url)
        typer.echo(_EMBEDDED_NOTICE.format(data=options.data), err=True)
        await asyncio.Event().wait()


async def _manager(settings: ManagerSettings) -> None:
    if settings.supabase_url is None:
        make_folder(settings.database_path.parent)
    with contextlib.closing(listen(settings.manager_host, settings.manager_port)) as listening:
        async with serving(create_app(settings), listening):
            _ready(url_of(listening))
            await asyncio.Event().wait()


async def _upload_service(settings: UploadServiceSettings) -> None:
    try:
        await serve_uploads(settings, on_ready=_ready)
    except OSError as error:
        raise start_error(error, settings.host, settings.port) from error


async def _emulator(settings: EmulatorSettings) -> None:
    try:
        await serve_emulator(settings, on_ready=_ready)
    except OSError as error:
        raise start_error(error, settings.host, settings.port) from error


def _run(program: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with _reported():
        configure(_load(LogSettings))
        uvloop.run(until_stopped(program()))


def _load(settings: type[_Settings]) -> _Settings:
    """The settings from environment and `.env`. Raises `SettingsInvalid`."""
    try:
        return settings()
    except ValidationError as error:
        raise SettingsInvalid(error, settings) from None


def _ready(url: str) -> None:
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
