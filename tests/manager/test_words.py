"""What people are told of errors from below the manager."""

import pytest

from catalog.errors import (
    CatalogRefused,
    CatalogUnavailable,
    FileMissing,
    InvalidRecord,
    RootIsFixed,
    TicketMissing,
)
from manager.errors import InvalidRequest
from manager.words import words_for
from storage.errors import StorageError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            CatalogUnavailable("secret.host:5432 refused"),
            "the catalog is not available: try again shortly",
        ),
        (CatalogRefused("secret key"), "the catalog is not available: try again shortly"),
        (InvalidRecord("UNIQUE constraint failed: secret"), "the catalog refused this"),
        (FileMissing("there is no file 5, secret"), "the catalog refused this"),
        (RootIsFixed("secret"), "the root folder cannot be renamed, moved or deleted"),
        (TicketMissing("there is no ticket secret"), "there is no such ticket"),
        (StorageError("secret message"), "this file cannot be fetched from Discord"),
        (InvalidRequest("name: is missing"), "name: is missing"),
    ],
)
def test_words(error, words):
    """Neither ids nor hosts nor constraints; the manager's own errors speak for themselves."""
    assert words_for(error) == words
