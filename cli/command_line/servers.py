"""The commands that run servers: everything at once, or each part alone."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from cli.extras import require_extras
from cli.up_options import UpOptions

_DEFAULTS = UpOptions(data=Path("data"))


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("up")(run_up)
    app.command("manager")(run_manager)
    app.command("upload-service")(run_upload_service)
    app.command("processing-service")(run_processing_service)
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
        typer.Option(callback=_checked_url, help="URL at which other machines reach this one."),
    ] = None,
) -> None:
    """Run everything in one process: manager, upload slots and a Discord emulator."""
    require_extras("server", "processing")
    from cli.servers import embedded

    embedded.run_up(UpOptions(data=data, host=host, port=port, slots=slots, public_url=public_url))


def run_manager() -> None:
    """Run the manager, configured by environment or .env (docs/settings.md)."""
    require_extras("server")
    from cli.servers import manager

    manager.run_manager()


def run_upload_service() -> None:
    """Run an upload service, configured by environment or .env (docs/settings.md)."""
    require_extras("server")
    from cli.servers import upload_service

    upload_service.run_upload_service()


def run_processing_service() -> None:
    """Run a processing service, configured by environment or .env (docs/settings.md)."""
    require_extras("server", "processing")
    from cli.servers import processing_service

    processing_service.run_processing_service()


def run_emulator() -> None:
    """Run the Discord emulator alone, configured by environment or .env (docs/settings.md)."""
    require_extras("server")
    from cli.servers import emulator

    emulator.run_emulator()
