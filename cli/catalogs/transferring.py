"""`export` and `import`: the whole catalog to a file and back."""

import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import typer

from catalog.errors import SchemaMismatch
from catalog.port import Catalog
from catalog.sqlite import schema
from catalog.sqlite.adapter import SqliteCatalog
from catalog.supabase.client import CALL_RETRY
from catalog.transfer import Counts, export_catalog, import_catalog
from cli.catalogs.running import run
from cli.data_folder import make_folder
from cli.output import say, say_json
from cli.server_errors import StartError
from cli.standard_output import output_may_end
from cli.surroundings import Surroundings, surroundings_of
from manager.settings import CatalogSettings

_ATTEMPT_S = 900.0
"""A call may have to copy the whole catalog."""
_RETRY = replace(CALL_RETRY, give_up_after_s=1800.0)


class SourceUnreadable(StartError):
    """The file to import cannot be read, or there is no catalog to export."""

    exit_code = 66


class TargetUnwritable(StartError):
    """The export cannot be written."""

    exit_code = 73


def export(context: typer.Context, target: Path | None, *, as_json: bool) -> None:
    """Write the catalog to a file, or (None) to standard output."""
    around = surroundings_of(context)
    run(around, lambda settings: _export(around, settings, target, as_json=as_json))


def import_(context: typer.Context, source: Path | None, *, as_json: bool) -> None:
    """Fill the catalog from a file, or (None) from standard input."""
    around = surroundings_of(context)
    run(around, lambda settings: _import(around, settings, source, as_json=as_json))


async def _export(
    around: Surroundings, settings: CatalogSettings, target: Path | None, *, as_json: bool
) -> None:
    await _require_catalog(settings)
    async with _opened(settings) as catalog:
        with output_may_end(), _writing(target) as file:
            counts = await export_catalog(catalog, file)
    _say_counts(around, "exported", counts, as_json=as_json)


async def _import(
    around: Surroundings, settings: CatalogSettings, source: Path | None, *, as_json: bool
) -> None:
    with _reading(source) as file:
        if settings.supabase_url is None:
            make_folder(settings.database_path.parent)
        async with _opened(settings) as catalog:
            counts = await import_catalog(catalog, file)
    _say_counts(around, "imported", counts, as_json=as_json)


@asynccontextmanager
async def _opened(settings: CatalogSettings) -> AsyncIterator[Catalog]:
    url, key = settings.supabase_url, settings.supabase_key
    if url is None or key is None:
        async with SqliteCatalog.open(settings.database_path, clock=time.time) as catalog:
            yield catalog
        return
    # An extra, which a catalog in SQLite does without.
    from catalog.supabase.adapter import SupabaseCatalog  # noqa: PLC0415

    async with SupabaseCatalog.open(
        url, key.get_secret_value(), clock=time.time, retry=_RETRY, attempt_s=_ATTEMPT_S
    ) as remote:
        yield remote


async def _require_catalog(settings: CatalogSettings) -> None:
    """An export makes no database and changes none, as opening one would."""
    path = settings.database_path
    if settings.supabase_url is not None:
        return
    if not path.exists():
        raise SourceUnreadable(f"there is no catalog at {path}: set DATABASE_PATH")
    if await schema.pending_migrations(path):
        raise SchemaMismatch(f"{path} is of an older release: run `discord-cloud migrate` first")


@contextlib.contextmanager
def _reading(path: Path | None) -> Iterator[BinaryIO]:
    try:
        with sys.stdin.buffer if path is None else path.open("rb") as file:
            yield file
    except OSError as error:
        raise SourceUnreadable(f"cannot read {path or '-'}: {error.strerror}") from error


@contextlib.contextmanager
def _writing(path: Path | None) -> Iterator[BinaryIO]:
    try:
        with _opened_for_writing(path) as file:
            yield file
    except OSError as error:
        raise TargetUnwritable(f"cannot write {path or '-'}: {error.strerror}") from error


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
    """A new file, its owner's alone, that takes the place of an older one once it is whole."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _say_counts(around: Surroundings, deed: str, counts: Counts, *, as_json: bool) -> None:
    if as_json:
        say_json(around.out, {deed: counts})
        return
    total = ", ".join(f"{kind} {number}" for kind, number in counts.items())
    say(around.err, f"{deed}: {total}")
