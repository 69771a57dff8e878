"""The statements: each has a name and a description, is used, and is accepted by SQLite."""

import re
from pathlib import Path

import pytest

import catalog.sqlite
from catalog.sqlite.connections import Session
from catalog.sqlite.statements import Statements, sql

ADAPTER = Path(catalog.sqlite.__file__).parent
NAMED = re.compile(r"\bsql\.([a-z_]+)\b")
VARIANTS = (
    "list_files_by_",
    "file_position_by_",
    "subfolder_position_",
    "file_place_",
    "subfolder_place_",
    "export_",
    "import_",
)


def test_every_statement_is_used_and_every_used_one_exists():
    """No name is misspelled, and no statement is left over."""
    code = "\n".join(path.read_text() for path in ADAPTER.glob("*.py"))
    named = set(NAMED.findall(code))
    variants = {name for name in sql if name.startswith(VARIANTS)}
    assert named | variants == set(sql)


def test_every_statement_is_described():
    """Each heading is followed by a description, and each statement ends once."""
    for script in (ADAPTER / "statements").glob("*.sql"):
        text = script.read_text()
        assert len(re.findall(r"^-- \w+ --\n-- \S", text, re.MULTILINE)) == len(
            list(Statements(text))
        ), script.name
        assert text.count(";\n") == len(list(Statements(text))), script.name


async def test_sqlite_accepts_every_statement(database):
    """Each one fits the schema of this release."""

    def explain(session: Session) -> None:
        for name in sql:
            parameters = dict.fromkeys(re.findall(r":([a-z_]+)", sql[name]), 1)
            assert session.rows(f"EXPLAIN {sql[name]}", **parameters), name

    await database.read(explain)


def test_two_statements_of_one_name_are_refused():
    """A name says which statement is meant."""
    script = "-- twice --\n-- Described.\nSELECT 1;\n"
    with pytest.raises(ValueError, match="two statements are called twice"):
        Statements(script, script)


def test_a_missing_statement_is_an_error():
    """A misspelled name never becomes a statement."""
    with pytest.raises(AttributeError, match="there is no statement nothing"):
        _ = sql.nothing


@pytest.mark.parametrize("name", sorted(sql))
def test_a_name_is_written_with_its_sort_key(name):
    """Otherwise the entry would be listed where it was, or first."""
    written = re.search(
        r"INSERT INTO (?:files|folders) \([^)]*\bname\b|UPDATE (?:files|folders) SET [^;]*\bname =",
        sql[name],
    )
    assert not written or "natural_sort_key(" in sql[name]
