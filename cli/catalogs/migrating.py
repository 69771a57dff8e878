"""`migrate`: which migrations are pending, and applying them where that is done from here."""

import asyncio
import time
from pathlib import Path

import typer

from catalog.sqlite import schema
from catalog.sqlite.database import Database
from cli.catalogs.running import run
from cli.data_folder import make_folder
from cli.output import say, say_json
from cli.surroundings import Surroundings, surroundings_of
from manager.settings import CatalogSettings

PENDING = 1
"""Exit code while a migration is pending."""


def migrate(context: typer.Context, *, apply: bool, as_json: bool) -> None:
    """Show what is pending; apply it if wanted, or if somebody who is asked says so."""
    around = surroundings_of(context)
    run(around, lambda settings: _migrate(around, settings, apply=apply, as_json=as_json))


async def _migrate(
    around: Surroundings, settings: CatalogSettings, *, apply: bool, as_json: bool
) -> None:
    if settings.supabase_url is None or settings.supabase_key is None:
        await _migrate_sqlite(around, settings.database_path, apply=apply, as_json=as_json)
        return
    # An extra, which a catalog in SQLite does without.
    from catalog.supabase.schema import pending_migrations  # noqa: PLC0415

    pending = await pending_migrations(
        settings.supabase_url, settings.supabase_key.get_secret_value()
    )
    if as_json:
        _say_data(around, "supabase", pending=pending)
    else:
        _say_pending(around, "the Supabase project", pending)
    if pending:
        say(around.err, "apply the migrations in supabase/migrations with `supabase db push`")
        raise typer.Exit(PENDING)


async def _migrate_sqlite(around: Surroundings, path: Path, *, apply: bool, as_json: bool) -> None:
    pending = tuple(
        f"{each.version:04}_{each.name}" for each in await schema.pending_migrations(path)
    )
    if not as_json:
        _say_pending(around, str(path), pending)
    applied = pending if pending and (apply or await _is_agreed(around, as_json=as_json)) else ()
    if applied:
        await _upgrade(path)
    left = () if applied else pending
    if as_json:
        _say_data(around, "sqlite", pending=left, applied=applied)
    elif applied:
        say(around.out, "applied")
    if left:
        raise typer.Exit(PENDING)


async def _upgrade(path: Path) -> None:
    await asyncio.to_thread(make_folder, path.parent)
    async with Database.open(path) as database:
        await schema.upgrade(database, time.time)


async def _is_agreed(around: Surroundings, *, as_json: bool) -> bool:
    if as_json or not around.is_interactive:
        return False
    say(around.err, "Stop the manager and keep a copy of the file first. Apply now? [y/N]")
    return (await around.read_line()).strip().lower() in {"y", "yes"}


def _say_pending(around: Surroundings, where: str, pending: tuple[str, ...]) -> None:
    if not pending:
        say(around.out, f"{where} is up to date")
        return
    say(around.out, f"{where} needs:")
    for name in pending:
        say(around.out, f"  {name}")


def _say_data(
    around: Surroundings, kind: str, *, pending: tuple[str, ...], applied: tuple[str, ...] = ()
) -> None:
    say_json(around.out, {"catalog": kind, "pending": pending, "applied": applied})
