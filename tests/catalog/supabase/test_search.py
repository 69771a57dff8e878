"""Searches on Supabase: the database folds text as the program does, and is not kept busy for long."""

import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from catalog.errors import SearchTooLong
from catalog.folding import folded
from catalog.search_port import SearchQuery
from local_supabase import programs
from local_supabase.database import SUPERUSER, LocalDatabase


def test_the_database_folds_as_the_program_does(empty, tmp_path):
    """Every character of Unicode, each on a line of its own, and a sigma where a word ends."""
    characters = [
        chr(code)
        for code in range(0x20, sys.maxunicode + 1)
        if unicodedata.category(chr(code)) not in {"Cn", "Cs", "Co", "Cc"}
    ]
    text = "\n".join([*characters, "\u039f\u0394\u039f\u03a3", "STRASSE"])
    quoted = text.replace("'", "''")
    answer = empty.database.folder / "folded"
    script = tmp_path / "folded.sql"
    script.write_text(
        f"create temp table answer as select encode(convert_to("
        f"catalog_private.folded('{quoted}'), 'utf8'), 'hex') as text; copy answer to '{answer}'"
    )
    empty.database.run_scripts(script, role=SUPERUSER)
    found = bytes.fromhex(answer.read_text().replace("\\n", "")).decode()
    assert found.splitlines() == folded(text).splitlines()


@contextmanager
def locked(database: LocalDatabase, table: str) -> Iterator[None]:
    """Keeps everybody else from a table."""
    command = [programs.postgresql("psql"), "-qAt", database.uri(SUPERUSER)]
    with subprocess.Popen(  # noqa: S603 - our own database
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as psql:
        assert psql.stdin is not None
        assert psql.stdout is not None
        psql.stdin.write(f"begin; lock table {table}; select 'locked';\n")
        psql.stdin.flush()
        assert psql.stdout.readline() == "locked\n"
        yield
        psql.stdin.close()


async def test_a_search_that_takes_too_long_is_ended(catalog, empty, pauses):
    """The database ends it, and it is not asked again; what else it answers it goes on answering."""
    user = await catalog.create_user("ann", "hash")
    with locked(empty.database, "public.search_entries"):
        with pytest.raises(SearchTooLong):
            await catalog.search(SearchQuery(text="x"), viewer_id=user.id, limit=9)
        assert await catalog.user_by_name("ann") == user
    assert pauses.seconds == []
    assert (await catalog.search(SearchQuery(), viewer_id=user.id, limit=9)).hits == ()
