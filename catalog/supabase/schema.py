"""Which migrations this release needs. They are applied with the Supabase CLI, never from here."""

from collections.abc import Iterable

from catalog.errors import SchemaMismatch
from catalog.supabase.client import CALL_RETRY, Functions
from common.retry import RetryPolicy

MIGRATIONS = (
    "20261122000100_tables",
    "20261122000200_rules",
    "20261122000300_accounts",
    "20261122000400_folders",
    "20261122000500_files",
    "20261122000600_commits",
    "20261122000700_objects",
    "20261122000800_tickets",
    "20261122000900_references",
    "20261122001000_jobs",
    "20261122001100_walks",
    "20261122001200_keys",
    "20261122001300_transfer",
    "20261128000100_sharing",
    "20261128000200_views",
    "20261128000300_export",
    "20261128000400_import",
    "20261128000500_messages",
    "20261128000600_collection",
    "20261128000700_positions",
    "20261128000800_administration",
    "20261128001000_access",
    "20261129000100_deleted_messages",
    "20261129000200_messages_and_webhooks",
    "20261129000300_password_rehash",
    "20261129000310_setup_code",
    "20261129000400_one_path",
    "20261129000401_named_garbage",
    "20261129000402_master_keys",
    "20261130000100_change_sequence",
    "20261130000200_subjects",
    "20261130000300_kept_uploads",
    "20261130000400_committed_uploads",
    "20261130000500_signing_keys",
    "20261130000600_transfer_kinds",
    "20261130002000_service_credentials",
    "20261130003000_logins",
    "20261130004000_second_factors",
    "20261130005000_links",
    "20261130010000_audit_events",
    "20261130010100_quotas",
    "20261130011000_kept_upload_folders",
    "20261130012000_whole_messages",
    "20261130013000_channel_limits",
    "20261130020000_single_chunks",
    "20261130020500_compaction",
    "20261130020600_upload_commits",
    "20261130030100_overview",
    "20261130050100_search",
    "20261130070000_spaces",
    "20261130070500_trash",
    "20261130071000_natural_order",
    "20261130072000_copies",
    "20261130072500_search_texts",
    "20261130190100_modification_times",
    "20261130190200_short_terms",
    "20261130190300_unlisted_trash",
    "20261130191000_folder_links",
    "20261130194000_outbox",
    "20261130195500_invitations",
    "20261130195600_user_usages",
    "20261130222000_lease_fence",
    "20261130223000_stars",
    "20261130224000_places_of_prefixes",
)
"""Files of `supabase/migrations/`, in order, without `.sql`."""


async def pending_migrations(
    url: str, key: str, *, retry: RetryPolicy = CALL_RETRY
) -> tuple[str, ...]:
    """Which migrations a project lacks.

    Raises:
        SchemaMismatch: A newer release migrated the database.
        CatalogUnavailable: The project cannot be reached now, or does not let us in.
    """
    async with Functions.connected(url, key, retry=retry) as functions:
        return pending(await applied_migrations(functions))


async def applied_migrations(functions: Functions) -> list[str]:
    """Which migrations were applied to the database. Also makes sure that it can be written."""
    try:
        return list(await functions.write("check_catalog"))
    except SchemaMismatch:
        # Not even the function that answers this is there.
        return []


def require_schema(applied: Iterable[str]) -> None:
    """Compares what was applied with what is needed.

    Raises:
        SchemaMismatch: Something is missing, or a newer release migrated the database.
    """
    if missing := pending(applied):
        raise SchemaMismatch(
            f"the database lacks {', '.join(missing)}: apply supabase/migrations with "
            "`supabase db push`"
        )


def pending(applied: Iterable[str]) -> tuple[str, ...]:
    """What is missing. Raises `SchemaMismatch` when there is more than this release knows.

    A migration is known by its number: some of the first release had other names.
    """
    present = {_version_of(name): name for name in applied}
    known = {_version_of(name): name for name in MIGRATIONS}
    missing = tuple(name for version, name in known.items() if version not in present)
    unknown = sorted(name for version, name in present.items() if version not in known)
    if unknown and not missing:
        raise SchemaMismatch(
            f"the database has {', '.join(unknown)}, which this release does not know: install "
            "the release that brought it, or a newer one"
        )
    return missing


def _version_of(name: str) -> str:
    return name.partition("_")[0]
