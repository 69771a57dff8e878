"""What a peer may ask for beyond the base protocol (docs/extensions.md)."""

from collections.abc import Iterable

WEBHOOKS = "webhooks"
"""An upload service posts to webhooks leased to it and reports every chunk as it is stored."""

TICKETS = "tickets"
"""An upload service takes whole files from anybody who has a ticket of the manager."""
TICKET_HOLDERS = "ticket-holders"
"""An upload service that takes files with tickets hears whose they are, to be fair to all."""
ORGANISE = "organise"
"""A client moves folders, sees whom its files are shared with, and finds entries by name."""
REJECTIONS = "rejections"
"""A client hears by a code why an upload was rejected, and whether to ask again."""
ADMINISTER = "administer"
"""A client of an administrator lists users, and changes their roles and passwords."""
PROCESSING = "processing"
"""A processing service asks for jobs, reads through the manager and stores views by tickets."""


def parse_extensions(text: str) -> frozenset[str]:
    """Reads the comma-separated names that a peer asks for or was granted, without empty ones."""
    return frozenset(name for part in text.split(",") if (name := part.strip()))


def format_extensions(names: Iterable[str]) -> str:
    """Writes names as `parse_extensions` reads them, sorted, so that equal sets look equal."""
    return ",".join(sorted(names))
