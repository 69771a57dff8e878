"""`spaces`, which turns a catalog of one tree into homes; no manager may run meanwhile."""

from dataclasses import asdict
from pathlib import Path

import typer

from catalog.port import Catalog
from cli.context import CommandContext, command_context
from cli.output import print_json, print_line
from cli.servers.catalog_maintenance import opened, record, require_catalog, run
from cli.servers.data_folder import DataFolder
from cli.servers.process import load
from manager.audit.actions import AuditAction
from manager.settings import CatalogSettings
from manager.spaces.migration import MovedEntries, SpacesMigration


def make_personal(context: typer.Context, data: Path | None, *, apply: bool, as_json: bool) -> None:
    """Move everything in the catalog of a data folder, or (None) in that of the settings."""
    ctx = command_context(context)
    run(
        ctx,
        lambda settings: _make_personal(ctx, settings, apply=apply, as_json=as_json),
        lambda: load(CatalogSettings) if data is None else _settings_of(data),
    )


def _settings_of(data: Path) -> CatalogSettings:
    # As in `up`, the environment and `.env` may belong to another deployment.
    folder = DataFolder.existing(data)
    return CatalogSettings.model_validate(
        {"database_path": folder.database, "supabase_url": None, "supabase_key": None}
    )


async def _make_personal(
    ctx: CommandContext, settings: CatalogSettings, *, apply: bool, as_json: bool
) -> None:
    await require_catalog(settings)
    if not apply and not await _is_agreed(ctx, as_json=as_json):
        print_line(ctx.err, "nothing was changed")
        raise typer.Exit(1)
    async with opened(settings) as catalog:
        moved = await _migrated(ctx, catalog)
    if as_json:
        print_json(ctx.out, asdict(moved))
        return
    print_line(
        ctx.out,
        f"{moved.homes} homes; moved {moved.folders} whole folders, and {moved.files} files out of "
        "folders of several users; start the manager with SPACES=personal now",
    )


async def _migrated(ctx: CommandContext, catalog: Catalog) -> MovedEntries:
    moved = await SpacesMigration(catalog).run()
    await record(ctx, catalog, AuditAction.SPACES_MADE, subject="personal", **asdict(moved))
    return moved


async def _is_agreed(ctx: CommandContext, *, as_json: bool) -> bool:
    if as_json or not ctx.is_interactive:
        return False
    print_line(
        ctx.err,
        "This gives every folder to who owns the files in it, and cannot be taken back. Stop the manager and "
        "keep a copy of the catalog first. Go on? [y/N]",
    )
    return (await ctx.read_line()).strip().lower() in {"y", "yes"}
