"""The commands that run servers, and those that work on the catalog directly."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from cli.command_line.options import Json, SpacesChoice, UpOptions
from cli.extras import require_extras

_DEFAULTS = UpOptions(data=Path("data"))
_STREAM = Path("-")

services = typer.Typer(
    name="services",
    no_args_is_help=True,
    help="Credentials of upload, processing and other services, in the catalog itself.",
)
spaces = typer.Typer(
    name="spaces",
    no_args_is_help=True,
    help="What users see: one tree, or homes, in the catalog itself.",
)
CredentialName = Annotated[
    str, typer.Argument(help="Name of the credential: a-z, 0-9, dot, dash, underscore.")
]
UpFolder = Annotated[
    Path | None, typer.Option(help="Folder of `discord-cloud up`, if that is what runs.")
]


class CredentialKind(StrEnum):
    """What a service credential is for."""

    UPLOAD = "upload"
    PROCESSING = "processing"
    THUMBNAIL = "thumbnail"
    GATEWAY = "gateway"
    METRICS = "metrics"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("up")(run_up)
    app.command("manager")(run_manager)
    app.command("upload-service")(run_upload_service)
    app.command("processing-service")(run_processing_service)
    app.command("gateway")(run_gateway)
    app.command("emulator")(run_emulator)
    app.command("migrate")(migrate)
    app.command("export", no_args_is_help=True)(export_catalog)
    app.command("import", no_args_is_help=True)(import_catalog)
    app.command("rotate-signing-key")(rotate_signing_key)
    app.add_typer(services)
    app.add_typer(spaces)


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
    spaces: Annotated[
        SpacesChoice | None,
        typer.Option(
            envvar="SPACES",
            help="What users of a new cloud see: one tree for all, or a home each. Asked for on a terminal.",
        ),
    ] = None,
) -> None:
    """Run everything in one process: manager, upload slots and a Discord emulator."""
    require_extras("server", "processing")
    from cli.servers import up

    up.run_up(
        UpOptions(
            data=data, host=host, port=port, slots=slots, public_url=public_url, spaces=spaces
        )
    )


def run_manager() -> None:
    """Run the manager, configured by environment or .env (docs/settings.md)."""
    require_extras("server")
    from cli.servers import standalone

    standalone.run_manager()


def run_upload_service() -> None:
    """Run an upload service, configured by environment or .env (docs/settings.md)."""
    require_extras("server")
    from cli.servers import standalone

    standalone.run_upload_service()


def run_processing_service() -> None:
    """Run a processing service, configured by environment or .env (docs/settings.md)."""
    require_extras("server", "processing")
    from cli.servers import standalone

    standalone.run_processing_service()


def run_gateway() -> None:
    """Run a gateway, configured by environment or .env (docs/settings.md)."""
    require_extras("server")
    from cli.servers import standalone

    standalone.run_gateway()


def run_emulator() -> None:
    """Run the Discord emulator alone, configured by environment or .env (docs/settings.md)."""
    require_extras("server")
    from cli.servers import standalone

    standalone.run_emulator()


def migrate(
    context: typer.Context,
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply pending migrations without asking.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show which migrations of the database are pending, and apply them (SQLite)."""
    require_extras("server")
    from cli.servers import catalog_maintenance

    catalog_maintenance.migrate(context, apply=apply, as_json=as_json)


def export_catalog(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(help="File to write, - for standard output.")],
    *,
    as_json: Json = False,
) -> None:
    """Write the whole catalog to a file (docs/export-format.md). Keep it secret."""
    require_extras("server")
    from cli.servers import catalog_maintenance

    if as_json and target == _STREAM:
        raise typer.BadParameter("--json and the export cannot both go to standard output")
    catalog_maintenance.export(context, None if target == _STREAM else target, as_json=as_json)


def import_catalog(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="File of an export, - for standard input.")],
    *,
    as_json: Json = False,
) -> None:
    """Fill an empty catalog from an export: all of it, or after an error nothing."""
    require_extras("server")
    from cli.servers import catalog_maintenance

    catalog_maintenance.import_(context, None if source == _STREAM else source, as_json=as_json)


def rotate_signing_key(
    context: typer.Context,
    *,
    revoke: Annotated[
        bool,
        typer.Option(
            "--revoke", help="End all logins, links and tickets at once, by deleting the old keys."
        ),
    ] = False,
    data: UpFolder = None,
    as_json: Json = False,
) -> None:
    """Replace the key that signs logins, links and tickets; running managers follow by themselves."""
    require_extras("server")
    from cli.servers import key_rotation

    key_rotation.rotate(context, data, revoke=revoke, as_json=as_json)


@services.command("add", no_args_is_help=True)
def add_service(
    context: typer.Context,
    name: CredentialName,
    *,
    kind: Annotated[CredentialKind, typer.Option(help="The work that it is for.")],
    credential: Annotated[
        Path | None,
        typer.Option(
            help="File with the credential, - for standard input; without it one is made."
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Revoke the one of this name that is in force.")
    ] = False,
    data: UpFolder = None,
    as_json: Json = False,
) -> None:
    """Let services in that have a new credential, and print it. It cannot be shown again."""
    require_extras("server")
    from cli.servers import service_credentials

    service_credentials.add(
        context, data, name, kind.value, credential, replace=replace, as_json=as_json
    )


@services.command("list")
def list_services(context: typer.Context, *, data: UpFolder = None, as_json: Json = False) -> None:
    """Show the credentials, including revoked ones, and when they were used last, roughly."""
    require_extras("server")
    from cli.servers import service_credentials

    service_credentials.list_(context, data, as_json=as_json)


@services.command("revoke", no_args_is_help=True)
def revoke_service(context: typer.Context, name: CredentialName, *, data: UpFolder = None) -> None:
    """Revoke a credential; running managers disconnect its services by themselves."""
    require_extras("server")
    from cli.servers import service_credentials

    service_credentials.revoke(context, data, name)


@spaces.command("personal")
def make_spaces_personal(
    context: typer.Context,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it without asking.")] = False,
    data: UpFolder = None,
    as_json: Json = False,
) -> None:
    """Give the folders of one tree to who owns the files in them, for SPACES=personal."""
    require_extras("server")
    from cli.servers import spaces as servers_spaces

    servers_spaces.make_personal(context, data, apply=apply, as_json=as_json)
