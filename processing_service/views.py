"""Which views are made of which files, as the operator configures it in a TOML file."""

from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from processing_service.errors import ViewsInvalid
from protocol.values import ViewName

CODE_VERSION: Final = 1
"""Grows when this package finds out more, or draws better."""
MAX_FILE_VERSION: Final = 999

Recipe = Literal["picture", "image", "poster", "cover", "first-page"]
"""What is drawn. `picture` stands for any of the others, whichever the file has."""
ViewFormat = Literal["avif", "webp", "jpeg"]


class View(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One view.

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
        """Tells whether files of this type have such a view."""
        plain = mime_type.partition(";")[0].strip().lower()
        return any(fnmatchcase(plain, pattern) for pattern in self.match)


class Views(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All views, and a version that its author raises with every change."""

    version: Annotated[int, Meta(ge=1, le=MAX_FILE_VERSION)]
    views: tuple[View, ...]

    @property
    def recipe_version(self) -> int:
        """What the manager compares, to tell files that were processed before a change."""
        return CODE_VERSION * (MAX_FILE_VERSION + 1) + self.version

    def wanted(self, mime_type: str, present: frozenset[str]) -> tuple[View, ...]:
        """The views to be made of a file of this type that has those that are `present`."""
        return tuple(
            view
            for view in self.views
            if view.matches(mime_type) and (view.remake or view.name not in present)
        )


def load_views(path: Path | None) -> Views:
    """Reads a file of views.

    Args:
        path: The file, or None for the views that come with this package.

    Raises:
        ViewsInvalid: The file cannot be read or says something impossible.
    """
    source = files(__package__) / "default_views.toml" if path is None else path
    try:
        views = msgspec.toml.decode(source.read_bytes(), type=Views)
    except OSError as error:
        raise ViewsInvalid(f"cannot be read: {error.strerror}") from error
    except (ValueError, msgspec.MsgspecError) as error:
        raise ViewsInvalid(str(error)) from error
    names = [view.name for view in views.views]
    if len(names) != len(set(names)):
        raise ViewsInvalid("two views have the same name")
    return views
