"""`services`, which works on the credentials in the catalog; running managers find them there."""

import sys
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol

import typer

from catalog.records import ServiceCredential, ServiceKind
from catalog.service_credential_port import ServiceCredentialStore
from cli.context import CommandContext, command_context
from cli.errors import CredentialUnreadable
from cli.output import print_json, print_line
from cli.servers.catalog_maintenance import opened, require_catalog, run
from cli.servers.data_folder import DataFolder
from cli.servers.process import load
from client_sdk.errors import InvalidInput, NotFound
from manager.accounts.account_json import service_credential_to_json
from manager.errors import InvalidRequest
from manager.services.credentials import (
    REFRESH_S,
    add_credential,
    new_credential_text,
    replace_credential,
)
from manager.settings import CatalogSettings

_STREAM = Path("-")


class _Adding(Protocol):
    """How a credential is added."""

    def __call__(
        self,
        catalog: ServiceCredentialStore,
        name: str,
        kind: ServiceKind,
        text: str,
        *,
        now: float,
    ) -> Awaitable[ServiceCredential]: ...


def add(
    context: typer.Context,
    data: Path | None,
    name: str,
    kind: str,
    given: Path | None,
    *,
    replace: bool,
    as_json: bool,
) -> None:
    """Let services in that have a new credential, which is printed, or the one of a file."""
    ctx = command_context(context)
    adding = replace_credential if replace else add_credential
    run(
        ctx,
        lambda settings: _add(
            ctx, settings, name, ServiceKind(kind), given, adding, as_json=as_json
        ),
        lambda: _settings_of(data),
    )


def list_(context: typer.Context, data: Path | None, *, as_json: bool) -> None:
    """Print all credentials."""
    ctx = command_context(context)
    run(ctx, lambda settings: _list(ctx, settings, as_json=as_json), lambda: _settings_of(data))


def revoke(context: typer.Context, data: Path | None, name: str) -> None:
    """End the credential of a name."""
    ctx = command_context(context)
    run(ctx, lambda settings: _revoke(ctx, settings, name), lambda: _settings_of(data))


def _settings_of(data: Path | None) -> CatalogSettings:
    if data is None:
        return load(CatalogSettings)
    # As in `up`, the environment and `.env` may belong to another deployment.
    return CatalogSettings.model_validate(
        {
            "database_path": DataFolder.existing(data).database,
            "supabase_url": None,
            "supabase_key": None,
        }
    )


async def _add(
    ctx: CommandContext,
    settings: CatalogSettings,
    name: str,
    kind: ServiceKind,
    given: Path | None,
    adding: _Adding,
    *,
    as_json: bool,
) -> None:
    text = new_credential_text() if given is None else _text_in(given)
    await require_catalog(settings)
    async with opened(settings) as catalog:
        try:
            await adding(catalog, name, kind, text, now=time.time())
        except InvalidRequest as error:
            raise InvalidInput(str(error)) from error
    shown = text if given is None else None
    if as_json:
        print_json(ctx.out, {"name": name, "kind": kind.value, "credential": shown})
    elif shown is None:
        print_line(ctx.err, f"{name} is let in for {kind.value}")
    else:
        print_line(ctx.out, shown)
        print_line(ctx.err, "This is the only time that the credential is shown.")


def _text_in(path: Path) -> str:
    try:
        text = sys.stdin.read() if path == _STREAM else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialUnreadable(f"cannot read {path}: expected a credential") from error
    return text.strip()


async def _list(ctx: CommandContext, settings: CatalogSettings, *, as_json: bool) -> None:
    await require_catalog(settings)
    async with opened(settings) as catalog:
        credentials = await catalog.list_service_credentials()
    if as_json:
        print_json(ctx.out, [service_credential_to_json(each) for each in credentials])
        return
    for each in credentials:
        shown = service_credential_to_json(each)
        state = f"revoked {shown['revoked_at']}" if each.revoked_at is not None else "in force"
        used = shown["last_used_at"] or "never"
        print_line(ctx.out, f"{each.name}  {each.kind.value}  {state}  last used: {used}")


async def _revoke(ctx: CommandContext, settings: CatalogSettings, name: str) -> None:
    await require_catalog(settings)
    async with opened(settings) as catalog:
        if not await catalog.revoke_service_credential(name):
            raise NotFound(f"no credential named {name!r} is in force")
    print_line(
        ctx.err, f"revoked; services that have it are disconnected within {REFRESH_S:.0f} seconds"
    )
