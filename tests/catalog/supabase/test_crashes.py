"""What a transfer makes of a database that crashes while it runs."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from catalog.errors import CatalogUnavailable
from catalog.supabase.adapter import SupabaseCatalog
from catalog.supabase.client import CALL_RETRY
from catalog.transfer_records import UserRecord
from local_supabase.programs import ChildFailed
from local_supabase.stack import LocalSupabase, running_supabase
from tests.local_programs import needed_for

USER = UserRecord(id=1, name="a", is_admin=True, password_hash="h", token_epoch=0, created_at=1.0)


@pytest.fixture
def doomed() -> Iterator[LocalSupabase]:
    """A Supabase that keeps what it acknowledged, and may crash, as nobody else uses it."""
    with needed_for("the catalog on Supabase"), running_supabase(durable=True) as supabase:
        yield supabase


@pytest.fixture
async def catalog(doomed) -> AsyncIterator[SupabaseCatalog]:
    """The catalog on it, which waits for however long the database takes to recover."""
    retry = replace(CALL_RETRY, max_tries=1000, give_up_after_s=60.0)
    async with SupabaseCatalog.open(doomed.url, doomed.service_key, retry=retry) as catalog:
        yield catalog


def crash(supabase: LocalSupabase) -> None:
    """Kills a process of PostgreSQL, which then recovers as from a loss of power."""
    victim = supabase.database.query(
        "select pid from pg_stat_activity where usename = 'authenticator' limit 1"
    )
    kill = f"copy (select pg_sleep(600)) to program 'kill -9 {victim.strip()}'"
    with pytest.raises(ChildFailed):  # as it ends all other connections too
        supabase.database.query(kill)


async def test_an_export_is_never_cut_off(catalog, doomed):
    """An export during which the database crashes fails, instead of ending early without a word."""
    await catalog.create_first_user("ann", "hash")
    await catalog.make_folders(("a",))
    async with catalog.exporting() as batches, aclosing(batches):
        await anext(batches)
        crash(doomed)
        with pytest.raises(CatalogUnavailable, match="begin anew"):
            _ = [batch async for batch in batches]


async def test_an_import_says_what_became_of_it(catalog, doomed):
    """An import during which the database crashes is to be begun anew, and left nothing behind."""
    with pytest.raises(CatalogUnavailable, match="begin anew"):
        await import_through_a_crash(catalog, doomed)
    assert await catalog.user_by_name("a") is None


async def import_through_a_crash(catalog, doomed) -> None:
    """An import during which the database crashes."""
    async with catalog.importing() as sink:
        await sink.add([USER])
        crash(doomed)
        await sink.add([USER])
