"""`rotate-signing-key`, which adds a key to the catalog; running managers find it there."""

import time
from datetime import UTC, datetime
from pathlib import Path

import typer

from cli.context import CommandContext, command_context
from cli.errors import MasterKeyWrong
from cli.output import print_json, print_line
from cli.servers.catalog_maintenance import opened, record, require_catalog, run
from cli.servers.data_folder import DataFolder
from cli.servers.process import load
from manager.audit.actions import AuditAction
from manager.settings import KeyedCatalogSettings
from manager.signing.keys import rotate_signing_key
from storage.errors import InvalidMasterKey


def rotate(context: typer.Context, data: Path | None, *, revoke: bool, as_json: bool) -> None:
    """Add a signing key to the catalog of a data folder, or (None) to that of the settings."""
    ctx = command_context(context)
    run(
        ctx,
        lambda settings: _rotate(ctx, settings, revoke=revoke, as_json=as_json),
        lambda: load(KeyedCatalogSettings) if data is None else _settings_of(data),
    )


def _settings_of(data: Path) -> KeyedCatalogSettings:
    # As in `up`, the environment and `.env` may belong to another deployment.
    folder = DataFolder.existing(data)
    return KeyedCatalogSettings.model_validate(
        {
            "database_path": folder.database,
            "supabase_url": None,
            "supabase_key": None,
            "message_encryption_key": folder.encryption_key(),
        }
    )


async def _rotate(
    ctx: CommandContext, settings: KeyedCatalogSettings, *, revoke: bool, as_json: bool
) -> None:
    await require_catalog(settings)
    async with opened(settings) as catalog:
        try:
            key = await rotate_signing_key(
                catalog, settings.keyring, now=time.time(), revoke=revoke
            )
        except InvalidMasterKey as error:
            raise MasterKeyWrong(f"{error}: set MESSAGE_ENCRYPTION_KEY") from error
        action, key_id = AuditAction.SIGNING_KEY_ROTATED, key.key_id.hex()
        await record(ctx, catalog, action, subject=key_id, revoke=revoke)
    since = datetime.fromtimestamp(key.signs_from, UTC)
    if as_json:
        print_json(ctx.out, {"key_id": key_id, "signs_from": since})
    elif revoke:
        print_line(ctx.out, f"key {key_id} signs from now on; all others are revoked")
    else:
        print_line(
            ctx.out, f"key {key_id} signs from {since:%H:%M:%S} UTC on; the old one verifies on"
        )
