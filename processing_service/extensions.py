"""Views by other packages: entry points of the group `discord_cloud.views` (docs/processing.md).

The name of the entry point is the name of the view. It loads to anything with a `test` and a
`generate`, a module for instance.
"""

import logging
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, Protocol, cast

import msgspec

from processing_service.facts import FileFacts
from protocol.values import MimeType, ViewName

GROUP: Final = "discord_cloud.views"

# Not structlog: its import takes longer than that of everything else in a worker.
log = logging.getLogger(__name__)


class ViewExtension(Protocol):
    """What an entry point loads to."""

    def test(self, facts: FileFacts) -> bool:
        """Tells whether such a file has this view.

        Called in the service for every file, before it is downloaded: it must be quick and must not
        rely on the type being true.
        """

    def generate(self, source: Path, target: Path, facts: FileFacts) -> str | None:
        """Makes the view of one file. Called in a worker process, under its limits.

        Args:
            source: The file.
            target: Where the view is to be written.
            facts: What `test` was told.

        Returns:
            The MIME type of the view, or None when this file has none after all.
        """


def load_extensions(names: Iterable[str] | None = None) -> Mapping[str, ViewExtension]:
    """Loads the installed extensions, by name. One that fails to load is logged and left out.

    Args:
        names: Only these; None: all.
    """
    wanted = None if names is None else frozenset(names)
    loaded: dict[str, ViewExtension] = {}
    for entry in entry_points(group=GROUP):
        if wanted is not None and entry.name not in wanted:
            continue
        try:
            name = msgspec.convert(entry.name, ViewName)
            loaded[name] = cast("ViewExtension", entry.load())
        except Exception:
            log.exception("the extension %s cannot be loaded", entry.name)
    return loaded


def wanted_extensions(
    extensions: Mapping[str, ViewExtension], facts: FileFacts, present: frozenset[str]
) -> tuple[str, ...]:
    """The names of the extensions that have a view of this file, and whose view is not there yet."""
    return tuple(
        name
        for name, extension in extensions.items()
        if name not in present and _wants(name, extension, facts)
    )


def generate(extension: ViewExtension, source: Path, target: Path, facts: FileFacts) -> str | None:
    """Has an extension make its view. Returns the MIME type, or None when there is no view.

    Raises whatever the extension raises, and `msgspec.ValidationError` for what is no MIME type.
    """
    made = extension.generate(source, target, facts)
    if made is None or not target.is_file() or target.stat().st_size == 0:
        return None
    return msgspec.convert(made, MimeType)


def _wants(name: str, extension: ViewExtension, facts: FileFacts) -> bool:
    try:
        return bool(extension.test(facts))
    except Exception:
        log.exception("the extension %s fails to tell whether it has a view", name)
        return False
