"""`discord-cloud up`: manager, upload slots, processing service and Discord emulator on one port.

All of them run in one process, except for the workers that decode uploaded files. Everything is kept in
one data folder, which the first start creates.

`up` decides all settings that say where files and secrets are, which servers are contacted and which
address is listened on, whatever the environment and `.env` say: everything stays in the data folder and on
this machine, even in a folder whose `.env` belongs to another deployment. The other settings (limits,
grace periods, policies) are read as the separate programs read them.
"""

import asyncio
import contextlib
import secrets
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import typer
from aiohttp import web
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from cli.command_line.options import SpacesChoice, UpOptions
from cli.servers.data_folder import DataFolder
from cli.servers.http_serving import listen, serving, start_error, url_of
from cli.servers.process import LogSettings, StopSettings, print_ready, run
from cli.servers.settings_errors import sandbox_required, settings_invalid
from discord_emulator.app import EMULATOR
from discord_emulator.app import create_app as create_emulator
from discord_emulator.settings import EmulatorSettings
from manager.app import create_app as create_manager
from manager.app import is_ready, setup_code, spaces_of
from manager.settings import ManagerSettings
from manager.space_views import SpacesMode
from processing_service.app import ProcessingService
from processing_service.errors import SandboxMissing
from processing_service.settings import ProcessingServiceSettings
from upload_service.app import UploadService
from upload_service.settings import UploadServiceSettings
from upload_service.zero_copy import protocol_factory

DECIDED: Final[Mapping[type[BaseSettings], frozenset[str]]] = {
    ManagerSettings: frozenset(
        {
            "manager_host",
            "manager_port",
            "manager_name",
            "cluster_url",
            "service_password",
            "message_encryption_key",
            "database_path",
            "supabase_url",
            "supabase_key",
            "discord_webhooks",
            "discord_api_url",
            "discord_bot_token",
            "discord_channels",
            "global_requests_per_s",
        }
    ),
    UploadServiceSettings: frozenset(
        {
            "manager_address",
            "service_credential",
            "own_address",
            "host",
            "port",
            "slots",
            "drain_grace_s",
            "reports_folder",
        }
    ),
    ProcessingServiceSettings: frozenset(
        {"manager_address", "service_credential", "upload_origin"}
    ),
    EmulatorSettings: frozenset(EmulatorSettings.model_fields),
    StopSettings: frozenset(),
    LogSettings: frozenset(),
}
"""Fields of each settings class that are never read."""

_Settings = TypeVar("_Settings", bound=BaseSettings)
CHANNELS = 4
UNLIMITED_REQUESTS_PER_S = 1_000_000
"""The emulator has no rate limit."""
DRAIN_GRACE_S = 1.0
"""Seconds that chunks in flight to the emulator are given at a stop."""
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
_NOTICE = """\
This is the embedded default: chunks go to a Discord emulator, and everything is stored in {data}.
docs/backup.md describes how to back that up, and how to move to the real Discord.
Stop with Ctrl-C."""
_SPACES = """\
This is a new cloud. Its users see one tree of files (`--spaces common`), or each has a home, a common space
and what others share (`--spaces personal`)."""
_FIRST_STEP = """\
There is no user yet. Create the administrator here: {link}"""


def up_settings(kind: type[_Settings], **values: object) -> _Settings:
    """Settings with the given values, and defaults for the others that `up` decides.

    Raises `pydantic.ValidationError` if a setting that is read is wrong.
    """
    names = DECIDED[kind]
    if unknown := values.keys() - names:
        raise TypeError(f"`up` does not decide {', '.join(sorted(unknown))}")
    fields = kind.model_fields
    defaults = {name: fields[name].default for name in names if not fields[name].is_required()}
    return kind(**{**defaults, **values})


def settings_read() -> Iterator[str]:
    """The names of the environment variables that `up` reads, each once."""
    read: dict[str, None] = {}
    for kind, names in DECIDED.items():
        prefix = kind.model_config.get("env_prefix", "")
        read.update(
            (f"{prefix}{name}".upper(), None) for name in kind.model_fields if name not in names
        )
    yield from read


class Started(NamedTuple):
    """A started instance: its URL, and the link that creates the first user (None if there is one)."""

    url: str
    setup_link: str | None


@contextlib.asynccontextmanager
async def running(options: UpOptions) -> AsyncIterator[Started]:
    """Run everything for the duration of the context; yields once uploads can be served.

    Raises `CommandError`.
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
            _processing_files(processing),
        ):
            if options.spaces is not None:
                await spaces_of(app).choose(SpacesMode(options.spaces))
            # The manager announces new services only to its clients, so this polls.
            while not is_ready(app, slots=options.slots):  # noqa: ASYNC110
                await asyncio.sleep(_READY_POLL_S)
            yield Started(url, await setup_code(app).link(url))


@contextlib.asynccontextmanager
async def _processing_files(service: ProcessingService) -> AsyncIterator[None]:
    try:
        async with service.run():
            yield
    except SandboxMissing as error:
        raise sandbox_required(error) from error


def _assemble(
    options: UpOptions, folder: DataFolder, url: str
) -> tuple[web.Application, UploadService, ProcessingService]:
    try:
        return _mounted(options, folder, url)
    except ValidationError as error:
        # The settings that `up` does not decide may be wrong in the environment.
        raise settings_invalid(error, _SETTINGS[error.title]) from None
    except OSError as error:
        raise start_error(error, options.host, options.port) from error


def _mounted(
    options: UpOptions, folder: DataFolder, url: str
) -> tuple[web.Application, UploadService, ProcessingService]:
    # The bot finds messages that the catalog does not know. Its token is used only inside this process.
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
    settings = up_settings(
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
    return up_settings(
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
    return up_settings(
        UploadServiceSettings,
        manager_address=url,
        service_credential=SecretStr(folder.service_password()),
        own_address=f"{public_url}/upload",
        slots=options.slots,
        drain_grace_s=DRAIN_GRACE_S,
        reports_folder=folder.reports,
    )


def _processing_settings(
    options: UpOptions, folder: DataFolder, url: str
) -> ProcessingServiceSettings:
    # This machine may be unable to connect to the public address; below a path of a proxy only it works.
    has_own_path = urlsplit(options.public_url or url).path.strip("/")
    return up_settings(
        ProcessingServiceSettings,
        manager_address=url,
        service_credential=SecretStr(folder.service_password()),
        upload_origin=None if has_own_path else url,
    )


def run_up(options: UpOptions) -> None:
    """Run everything until it is stopped. Asks before what is only chosen at the first start."""
    if options.spaces is None and not options.data.exists() and sys.stdin.isatty():
        options = replace(options, spaces=_asked_spaces())
    run(lambda: _up(options))


def _asked_spaces() -> SpacesChoice:
    typer.echo(_SPACES, err=True)
    is_personal = typer.confirm("Do users have homes?", default=False, err=True)
    return SpacesChoice.PERSONAL if is_personal else SpacesChoice.COMMON


async def _up(options: UpOptions) -> None:
    async with running(options) as started:
        print_ready(started.url)
        typer.echo(_NOTICE.format(data=options.data), err=True)
        if started.setup_link is not None:
            typer.echo(_FIRST_STEP.format(link=started.setup_link), err=True)
        await asyncio.Event().wait()
