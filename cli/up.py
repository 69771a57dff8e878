"""`discord-cloud up`: manager, upload slots, processing service and Discord emulator, on one port.

All are in one process, but for the workers that decode what was uploaded.

Everything that it needs is under one data folder and is made at the first start.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import SecretStr, ValidationError

from cli.data_folder import DataFolder
from cli.server_errors import SettingsInvalid, start_error
from cli.serving import listen, serving, url_of
from cli.up_options import UpOptions
from cli.up_settings import decided
from discord_emulator.app import EMULATOR
from discord_emulator.app import create_app as create_emulator
from discord_emulator.settings import EmulatorSettings
from manager.app import create_app as create_manager
from manager.app import is_ready, setup_code
from manager.settings import ManagerSettings
from processing_service.app import ProcessingService
from processing_service.settings import ProcessingServiceSettings
from upload_service.app import UploadService
from upload_service.settings import UploadServiceSettings
from upload_service.zero_copy import protocol_factory

CHANNELS = 4
UNLIMITED_REQUESTS_PER_S = 1_000_000
"""The emulator takes as many as come."""
DRAIN_GRACE_S = 1.0
"""Seconds that chunks on their way into the emulator are given at a stop."""
_SETTINGS = {
    settings.__name__: settings
    for settings in (
        EmulatorSettings,
        ManagerSettings,
        ProcessingServiceSettings,
        UploadServiceSettings,
    )
}
_READY_POLL_S = 0.02


class Started(NamedTuple):
    """What can be reached now: the URL, and where the first user is made (None once there is one)."""

    url: str
    setup_link: str | None


@contextlib.asynccontextmanager
async def running(options: UpOptions) -> AsyncIterator[Started]:
    """Runs everything for the length of the context; yields once it can serve uploads.

    Raises `StartError`.
    """
    with (
        DataFolder.open(options.data) as folder,
        contextlib.closing(listen(options.host, options.port)) as listening,
    ):
        url = url_of(listening)
        app, uploads, processing = _assemble(options, folder, url)
        # `ZeroCopyProtocol` of the upload service passes everything else on to aiohttp.
        async with (
            serving(app, listening, connections=protocol_factory),
            uploads.run(),
            processing.run(),
        ):
            # The manager tells of new services only to its clients, so it is asked.
            while not is_ready(app, slots=options.slots):  # noqa: ASYNC110
                await asyncio.sleep(_READY_POLL_S)
            yield Started(url, await setup_code(app).link(url))


def _assemble(
    options: UpOptions, folder: DataFolder, url: str
) -> tuple[web.Application, UploadService, ProcessingService]:
    try:
        return _mounted(options, folder, url)
    except ValidationError as error:
        # What is not chosen here may come from the environment, and be wrong there.
        raise SettingsInvalid(error, _SETTINGS[error.title]) from None
    except OSError as error:
        raise start_error(error, options.host, options.port) from error


def _mounted(
    options: UpOptions, folder: DataFolder, url: str
) -> tuple[web.Application, UploadService, ProcessingService]:
    # A bot finds messages that nobody knows. Nobody else needs its token, so it is new each time.
    bot_token = SecretStr(secrets.token_urlsafe(32))
    emulator = _emulator(folder, url, bot_token)
    webhooks = emulator[EMULATOR].webhook_urls()
    app = create_manager(_manager_settings(options, folder, url, webhooks, bot_token))
    uploads = UploadService(_upload_settings(options, folder, url))
    processing = ProcessingService(_processing_settings(options, folder, url))
    app.add_subapp("/upload", uploads.intake)
    app.add_subapp("/discord", emulator)
    return app, uploads, processing


def _emulator(folder: DataFolder, url: str, bot_token: SecretStr) -> web.Application:
    settings = decided(
        EmulatorSettings,
        data=folder.discord,
        public_url=f"{url}/discord",
        channels=CHANNELS,
        limits="off",
        bot_token=bot_token,
    )
    return create_emulator(settings)


def _manager_settings(
    options: UpOptions, folder: DataFolder, url: str, webhooks: list[str], bot_token: SecretStr
) -> ManagerSettings:
    return decided(
        ManagerSettings,
        manager_host=options.host,
        manager_port=options.port,
        service_password=SecretStr(folder.service_password()),
        message_encryption_key=SecretStr(folder.encryption_key()),
        discord_webhooks=SecretStr(" ".join(webhooks)),
        discord_api_url=f"{url}/discord/api/v10",
        discord_bot_token=bot_token,
        database_path=folder.database,
        global_requests_per_s=UNLIMITED_REQUESTS_PER_S,
    )


def _upload_settings(options: UpOptions, folder: DataFolder, url: str) -> UploadServiceSettings:
    public_url = (options.public_url or url).rstrip("/")
    return decided(
        UploadServiceSettings,
        manager_address=url,
        service_password=SecretStr(folder.service_password()),
        own_address=f"{public_url}/upload",
        slots=options.slots,
        drain_grace_s=DRAIN_GRACE_S,
        reports_folder=folder.reports,
    )


def _processing_settings(
    options: UpOptions, folder: DataFolder, url: str
) -> ProcessingServiceSettings:
    # The public address may not lead here from here; below a path of a proxy's own, only it does.
    has_own_path = urlsplit(options.public_url or url).path.strip("/")
    return decided(
        ProcessingServiceSettings,
        manager_address=url,
        service_password=SecretStr(folder.service_password()),
        upload_origin=None if has_own_path else url,
    )
