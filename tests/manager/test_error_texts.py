"""What people are told of errors from below the manager."""

import pytest

from catalog.errors import (
    CatalogFull,
    CatalogReadOnly,
    CatalogRefused,
    CatalogUnavailable,
    FileMissing,
    InvalidRecord,
    IsAFolder,
    RootIsFixed,
    TicketMissing,
)
from manager.error_texts import public_text
from manager.errors import InvalidRequest
from storage.errors import StorageError, UnknownKey

MISSING_KEY = (
    "the master key 00abcdef is missing: the server's operator has to add it to "
    "MESSAGE_ENCRYPTION_KEY, behind the key that encrypts"
)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            CatalogUnavailable("secret.host:5432 refused"),
            "the catalog is not available: try again shortly",
        ),
        (CatalogRefused("secret key"), "the server's database fails: only its operator can help"),
        (CatalogFull("secret path"), "the server's disk is full: its operator has to make room"),
        (
            CatalogReadOnly("secret path"),
            "the server cannot write its database: only its operator can help",
        ),
        (IsAFolder(("a", "b")), "/a/b is a folder, so that no file can have this name"),
        (
            UnknownKey(b"\x00\xab\xcd\xef"),
            MISSING_KEY,
        ),
        (InvalidRecord("UNIQUE constraint failed: secret"), "the catalog refused this"),
        (FileMissing("there is no file 5, secret"), "the catalog refused this"),
        (RootIsFixed("secret"), "the root folder cannot be renamed, moved or deleted"),
        (TicketMissing("there is no ticket secret"), "there is no such ticket"),
        (StorageError("secret message"), "this file cannot be fetched from Discord"),
        (InvalidRequest("name: is missing"), "name: is missing"),
    ],
)
def test_public_text(error, text):
    """Neither ids nor hosts nor constraints; the manager's own errors speak for themselves."""
    assert public_text(error) == text
