"""What users are told of errors from below the manager, whose own texts name ids and hosts."""

import logging
from collections.abc import Mapping

from catalog.errors import (
    CatalogError,
    CatalogFaulty,
    CatalogFull,
    CatalogReadOnly,
    CatalogUnavailable,
    IsAFolder,
    NotAFolder,
    RootIsFixed,
    TicketExpired,
    TicketMissing,
    TicketUsed,
)
from storage.errors import (
    ChunkCorrupt,
    DiscordUnavailable,
    MessageGone,
    StorageError,
    UnknownKey,
    WebhookNotConfigured,
)

_WORDS: Mapping[type[Exception], str | None] = {
    IsAFolder: None,
    NotAFolder: None,
    CatalogUnavailable: "the catalog is not available: try again shortly",
    CatalogFaulty: "the server's database fails: only its operator can help",
    CatalogFull: "the server's disk is full: its operator has to make room",
    CatalogReadOnly: "the server cannot write its database: only its operator can help",
    RootIsFixed: "the root folder cannot be renamed, moved or deleted",
    TicketExpired: "the ticket was not used in time",
    TicketMissing: "there is no such ticket",
    TicketUsed: "the ticket has been used",
    CatalogError: "the catalog refused this",
    DiscordUnavailable: "Discord is not available: try again shortly",
    MessageGone: "part of this file was deleted on Discord and is lost",
    ChunkCorrupt: "part of this file was damaged on Discord",
    UnknownKey: None,
    WebhookNotConfigured: "part of this file was posted by a webhook that cannot be used any more",
    StorageError: "this file cannot be fetched from Discord",
}
"""The most special class that fits counts; None: its own text may be told to anybody."""


def public_text(error: Exception) -> str:
    """The text of an error of the manager's own; of others what may be told to anybody."""
    words = next((_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS), None)
    return str(error) if words is None else words


def log_level(error: Exception) -> int:
    """How serious the line is that tells the log of a call that failed.

    The catalog itself tells once of a fault that lasts until the operator acts.
    """
    return logging.DEBUG if isinstance(error, CatalogFaulty) else logging.WARNING
