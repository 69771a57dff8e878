"""What people are told of errors from below the manager, whose own texts tell of ids and hosts."""

from collections.abc import Mapping

from catalog.errors import (
    CatalogError,
    CatalogUnavailable,
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
    WebhookNotConfigured,
)

_WORDS: Mapping[type[Exception], str] = {
    CatalogUnavailable: "the catalog is not available: try again shortly",
    RootIsFixed: "the root folder cannot be renamed, moved or deleted",
    TicketExpired: "the ticket was not used in time",
    TicketMissing: "there is no such ticket",
    TicketUsed: "the ticket has been used",
    CatalogError: "the catalog refused this",
    DiscordUnavailable: "Discord is not available: try again shortly",
    MessageGone: "part of this file was deleted on Discord and is lost",
    ChunkCorrupt: "part of this file was damaged on Discord",
    WebhookNotConfigured: "part of this file was posted by a webhook that cannot be used any more",
    StorageError: "this file cannot be fetched from Discord",
}
"""The most special class that fits counts."""


def words_for(error: Exception) -> str:
    """The text of an error of the manager's own; of others what may be told to anybody."""
    return next((_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS), str(error))
