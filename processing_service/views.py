"""Which views are made of which files (docs/processing.md).

The operator defines views in a TOML file. Other packages add views as entry points of the group
`discord_cloud.views`: the name of an entry point is the name of the view, and it loads to anything with
a `test` and a `generate`, a module for instance.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal, Protocol, cast

import msgspec
from msgspec import Meta

from common.log_events import EventLogger
from processing_service.errors import ViewsInvalid
from processing_service.job_file import JobFile
from protocol.values import MimeType, ViewName

ENTRY_POINTS: Final = "discord_cloud.views"
"""The group of entry points that are extensions."""
CODE_VERSION: Final = 2
"""Raised when this package finds more metadata, or draws better."""
MAX_FILE_VERSION: Final = 999

Recipe = Literal["picture", "image", "poster", "cover", "first-page"]
"""What is drawn. `picture` stands for any of the others, whichever the file has."""
ViewFormat = Literal["avif", "webp", "jpeg"]


# Not structlog: its import takes longer than that of everything else in a worker.
log = EventLogger(__name__)


class ViewDefinition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A view that the operator has defined.

    Attributes:
        name: under which it is stored; a file has one view of a name at most.
        match: patterns of MIME types, such as `image/*`.
        recipe: what is drawn.
        max_side: the longer side in pixels; smaller pictures are not enlarged.
        format: how it is encoded.
        quality: of the encoder, in percent.
        remake: whether it is made again for files that have a view of this name already.
    """

    name: ViewName
    match: Annotated[tuple[str, ...], Meta(min_length=1)]
    recipe: Recipe = "picture"
    max_side: Annotated[int, Meta(ge=1, le=8192)]
    format: ViewFormat
    quality: Annotated[int, Meta(ge=1, le=100)]
    remake: bool = False

    def matches(self, mime_type: str) -> bool:
        """Return whether files of this type have such a view."""
        plain = mime_type.partition(";")[0].strip().lower()
        return any(fnmatchcase(plain, pattern) for pattern in self.match)


class ViewDefinitions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The operator's views, and a version that the operator raises with every change."""

    version: Annotated[int, Meta(ge=1, le=MAX_FILE_VERSION)]
    views: tuple[ViewDefinition, ...]

    @property
    def recipe_version(self) -> int:
        """The manager compares it to find the files that were processed before a change."""
        return CODE_VERSION * (MAX_FILE_VERSION + 1) + self.version

    def wanted(self, mime_type: str, present: frozenset[str]) -> tuple[ViewDefinition, ...]:
        """The views to be made of a file of this type that has those that are `present`."""
        return tuple(
            view
            for view in self.views
            if view.matches(mime_type) and (view.remake or view.name not in present)
        )


def load_views(path: Path | None) -> ViewDefinitions:
    """Read a file of views.

    Args:
        path: the file; None for the views that come with this package.

    Raises:
        ViewsInvalid: the file cannot be read, or holds something impossible.
    """
    source = files(__package__) / "default_views.toml" if path is None else path
    try:
        views = msgspec.toml.decode(source.read_bytes(), type=ViewDefinitions)
    except OSError as error:
        raise ViewsInvalid(f"cannot be read: {error.strerror}") from error
    except (ValueError, msgspec.MsgspecError) as error:
        raise ViewsInvalid(str(error)) from error
    names = [view.name for view in views.views]
    if len(names) != len(set(names)):
        raise ViewsInvalid("two views have the same name")
    return views


class ViewExtension(Protocol):
    """What an entry point loads to."""

    def test(self, file: JobFile) -> bool:
        """Return whether such a file has this view.

        Called in the service for every file, before it is downloaded: it must be quick and must not
        rely on the type being true.
        """

    def generate(self, source: Path, target: Path, file: JobFile) -> str | None:
        """Make the view of one file. Called in a worker process, under its limits.

        Args:
            source: the file.
            target: where the view is to be written.
            file: what `test` was given.

        Returns:
            The MIME type of the view, or None when this file has none after all.
        """


def load_extensions(names: Iterable[str] | None = None) -> Mapping[str, ViewExtension]:
    """Load the installed extensions, by name. One that fails to load is logged and left out.

    Args:
        names: only these; None: all.
    """
    wanted = None if names is None else frozenset(names)
    loaded: dict[str, ViewExtension] = {}
    for entry in entry_points(group=ENTRY_POINTS):
        if wanted is not None and entry.name not in wanted:
            continue
        try:
            name = msgspec.convert(entry.name, ViewName)
            loaded[name] = cast("ViewExtension", entry.load())
        except Exception:
            log.exception("extension-not-loaded", extension=entry.name)
    return loaded


def wanted_extensions(
    extensions: Mapping[str, ViewExtension], file: JobFile, present: frozenset[str]
) -> tuple[str, ...]:
    """The names of the extensions that have a view of this file, and whose view is not there yet."""
    return tuple(
        name
        for name, extension in extensions.items()
        if name not in present and _wants(name, extension, file)
    )


def generate_view(
    extension: ViewExtension, source: Path, target: Path, file: JobFile
) -> str | None:
    """Have an extension make its view. Returns the MIME type; None when there is no view.

    Raises:
        msgspec.ValidationError: what the extension returns is no MIME type.
        Exception: whatever the extension raises.
    """
    made = extension.generate(source, target, file)
    if made is None or not target.is_file() or target.stat().st_size == 0:
        return None
    return msgspec.convert(made, MimeType)


def _wants(name: str, extension: ViewExtension, file: JobFile) -> bool:
    try:
        return bool(extension.test(file))
    except Exception:
        log.exception("extension-test-failed", extension=name)
        return False
