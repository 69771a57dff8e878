"""`migrate`, `export` and `import`, which open the catalog themselves; no manager has to run."""

import asyncio
import contextlib
import getpass
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import typer
import uvloop

from catalog.audit_port import AuditStore
from catalog.errors import (
    CatalogError,
    CatalogNotEmpty,
    ExportDamaged,
    InvalidRecord,
    SchemaMismatch,
    ServiceCredentialTaken,
)
from catalog.port import Catalog
from catalog.sqlite import schema
from catalog.sqlite.adapter import SqliteCatalog
from catalog.sqlite.database import Database
from catalog.transfer import Counts, export_catalog, import_catalog
from cli.context import CommandContext, command_context
from cli.errors import (
    CatalogOccupied,
    CatalogUnusable,
    CommandError,
    CredentialNotAdded,
    ExportInvalid,
    ExportUnreadable,
    ExportUnwritable,
    reported,
)
from cli.extras import require_extras
from cli.garbage import collect_what_follows
from cli.output import print_json, print_line
from cli.servers.data_folder import make_folder
from cli.servers.process import LogSettings, load, logging_to_stderr
from cli.standard_output import exits_on_closed_output
from manager.audit.actions import AuditAction
from manager.audit.events import new_event
from manager.settings import CatalogSettings

_ERRORS: Mapping[type[CatalogError], type[CommandError]] = {
    ExportDamaged: ExportInvalid,
    InvalidRecord: ExportInvalid,
    CatalogNotEmpty: CatalogOccupied,
    ServiceCredentialTaken: CredentialNotAdded,
    CatalogError: CatalogUnusable,
}
"""The most derived class that matches counts."""

_Settings = TypeVar("_Settings", bound=CatalogSettings)
PENDING = 1
"""Exit code while a migration is pending."""
_ATTEMPT_S = 900.0
"""A call may have to copy the whole catalog."""
_GIVE_UP_AFTER_S = 1800.0


def run(
    ctx: CommandContext,
    program: Callable[[_Settings], Coroutine[Any, Any, None]],
    read_settings: Callable[[], _Settings],
) -> None:
    """Run a command to its end; its errors become one line and an exit code."""
    with reported(ctx.err), _translated(), logging_to_stderr(load(LogSettings)):
        settings = read_settings()
        if settings.supabase_url is not None:
            require_extras("server", "supabase")
        collect_what_follows()
        uvloop.run(program(settings))


def _settings() -> CatalogSettings:
    return load(CatalogSettings)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Raise errors of the catalog as errors of the command."""
    try:
        yield
    except CatalogError as error:
        kind = next(_ERRORS[kind] for kind in type(error).__mro__ if kind in _ERRORS)
        raise kind(str(error)) from error


def migrate(context: typer.Context, *, apply: bool, as_json: bool) -> None:
    """Print pending migrations; apply them with `apply`, or after a confirmation on a terminal."""
    ctx = command_context(context)
    run(ctx, lambda settings: _migrate(ctx, settings, apply=apply, as_json=as_json), _settings)


async def _migrate(
    ctx: CommandContext, settings: CatalogSettings, *, apply: bool, as_json: bool
) -> None:
    if settings.supabase_url is None or settings.supabase_key is None:
        await _migrate_sqlite(ctx, settings.database_path, apply=apply, as_json=as_json)
        return
    # An extra, which a catalog in SQLite does without.
    from catalog.supabase.schema import pending_migrations  # noqa: PLC0415

    pending = await pending_migrations(
        settings.supabase_url, settings.supabase_key.get_secret_value()
    )
    if as_json:
        _print_data(ctx, "supabase", pending=pending)
    else:
        _print_pending(ctx, "the Supabase project", pending)
    if pending:
        print_line(ctx.err, "apply the migrations in supabase/migrations with `supabase db push`")
        raise typer.Exit(PENDING)


async def _migrate_sqlite(ctx: CommandContext, path: Path, *, apply: bool, as_json: bool) -> None:
    pending = tuple(
        f"{each.version:04}_{each.name}" for each in await schema.pending_migrations(path)
    )
    if not as_json:
        _print_pending(ctx, str(path), pending)
    applied = pending if pending and (apply or await _is_agreed(ctx, as_json=as_json)) else ()
    if applied:
        await _upgrade(path)
    left = () if applied else pending
    if as_json:
        _print_data(ctx, "sqlite", pending=left, applied=applied)
    elif applied:
        print_line(ctx.out, "applied")
    if left:
        raise typer.Exit(PENDING)


async def _upgrade(path: Path) -> None:
    await asyncio.to_thread(make_folder, path.parent)
    async with Database.open(path) as database:
        await schema.upgrade(database, time.time)


async def _is_agreed(ctx: CommandContext, *, as_json: bool) -> bool:
    if as_json or not ctx.is_interactive:
        return False
    print_line(ctx.err, "Stop the manager and keep a copy of the file first. Apply now? [y/N]")
    return (await ctx.read_line()).strip().lower() in {"y", "yes"}


def _print_pending(ctx: CommandContext, where: str, pending: tuple[str, ...]) -> None:
    if not pending:
        print_line(ctx.out, f"{where} is up to date")
        return
    print_line(ctx.out, f"{where} needs:")
    for name in pending:
        print_line(ctx.out, f"  {name}")


def _print_data(
    ctx: CommandContext, kind: str, *, pending: tuple[str, ...], applied: tuple[str, ...] = ()
) -> None:
    print_json(ctx.out, {"catalog": kind, "pending": pending, "applied": applied})


def export(context: typer.Context, target: Path | None, *, as_json: bool) -> None:
    """Write the catalog to a file, or (None) to standard output."""
    ctx = command_context(context)
    run(ctx, lambda settings: _export(ctx, settings, target, as_json=as_json), _settings)


def import_(context: typer.Context, source: Path | None, *, as_json: bool) -> None:
    """Fill the catalog from a file, or (None) from standard input."""
    ctx = command_context(context)
    run(ctx, lambda settings: _import(ctx, settings, source, as_json=as_json), _settings)


async def _export(
    ctx: CommandContext, settings: CatalogSettings, target: Path | None, *, as_json: bool
) -> None:
    await require_catalog(settings)
    async with opened(settings) as catalog:
        with exits_on_closed_output(), _writing(target) as file:
            counts = await export_catalog(catalog, file)
        await record(ctx, catalog, AuditAction.CATALOG_EXPORTED, subject=str(target or "-"))
    _print_counts(ctx, "exported", counts, as_json=as_json)


async def _import(
    ctx: CommandContext, settings: CatalogSettings, source: Path | None, *, as_json: bool
) -> None:
    with _reading(source) as file:
        if settings.supabase_url is None:
            make_folder(settings.database_path.parent)
        async with opened(settings) as catalog:
            counts = await import_catalog(catalog, file)
            await record(ctx, catalog, AuditAction.CATALOG_IMPORTED, subject=str(source or "-"))
    _print_counts(ctx, "imported", counts, as_json=as_json)


@asynccontextmanager
async def opened(settings: CatalogSettings) -> AsyncIterator[Catalog]:
    """The catalog that the settings name. Raises `CatalogError`."""
    url, key = settings.supabase_url, settings.supabase_key
    if url is None or key is None:
        async with SqliteCatalog.open(settings.database_path, clock=time.time) as catalog:
            yield catalog
        return
    # An extra, which a catalog in SQLite does without.
    from catalog.supabase.adapter import SupabaseCatalog  # noqa: PLC0415
    from catalog.supabase.client import CALL_RETRY  # noqa: PLC0415

    retry = replace(CALL_RETRY, give_up_after_s=_GIVE_UP_AFTER_S)
    async with SupabaseCatalog.open(
        url, key.get_secret_value(), clock=time.time, retry=retry, attempt_s=_ATTEMPT_S
    ) as remote:
        yield remote


async def record(
    ctx: CommandContext,
    catalog: AuditStore,
    action: AuditAction,
    *,
    subject: str,
    **details: object,
) -> None:
    """Enter into the audit log what was done; if that fails, say so and go on."""
    with contextlib.suppress(KeyError, OSError):
        # There may be no name for the user of the process, as in a container.
        details["os_user"] = getpass.getuser()
    event = new_event(
        action, at=time.time(), actor=None, address=None, subject=subject, details=details
    )
    try:
        await catalog.put_audit_events([event])
    except CatalogError as error:
        print_line(ctx.err, f"done, but the audit log does not have it: {error}")


async def require_catalog(settings: CatalogSettings) -> None:
    """Check that there is a current catalog, since opening one would create or upgrade it."""
    path = settings.database_path
    if settings.supabase_url is not None:
        return
    if not path.exists():
        raise ExportUnreadable(f"there is no catalog at {path}: set DATABASE_PATH")
    if await schema.pending_migrations(path):
        raise SchemaMismatch(f"{path} is of an older release: run `discord-cloud migrate` first")


@contextlib.contextmanager
def _reading(path: Path | None) -> Iterator[BinaryIO]:
    try:
        with sys.stdin.buffer if path is None else path.open("rb") as file:
            yield file
    except OSError as error:
        raise ExportUnreadable(f"cannot read {path or '-'}: {error.strerror}") from error


@contextlib.contextmanager
def _writing(path: Path | None) -> Iterator[BinaryIO]:
    try:
        with _opened_for_writing(path) as file:
            yield file
    except OSError as error:
        raise ExportUnwritable(f"cannot write {path or '-'}: {error.strerror}") from error


def _opened_for_writing(path: Path | None) -> AbstractContextManager[BinaryIO]:
    if path is None:
        return _standard_output()
    # A pipe or a device is written to, not replaced.
    return path.open("wb") if path.exists() and not path.is_file() else _new(path)


@contextlib.contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


@contextlib.contextmanager
def _new(path: Path) -> Iterator[BinaryIO]:
    """A new file, private to its owner, that replaces an older one once it is complete."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _print_counts(ctx: CommandContext, action: str, counts: Counts, *, as_json: bool) -> None:
    if as_json:
        print_json(ctx.out, {action: counts})
        return
    total = ", ".join(f"{kind} {number}" for kind, number in counts.items())
    print_line(ctx.err, f"{action}: {total}")
