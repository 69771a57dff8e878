"""`migrate`, `export` and `import`: they work on the catalog itself, where it is; no manager need run."""

from pathlib import Path
from typing import Annotated

import typer

from cli.command_line.options import Json
from cli.extras import require_extras

_STREAM = Path("-")


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("migrate")(migrate)
    app.command("export", no_args_is_help=True)(export_catalog)
    app.command("import", no_args_is_help=True)(import_catalog)


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
    from cli.catalogs import migrating

    migrating.migrate(context, apply=apply, as_json=as_json)


def export_catalog(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(help="File to write, - for standard output.")],
    *,
    as_json: Json = False,
) -> None:
    """Write the whole catalog to a file (docs/export-format.md). Keep it secret."""
    require_extras("server")
    from cli.catalogs import transferring

    if as_json and target == _STREAM:
        raise typer.BadParameter("--json and the export cannot both go to standard output")
    transferring.export(context, None if target == _STREAM else target, as_json=as_json)


def import_catalog(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="File of an export, - for standard input.")],
    *,
    as_json: Json = False,
) -> None:
    """Fill an empty catalog from an export: all of it, or after an error nothing."""
    require_extras("server")
    from cli.catalogs import transferring

    transferring.import_(context, None if source == _STREAM else source, as_json=as_json)
