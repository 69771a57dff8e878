"""The pages of a link to a folder, as HTML: what is in it, and one picture, film or sound of it. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Final
from urllib.parse import urlencode

from catalog.records import File, Folder
from manager.links.texts import LinkTexts
from protocol.values import format_path

PAGE_ENTRIES: Final = 200
"""Folders and files on one page."""
LARGE_VIEW: Final = "preview"
"""The view of pictures that browsers do not show themselves (docs/processing.md)."""
_PICTURES: Final = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/bmp",
        "image/svg+xml",
    }
)
"""What browsers show as a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPage:
    """What one page of a folder has.

    Attributes:
        title: the name of the folder to which the link leads.
        path: of the folder that is shown, from there.
        folders: those in it, in order.
        files: likewise.
        number: of the page, from 0 on.
        is_last: whether nothing follows.
    """

    title: str
    path: tuple[str, ...]
    folders: Sequence[Folder]
    files: Sequence[File]
    number: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class LinkAddresses:
    """The addresses of what one link leads to, relative to the page."""

    token: str

    def folder(self, path: tuple[str, ...], *, page: int = 0, as_zip: bool = False) -> str:
        """A folder: its page, or all of it as an archive."""
        extra = {"page": str(page)} if page else {}
        return self._of({"path": format_path(path)} | extra | ({"as": "zip"} if as_zip else {}))

    def file(self, path: tuple[str, ...], name: str, **others: str) -> str:
        """A file, or with `view` one of its views, or with `as` its page."""
        return self._of({"path": format_path(path), "name": name} | others)

    def _of(self, query: dict[str, str]) -> str:
        return f"?{urlencode({'q': self.token} | query)}"


def is_previewed(file: File) -> bool:
    """Whether there is a page that shows it."""
    return _is_picture(file) or file.mime_type.startswith(("video/", "audio/"))


def _is_picture(file: File) -> bool:
    """Whether a browser shows it as a picture, or a view that was made of it."""
    is_made = file.has_thumbnail and file.mime_type.startswith("image/")
    return file.mime_type in _PICTURES or is_made


def folder_content(
    page: FolderPage, addresses: LinkAddresses, texts: LinkTexts, *, base: str
) -> str:
    """The page of a folder."""
    rows = [_folder_row(page, folder, addresses, base) for folder in page.folders]
    rows += [_file_row(page, file, addresses, texts, base) for file in page.files]
    listed = "\n".join(rows)
    entries = (
        f'<ul class="entries" aria-label="{escape(texts.entries)}">\n{listed}\n</ul>'
        if rows
        else f'<p class="empty">{escape(texts.empty)}</p>'
    )
    archive = addresses.folder(page.path, as_zip=True)
    button = (
        f'<a class="primary" href="{escape(archive)}" download>'
        f"{_icon(base, 'download')}{escape(texts.download_all)}</a>"
    )
    return "\n".join(
        [
            f"<header>\n{_trail(page, addresses, texts)}\n{button if rows else ''}\n</header>",
            entries,
            _turning(page, addresses, texts),
        ]
    )


def preview_content(
    file: File, path: tuple[str, ...], addresses: LinkAddresses, texts: LinkTexts, *, base: str
) -> str:
    """The page of one file that browsers show."""
    name, source = escape(file.name), escape(addresses.file(path, file.name))
    if _is_picture(file):
        view = addresses.file(path, file.name, view=LARGE_VIEW)
        picture = source if file.mime_type in _PICTURES else escape(view)
        shown = f'<img src="{picture}" alt="{name}">'
    else:
        kind = "video" if file.mime_type.startswith("video/") else "audio"
        shown = f'<{kind} src="{source}" controls preload="metadata" aria-label="{name}"></{kind}>'
    back = f'<a class="back" href="{escape(addresses.folder(path))}">{escape(texts.up)}</a>'
    button = (
        f'<a class="primary" href="{source}" download>{_icon(base, "download")}'
        f"{escape(texts.download)}</a>"
    )
    return (
        f"<header>\n<div>{back}\n<h1>{name}</h1></div>\n{button}\n</header>\n"
        f'<div class="shown">{shown}</div>'
    )


def _trail(page: FolderPage, addresses: LinkAddresses, texts: LinkTexts) -> str:
    """The way from the folder of the link to the one that is shown, which is the heading."""
    names = (page.title, *page.path)
    steps = "".join(
        f'<li><a href="{escape(addresses.folder(page.path[:depth]))}">{escape(name)}</a></li>'
        for depth, name in enumerate(names[:-1])
    )
    trail = f'<nav aria-label="{escape(texts.path)}"><ol>{steps}</ol></nav>' if steps else ""
    return f"<div>{trail}<h1>{escape(names[-1])}</h1></div>"


def _folder_row(page: FolderPage, folder: Folder, addresses: LinkAddresses, base: str) -> str:
    address = escape(addresses.folder((*page.path, folder.name)))
    return (
        f'<li><a class="name" href="{address}">{_icon(base, "folder")}'
        f"<span>{escape(folder.name)}</span></a></li>"
    )


def _file_row(
    page: FolderPage, file: File, addresses: LinkAddresses, texts: LinkTexts, base: str
) -> str:
    content = escape(addresses.file(page.path, file.name))
    shown = addresses.file(page.path, file.name, **{"as": "preview"})
    # A file that cannot be shown is downloaded by its name as well.
    link = f'href="{escape(shown)}"' if is_previewed(file) else f'href="{content}" download'
    picture = _icon(base, "document")
    if file.has_thumbnail:
        source = escape(addresses.file(page.path, file.name, view="thumbnail"))
        picture = f'<img src="{source}" alt="" loading="lazy" width="48" height="48">'
    changed = datetime.fromtimestamp(file.updated_at, UTC)
    download = escape(f"{texts.download}: {file.name}")
    return (
        f'<li><a class="name" {link}>{picture}<span>{escape(file.name)}</span></a>'
        f'<span class="size">{escape(texts.size_of(file.size))}</span>'
        f'<time datetime="{changed:%Y-%m-%dT%H:%M:%SZ}">{changed:%Y-%m-%d}</time>'
        f'<a class="get" href="{content}" download aria-label="{download}" title="{escape(texts.download)}">'
        f"{_icon(base, 'download')}</a></li>"
    )


def _turning(page: FolderPage, addresses: LinkAddresses, texts: LinkTexts) -> str:
    """The way to the pages before and after; nothing where there is one alone."""
    links = []
    if page.number > 0:
        address = escape(addresses.folder(page.path, page=page.number - 1))
        links.append(f'<a href="{address}" rel="prev">{escape(texts.previous)}</a>')
    if not page.is_last:
        address = escape(addresses.folder(page.path, page=page.number + 1))
        links.append(f'<a href="{address}" rel="next">{escape(texts.next)}</a>')
    if not links:
        return ""
    return f'<nav class="pages" aria-label="{escape(texts.pages)}">{" ".join(links)}</nav>'


def _icon(base: str, name: str) -> str:
    return f'<svg class="icon" aria-hidden="true"><use href="{base}/icons.svg#{name}"></use></svg>'
