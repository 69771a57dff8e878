# ruff: noqa: S608 - only constants are put into statements
"""The migrations: what they make, whom they let in, and what the adapter says when some lack."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import catalog.supabase
from catalog.errors import SchemaMismatch
from catalog.naming import numbered_name
from catalog.sort_keys import natural_sort_key
from catalog.supabase.adapter import SupabaseCatalog
from catalog.supabase.schema import MIGRATIONS, require_schema
from local_supabase.database import migrations, running_database
from local_supabase.stack import running_supabase
from tests.catalog.names import NAMES
from tests.catalog.natural_names import NAMES as NATURAL_NAMES

OURS = (
    "select pg_proc.oid::regprocedure from pg_proc where proname <> 'empty_catalog' and"
    " pronamespace in ('public'::regnamespace, 'catalog_private'::regnamespace)"
)

PAIRS = (
    "insert into public.folders (parent_id, name) values (0, 'a.txt'), (0, 'README'), (0, 'empty')",
    """
    insert into public.objects (id, size, chunk_size, chunk_count, envelope, state, created_at)
    values (gen_random_uuid(), 0, 1, 0, 'v1', 'stored', 0)
    """,
    """
    insert into public.files (folder_id, name, object_id, is_public, size, created_at, updated_at)
    select 0, name, id, false, 0, 0, 0
    from public.objects, unnest(array['a.txt', 'a (1).txt', 'README', 'alone']) as name
    """,
)

# Only the owner of a table may switch its triggers off for an import.
NEED_THEIR_OWNER = {"finish_import(uuid,bigint)"}


def rows(supabase, sql: str) -> list[str]:
    """Asks the database itself."""
    answer: str = supabase.database.query(sql)
    return answer.splitlines()


def test_migrations_are_those_that_the_adapter_asks_for():
    """The adapter knows the migrations by name, and there are no others."""
    assert tuple(path.stem for path in migrations()) == MIGRATIONS


def test_every_migration_notes_itself():
    """Each file ends by noting its own version and name."""
    for path in migrations():
        version, _, name = path.stem.partition("_")
        assert path.read_text().rstrip().endswith(f"values ('{version}', '{name}');")


async def test_missing_migrations_are_named(empty, clock):
    """A database that lacks the newest migration is refused, and the text says which and how."""
    newest = MIGRATIONS[-1]
    version, _, name = newest.partition("_")
    empty.database.query(f"delete from public.schema_version where version = '{version}'")
    try:
        with pytest.raises(SchemaMismatch, match=rf"lacks {newest}: .*supabase db push"):
            async with SupabaseCatalog.open(empty.url, empty.service_key, clock=clock):
                pass
    finally:
        empty.database.query(
            f"insert into public.schema_version (version, name) values ('{version}', '{name}')"
        )


async def test_database_without_migrations():
    """A new project is refused with the names of all migrations."""
    with (
        running_supabase(is_migrated=False) as supabase,
        pytest.raises(SchemaMismatch, match=f"{MIGRATIONS[0]}.*{MIGRATIONS[-1]}"),
    ):
        async with SupabaseCatalog.open(supabase.url, supabase.service_key):
            pass


def test_files_that_have_the_path_of_a_folder_are_numbered():
    """Of each pair of an earlier release the file is renamed, past all names that are there."""
    scripts = migrations()
    number = [script.stem for script in scripts].index("20261129000400_one_path")
    with running_database() as database:
        database.run_scripts(*scripts[:number])
        for statement in PAIRS:
            database.query(statement)
        database.run_scripts(*scripts[number:])
        found = database.query("select name from public.files order by id").splitlines()
    assert found == ["a (2).txt", "a (1).txt", "README (1)", "alone"]


def test_newer_databases_are_refused():
    """A migration that this release does not know is named."""
    require_schema(MIGRATIONS)
    with pytest.raises(SchemaMismatch, match="20990101000000_future"):
        require_schema([*MIGRATIONS, "20990101000000_future"])


def test_row_level_security_is_on_without_policies(empty):
    """Every table is closed to all but the service role."""
    assert (
        rows(
            empty,
            "select relname from pg_class where relkind = 'r' and not relrowsecurity"
            " and relnamespace = 'public'::regnamespace",
        )
        == []
    )
    assert rows(empty, "select polname from pg_policy") == []


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_nobody_else_may_anything(empty, role):
    """Other roles have no right on any table, view or function, whatever Supabase grants them."""
    assert (
        rows(
            empty,
            "select oid::regclass from pg_class where relkind in ('r', 'v') and relnamespace in"
            " ('public'::regnamespace, 'catalog_private'::regnamespace) and has_table_privilege("
            f"'{role}', oid, 'select, insert, update, delete, truncate, references, trigger')",
        )
        == []
    )
    functions = f"{OURS} and has_function_privilege('{role}', pg_proc.oid, 'execute')"
    assert rows(empty, functions) == []


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_functions_and_tables_refuse_the_public_key(empty, role):
    """With the key that is in every web page nothing can be read or called."""
    key = empty.key_of(role)
    status, _ = empty.call("user_by_id", key=key, p_user_id=1)
    assert status in {401, 403}
    assert empty.read_table("users", key=key)[0] in {401, 403}


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_counters_of_ids_refuse_the_public_key(empty, role):
    """With the key that is in every web page no id is looked at or used up."""
    privileges = f"has_sequence_privilege('{role}', seqrelid, 'usage, select, update')"
    sequences = (
        "select relname from pg_sequence join pg_class on pg_class.oid = seqrelid"
        " where relnamespace = 'public'::regnamespace"
    )
    assert rows(empty, sequences) != []
    assert rows(empty, f"{sequences} and {privileges}") == []


def test_the_service_role_may_call_every_function(empty):
    """No function was forgotten in the grants."""
    assert (
        rows(
            empty, f"{OURS} and not has_function_privilege('service_role', pg_proc.oid, 'execute')"
        )
        == []
    )


def test_every_function_is_called_and_every_called_one_exists(empty):
    """No name is misspelled, and no function of the API is left over."""
    adapter = Path(catalog.supabase.__file__).parent
    code = "\n".join(path.read_text() for path in adapter.glob("*.py"))
    called = set(re.findall(r"\.(?:read|write|_change)\(\s*\"(\w+)\"", code))
    public = rows(
        empty,
        "select proname from pg_proc where pronamespace = 'public'::regnamespace"
        " and proname <> 'empty_catalog'",
    )
    assert called == set(public)


def test_functions_run_as_their_caller_with_pinned_names(empty):
    """Functions run with their caller's rights wherever they can; none is led to other tables."""
    assert set(rows(empty, f"{OURS} and prosecdef")) <= NEED_THEIR_OWNER
    unpinned = "not coalesce('search_path=\"\"' = any(proconfig), false)"
    assert rows(empty, f"{OURS} and {unpinned}") == []


def test_everything_is_described(empty):
    """Tables, columns, and functions other than triggers have comments."""
    assert (
        rows(
            empty,
            "select attrelid::regclass || '.' || attname from pg_attribute join pg_class"
            " on pg_class.oid = attrelid where relnamespace = 'public'::regnamespace and relkind = 'r'"
            " and attnum > 0 and col_description(attrelid, attnum) is null",
        )
        == []
    )
    assert (
        rows(
            empty,
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
            " and obj_description(oid, 'pg_class') is null",
        )
        == []
    )
    undescribed = (
        " and prorettype <> 'trigger'::regtype and obj_description(oid, 'pg_proc') is null"
    )
    assert rows(empty, f"{OURS}{undescribed}") == []


def test_every_foreign_key_has_an_index(empty):
    """Deleting what is referred to does not read whole tables."""
    assert (
        rows(
            empty,
            "select conrelid::regclass, conname from pg_constraint where contype = 'f' and not exists"
            " (select from pg_index where indrelid = conrelid and indpred is null"
            " and indkey[0] = conkey[1])",
        )
        == []
    )


@pytest.mark.parametrize("name", [*NAMES, "line\nbreak.txt", "'; drop table files; --.txt"])
@pytest.mark.parametrize("keep_extension", [True, False])
def test_numbers_stand_where_they_stand_elsewhere(empty, name, keep_extension):
    """Names are numbered by the same rules as on SQLite."""
    for number in (1, 12, 100_000):
        quoted = name.replace("'", "''")
        call = f"catalog_private.numbered_name('{quoted}', {number}, {keep_extension})"
        found = empty.database.query(f"select to_json({call})")
        assert (
            found.strip()
            == empty.database.query(
                f"select to_json('{numbered_name(quoted, number, keep_extension=keep_extension)}'::text)"
            ).strip()
        )


@settings(max_examples=15, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None)
@given(names=st.lists(NATURAL_NAMES, min_size=20, max_size=20))
def test_names_have_the_same_keys_as_elsewhere(empty, names):
    """Both databases so list the same names in the same order."""
    assert keys_of(empty, names) == [natural_sort_key(name) for name in names]


def keys_of(supabase, names: list[str]) -> list[str]:
    """What the function of the database makes of names."""
    quoted = json.dumps(names).replace("'", "''")
    answer = supabase.database.query(
        "select json_agg(catalog_private.natural_sort_key(name) order by position) from"
        f" json_array_elements_text('{quoted}') with ordinality as given (name, position)"
    )
    keys: list[str] = json.loads(answer)
    return keys
