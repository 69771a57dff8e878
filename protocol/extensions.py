"""Extensions of the base protocol that a peer may ask for (docs/extensions.md)."""

from collections.abc import Iterable

WEBHOOKS = "webhooks"
"""An upload service posts to webhooks leased to it and reports every chunk as it is stored."""
MESSAGES = "messages"
"""An upload service puts several chunks into one message, and reports them together."""
CHANNEL_DEMAND = "channel-demand"
"""An upload service tells when its posts wait, and waits for channels when it has none."""
OBJECT_KEYS = "object-keys"
"""An upload service is sent the key of each object that it seals, and no master key."""
MESSAGE_LIMITS = "message-limits"
"""The manager sends an upload service what messages take, as it was learned, and larger chunks."""
LARGE_CHUNKS = "large-chunks"
"""A client sends chunks of any size that the manager says."""
TICKETS = "tickets"
"""An upload service accepts whole files from any client with a ticket of the manager."""
TICKET_HOLDERS = "ticket-holders"
"""The manager sends an upload service the holder of each ticket, for fairness among users."""
ORGANISE = "organise"
"""A client moves folders, lists the shares of its files, and finds entries by name."""
COPY = "copy"
"""A client copies files and folders without sending their content again."""
MODIFICATION_TIMES = "modification-times"
"""Files keep their modification times: a client sends them with uploads, and receives and lists by them."""
OVERVIEW = "overview"
"""A client asks for sizes and dates of folders and for recent files, and learns what was processed."""
SEARCH = "search"
"""A client searches files and folders by name, type, size, time, owner, and by texts in contents."""
STARS = "stars"
"""A client stars files and folders, and learns what its user stars elsewhere."""
RESUME = "resume"
"""A client keeps uploads beyond its connection and resumes them; a service goes on with such uploads."""
BUNDLE = "bundle"
"""Many small files are sent together, as one request and one body; changes are announced together."""
REJECTIONS = "rejections"
"""The manager sends a client a code for why an upload was rejected, and whether to ask again."""
ADMINISTER = "administer"
"""A client of an administrator lists users, and changes their roles and passwords."""
PROCESSING = "processing"
"""A processing service requests jobs, reads through the manager and stores views with tickets."""


def parse_extensions(text: str) -> frozenset[str]:
    """Read the comma-separated names that a peer asks for or was granted, without empty ones."""
    return frozenset(name for part in text.split(",") if (name := part.strip()))


def format_extensions(names: Iterable[str]) -> str:
    """Write names as `parse_extensions` reads them, sorted, so that equal sets look equal."""
    return ",".join(sorted(names))
