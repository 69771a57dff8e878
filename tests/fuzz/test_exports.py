"""Import files: each is taken as a whole, or refused with a typed error that leaves the catalog empty."""

import asyncio
import hashlib
import io
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import CatalogError
from catalog.sqlite.adapter import SqliteCatalog
from catalog.transfer import FORMAT, VERSION, ExportReader, export_catalog, import_catalog
from catalog.transfer_records import FolderRecord, ShareRecord
from tests.catalog.test_transfer import CHUNK, FILE, MESSAGE, OBJECT, USER
from tests.fuzz.inputs import fuzzed, json_values, mutated, quickly, repeated

FOLDER = FolderRecord(id=7, parent_id=0, name="folder")
SHARE = ShareRecord(file_id=1, user_id=1, can_write=True, shared_at=1.0)
RECORDS = [
    msgspec.to_builtins(record) for record in (USER, FOLDER, MESSAGE, OBJECT, CHUNK, FILE, SHARE)
]
HEADER = {"kind": "header", "format": FORMAT, "version": VERSION}
PIECES = st.sampled_from([b"[", b"{", b'{"a":', b"\n", b"\xff", b'"', b"1", b'{"kind":"user"}\n'])


def export_of(records: list[dict[str, Any]]) -> bytes:
    """A whole export of these records, in their order, with a footer that fits."""
    lines = b"".join(json.dumps(line).encode() + b"\n" for line in (HEADER, *records))
    counts = Counter(str(record["kind"]) for record in records)
    footer = {"kind": "footer", "counts": counts, "sha256": hashlib.sha256(lines).hexdigest()}
    return lines + json.dumps(footer).encode() + b"\n"


RIGHT = export_of(RECORDS)


@st.composite
def altered_records(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The records with other values in some of their fields, some of them left out or twice."""
    records = [dict(record) for record in RECORDS]
    for _ in range(draw(st.integers(1, 4))):
        record = draw(st.sampled_from(records))
        field = draw(st.sampled_from(sorted(record.keys() - {"kind"})))
        others = [other[field] for other in RECORDS if field in other]
        record[field] = draw(json_values() | st.sampled_from(others) | st.integers(0, 3))
    kept = [record for record in records if draw(st.integers(0, 9))]
    return kept if draw(st.booleans()) else [each for record in kept for each in (record, record)]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty catalog."""
    path = tmp_path_factory.mktemp("catalog") / "empty.sqlite3"

    async def make() -> None:
        async with SqliteCatalog.open(path):
            pass

    asyncio.run(make())
    return path


async def imported(path: Path, content: bytes) -> None:
    """Imports into the empty catalog: all of it, or nothing with a typed error."""
    async with SqliteCatalog.open(path) as catalog:
        before = await exported(catalog)
        try:
            await import_catalog(catalog, io.BytesIO(content))
        except CatalogError:
            assert await exported(catalog) == before
        else:
            assert counted(await exported(catalog)) == counted(content)


def counted(content: bytes) -> dict[str, int]:
    """The records of an export by kind, but for those that every catalog has."""
    counts: dict[str, int] = json.loads(content.splitlines()[-1])["counts"]
    counts.pop("sequence", None)
    return counts


async def exported(catalog: SqliteCatalog) -> bytes:
    """What an export of the catalog is now."""
    file = io.BytesIO()
    await export_catalog(catalog, file)
    return file.getvalue()


@fuzzed
@given(records=altered_records())
def test_altered_records(empty: Path, records: list[dict[str, Any]]) -> None:
    """An export of a catalog as none can be is not imported by halves."""
    path = empty.with_name("imported.sqlite3")
    shutil.copyfile(empty, path)
    for left in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        left.unlink(missing_ok=True)
    asyncio.run(imported(path, export_of(records)))


@fuzzed
@given(content=mutated(RIGHT) | repeated(PIECES))
def test_any_file(content: bytes) -> None:
    """Only what was written is read to its end; everything else is refused."""
    with quickly():
        try:
            for _ in ExportReader(io.BytesIO(content)).batches():
                pass
        except CatalogError:
            assert content != RIGHT
        else:
            assert json.loads(content.splitlines()[-1]) == json.loads(RIGHT.splitlines()[-1])
