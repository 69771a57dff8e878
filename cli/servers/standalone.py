"""The server programs that run alone: manager, upload and processing service, gateway, Discord emulator.

Each imports its server only when it is run, so that it neither waits for nor needs the libraries of the
others.
"""

import asyncio
import contextlib

from cli.errors import reported
from cli.extras import require_extras
from cli.output import TextOutput
from cli.servers.data_folder import make_folder
from cli.servers.http_serving import listen, serving, start_error, url_of
from cli.servers.process import load, print_ready, run
from cli.servers.settings_errors import sandbox_required
from common.tasks import supervised


def run_manager() -> None:
    """Run a manager until it is stopped."""
    from manager.app import create_app, setup_code
    from manager.settings import ManagerSettings

    async def program() -> None:
        settings = load(ManagerSettings)
        if settings.supabase_url is None:
            make_folder(settings.database_path.parent)
        else:
            require_extras("server", "supabase")
        with contextlib.closing(listen(settings.manager_host, settings.manager_port)) as listening:
            app = create_app(settings)
            async with serving(app, listening):
                url = url_of(listening)
                print_ready(url)
                page = settings.manager_public_url or url
                await supervised("setup-code", lambda: setup_code(app).log(page))
                await asyncio.Event().wait()

    run(program)


def run_upload_service() -> None:
    """Run an upload service until it is stopped."""
    from upload_service.app import serve
    from upload_service.settings import UploadServiceSettings

    with reported(TextOutput(is_error=True)):
        settings = load(UploadServiceSettings)

    async def program() -> None:
        try:
            await serve(settings, on_ready=print_ready)
        except OSError as error:
            raise start_error(error, settings.host, settings.port) from error

    run(program, drain_s=settings.drain_grace_s)


def run_processing_service() -> None:
    """Run a processing service until it is stopped."""
    from processing_service.app import serve
    from processing_service.errors import SandboxMissing
    from processing_service.settings import ProcessingServiceSettings

    async def program() -> None:
        settings = load(ProcessingServiceSettings)
        try:
            await serve(settings, on_ready=print_ready)
        except SandboxMissing as error:
            raise sandbox_required(error) from error

    run(program)


def run_gateway() -> None:
    """Run a gateway until it is stopped; downloads that run then may end."""
    from gateway.app import create_app, drain
    from gateway.settings import GatewaySettings

    with reported(TextOutput(is_error=True)):
        settings = load(GatewaySettings)

    async def program() -> None:
        with contextlib.closing(listen(settings.host, settings.port)) as listening:
            app = create_app(settings)
            async with serving(app, listening):
                print_ready(url_of(listening))
                try:
                    await asyncio.Event().wait()
                finally:
                    await drain(app, settings.drain_grace_s)

    run(program, drain_s=settings.drain_grace_s)


def run_emulator() -> None:
    """Run a Discord emulator until it is stopped."""
    from discord_emulator.app import serve
    from discord_emulator.settings import EmulatorSettings

    async def program() -> None:
        settings = load(EmulatorSettings)
        try:
            await serve(settings, on_ready=print_ready)
        except OSError as error:
            raise start_error(error, settings.host, settings.port) from error

    run(program)
