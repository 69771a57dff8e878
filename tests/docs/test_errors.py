"""The tables of errors are complete: each error that can be answered, with its status and code."""

import re

from catalog.errors import CatalogError
from manager.errors import ManagerError
from tests.docs.blocks import ROOT
from upload_service.errors import (
    ChunkError,
    NoSuchChunk,
    OtherBytesStored,
    Stopping,
    StoredBefore,
    TicketRefused,
    TypeMismatch,
    UnknownUpload,
)

INTERNAL = (500, "internal")
OF_CHUNKS_ALONE = {UnknownUpload, NoSuchChunk, OtherBytesStored, Stopping, StoredBefore}
OF_TICKETS_ALONE = {TicketRefused, TypeMismatch}
TICKETS = (ROOT / "docs" / "tickets.md").read_text()


def errors_but(others: set[type[ChunkError]]) -> set[tuple[int, str]]:
    """Status and code of each error of the upload service but for some."""
    kinds = set(ChunkError.__subclasses__()) - others
    return {(kind.status, kind.code) for kind in kinds} | {INTERNAL}


def section(page: str, heading: str) -> str:
    """What stands below a heading."""
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_every_error_of_a_form_is_explained() -> None:
    """With its status and its code, and none is made up."""
    rows = re.findall(
        r"^\| (\d+) \| `([\w-]+)` \|", section(TICKETS, "Errors of uploads"), re.MULTILINE
    )
    assert {(int(status), code) for status, code in rows} == errors_but(OF_CHUNKS_ALONE)


def test_every_status_of_a_chunk_is_explained() -> None:
    """And none is made up."""
    page = section((ROOT / "docs" / "upload-service.md").read_text(), "Sending chunks")
    documented = {int(status) for status in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert documented == {200} | {status for status, _ in errors_but(OF_TICKETS_ALONE)}


def test_every_code_of_graphql_that_is_explained_exists() -> None:
    """Programs may rely on the codes."""

    def codes_of(kind: type[Exception]) -> set[str]:
        return {getattr(kind, "code", "")}.union(*map(codes_of, kind.__subclasses__()))

    first_cells = re.findall(r"^\| (`.*?`) \|", section(TICKETS, "Errors of GraphQL"), re.MULTILINE)
    documented = {code for cell in first_cells for code in re.findall(r"`([\w-]+)`", cell)}
    assert documented - codes_of(ManagerError) - codes_of(CatalogError) == {
        "internal",
        "too-complex",
    }
