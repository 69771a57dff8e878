"""The files of the web page, read once: what is sent for each, and under which version."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "page"
INDEX = "index.html"
BASE_PLACEHOLDER = b"{{base}}"
"""Stands in `index.html` for the versioned prefix of all other files."""
PRELOAD_PLACEHOLDER = b"{{preload}}"
"""Stands in `index.html` for the list of modules: browsers then fetch them side by side."""
WORKER_SUFFIX = ".worker.js"
"""Workers are loaded when they are needed, and with a policy of their own."""

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Anything else in the folder (licences, declarations of types) is not served."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file, ready to be sent."""

    content_type: str
    etag: str
    plain: bytes
    compressed: bytes

    @classmethod
    def make(cls, suffix: str, content: bytes) -> "PageFile":
        """Compresses the content, and derives its tag from it."""
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        # Without a time in it, equal content gives equal bytes.
        return cls(_TYPES[suffix], etag, content, gzip.compress(content, 9, mtime=0))


@dataclass(frozen=True, slots=True)
class PageFiles:
    """All files of the page; `version` changes whenever one of them does."""

    version: str
    index: PageFile
    assets: Mapping[str, PageFile]

    @property
    def base(self) -> str:
        """The prefix under which assets may be cached for ever."""
        return f"/page/{self.version}"

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "PageFiles":
        """Reads the folder. Raises OSError when the page is not installed."""
        contents = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }
        version = _version(contents)
        index = _index(contents.pop(INDEX), contents, f"/page/{version}")
        assets = {
            name: PageFile.make(Path(name).suffix, content) for name, content in contents.items()
        }
        return cls(version, PageFile.make(".html", index), assets)


def _index(template: bytes, contents: Mapping[str, bytes], base: str) -> bytes:
    modules = (
        name for name in contents if name.endswith(".js") and not name.endswith(WORKER_SUFFIX)
    )
    links = "\n    ".join(f'<link rel="modulepreload" href="{base}/{name}" />' for name in modules)
    filled = template.replace(PRELOAD_PLACEHOLDER, links.encode())
    return filled.replace(BASE_PLACEHOLDER, base.encode())


def _version(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]
