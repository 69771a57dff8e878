"""Which migrations this release needs. They are applied with the Supabase CLI, never from here."""

from collections.abc import Iterable

from catalog.errors import SchemaMismatch

MIGRATIONS = (
    "20261122000100_tables",
    "20261122000200_rules",
    "20261122000300_accounts",
    "20261122000400_folders",
    "20261122000500_files",
    "20261122000600_commits",
    "20261122000700_objects",
    "20261122000800_tickets",
    "20261122000900_services",
    "20261122001000_jobs",
    "20261122001100_walks",
    "20261122001200_access",
    "20261122001300_transfer",
)
"""Files of `supabase/migrations/`, in order, without `.sql`."""


def require_schema(applied: Iterable[str]) -> None:
    """Compares what was applied with what is needed.

    Raises:
        SchemaMismatch: Something is missing, or a newer release migrated the database.
    """
    present = set(applied)
    if missing := [name for name in MIGRATIONS if name not in present]:
        raise SchemaMismatch(
            f"the database lacks {', '.join(missing)}: apply supabase/migrations with "
            "`supabase db push`"
        )
    if unknown := sorted(present.difference(MIGRATIONS)):
        raise SchemaMismatch(
            f"the database has {', '.join(unknown)}, which this release does not know: install "
            "the release that brought it, or a newer one"
        )
