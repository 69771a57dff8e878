"""Texts for users about errors of the catalog and of storage, whose own texts name ids and hosts."""

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
    QuotaExceeded,
    RootIsFixed,
    TicketExpired,
    TicketMissing,
    TicketUsed,
)
from protocol.values import Retry
from reading.answers import LASTING_READING, READING_TEXTS
from storage.errors import DiscordUnavailable

_TEXTS: Mapping[type[Exception], str | None] = {
    IsAFolder: None,
    NotAFolder: None,
    QuotaExceeded: None,
    CatalogUnavailable: "the catalog is not available: try again shortly",
    CatalogFaulty: "the server's database fails: only its operator can help",
    CatalogFull: "the server's disk is full: its operator has to make room",
    CatalogReadOnly: "the server cannot write its database: only its operator can help",
    RootIsFixed: "the root folder cannot be renamed, moved or deleted",
    TicketExpired: "the ticket was not used in time",
    TicketMissing: "there is no such ticket",
    TicketUsed: "the ticket has been used",
    CatalogError: "the catalog refused this",
    **READING_TEXTS,
}
"""By the most derived class; None: every user may see the error's own text."""


def public_text(error: Exception) -> str:
    """The text of an error that every user may see."""
    text = next((_TEXTS[kind] for kind in type(error).__mro__ if kind in _TEXTS), None)
    return str(error) if text is None else text


LASTING = (CatalogFaulty, *LASTING_READING)
"""What asking again does not change, unless an operator acts."""


def retry_of(error: Exception) -> Retry | None:
    """Whether what has failed may succeed later; None when the error does not tell."""
    if isinstance(error, LASTING):
        return "never"
    return "later" if isinstance(error, CatalogUnavailable | DiscordUnavailable) else None


def log_level(error: Exception) -> int:
    """The level at which a failed call is logged.

    The catalog itself logs a fault that lasts until the operator acts, once.
    """
    return logging.DEBUG if isinstance(error, CatalogFaulty) else logging.WARNING
