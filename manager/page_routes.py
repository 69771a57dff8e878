"""The web page at `/`, and its files under `/page/<version>/`, which browsers may keep for ever.

Its Content Security Policy (level 3) lets the page itself talk to this manager alone. Only its upload
worker also talks to upload services: a dedicated worker has the policy of its own response, so it
learns of the services that are registered when it starts, and the page starts another one when it
learns of a service at a new origin.

The service worker, which opens the page without a network, has an address without a version, since
browsers compare what is there with the one that they run.
"""

import gzip
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from catalog.port import Catalog
from common.http_answers import success
from manager.accounts.accounts import Accounts, SetupCode
from manager.errors import AccessDenied, NoSuchFile, RegistrationClosed
from manager.files.rights import may_read
from manager.http.parameters import Parameters
from manager.spaces.spaces import Spaces
from protocol.values import check_name, parse_path

PAGE_HEADERS = {
    # What workers may load is said by their own response. The page and the upload worker get more.
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

# What may be in a policy without ending a directive or adding a source. The grammar of sources
# (section 2.3.1) has no IPv6 addresses.
_AUTHORITY = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")


def page_policy(host: str, base: str, public_url: str | None = None) -> str:
    """The policy of the page.

    Args:
        host: where it was asked for (the request's `Host`).
        base: path below which its own files are, without a slash at its end.
        public_url: its URL as well, for clients behind proxies that change `Host`; None when that
            is not known.
    """
    own = _sources(f"{base}/", host, public_url)
    workers = _sources(f"{base}/", host, public_url, SERVICE_WORKER_PATH)
    # Zip archives are asked for with a form, whose answer, when it is an error, goes into a hidden frame.
    # Not every browser takes 'self' to mean the WebSocket of the same origin.
    sockets = f" ws://{host} wss://{host}" if _AUTHORITY.fullmatch(host) else ""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {own}",
            f"style-src {own}",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            f"connect-src 'self'{sockets}",
            f"worker-src {workers}",
            f"manifest-src {own}",
            "frame-src 'self' blob:",
            "object-src blob:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def worker_policy(addresses: Iterable[str]) -> str:
    """The policy of the upload worker, which sends chunks to services at these addresses.

    It imports nothing, so it may run no other script than the one that it is.
    """
    sources = " ".join(["'self'", *origins_of(addresses)])
    return f"default-src 'none'; connect-src {sources}"


def origins_of(addresses: Iterable[str]) -> list[str]:
    """The origins of HTTP addresses, as a policy may name them."""
    return sorted({origin for origin in map(origin_of, addresses) if origin})


def _sources(folder: str, host: str, public_url: str | None, *files: str) -> str:
    """Sources that admit what is in a folder of the page, and some files of it.

    The same origin also serves what people have stored, and a script of theirs must not run. A host
    that no source can name (an IPv6 address) is left with the whole origin.
    """
    origins = [host if _AUTHORITY.fullmatch(host) else "", origin_of(public_url or "") or ""]
    sources = [f"{origin}{path}" for origin in origins if origin for path in (folder, *files)]
    return " ".join(sources) or "'self'"


def origin_of(address: str) -> str | None:
    """The origin of an HTTP address; None for one that no policy may contain."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not _AUTHORITY.fullmatch(parts.netloc):
        return None
    return f"{parts.scheme}://{parts.netloc}"


FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
SERVICE_WORKER = "service-worker.js"
SERVICE_WORKER_PATH = f"/page/{SERVICE_WORKER}"
BASE_PLACEHOLDER = b"{{base}}"
"""Placeholder in both for the versioned prefix of all other files."""
SHARED_FILES_PAGE = "/?shared"
"""The page, when it is to take the files that were shared with it."""
WORKER_SUFFIX = ".worker.js"
"""Workers are loaded when they are needed, and with a policy of their own."""

_TYPES = {
    ".bcmap": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".pfb": "application/octet-stream",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Anything else in the folder (licences) is not served."""


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
    service_worker: PageFile
    assets: Mapping[str, PageFile]

    @property
    def base(self) -> str:
        """The prefix under which assets may be cached for ever."""
        return f"/page/{self.version}"

    @classmethod
    @cache
    def load(cls, folder: Path = FOLDER) -> "PageFiles":
        """Reads the folder, once in a process.

        Raises:
            FileNotFoundError: The page was not built, or is that of an earlier release.
        """
        if not all((folder / name).is_file() for name in (INDEX, SERVICE_WORKER)):
            raise FileNotFoundError(
                f"{folder} has no web page of this release: build it with `make`, or install a wheel"
            )
        contents = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }
        version = _version(contents)
        base = f"/page/{version}"
        index, service_worker = (
            PageFile.make(
                Path(name).suffix, contents.pop(name).replace(BASE_PLACEHOLDER, base.encode())
            )
            for name in (INDEX, SERVICE_WORKER)
        )
        assets = {
            name: PageFile.make(Path(name).suffix, content) for name, content in contents.items()
        }
        return cls(version, index, service_worker, assets)


def _version(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


_FOR_EVER = "public, max-age=31536000, immutable"
_ALWAYS_ASK = "no-cache"


class PageRoutes:
    """The page, its files, and the state that it needs before a user has logged in."""

    def __init__(
        self,
        files: PageFiles,
        setup: SetupCode,
        service_addresses: Callable[[], Iterable[str]],
        public_url: str | None,
        *,
        spaces: Spaces,
        has_trash: bool,
    ) -> None:
        """Takes what it uses.

        Args:
            files: The files of the page.
            setup: Whether an administrator has yet to be made.
            service_addresses: The URLs of all upload services at the moment.
            public_url: URL of the page for clients; None: that of the request.
            spaces: Whether users have homes.
            has_trash: Whether deleted files are kept for a while.
        """
        self._files = files
        self._setup = setup
        self._service_addresses = service_addresses
        self._public_url = public_url
        self._spaces = spaces
        self._has_trash = has_trash

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here, except the page itself."""
        return [
            web.get("/page/first-start", self.first_start, allow_head=False),
            web.get("/page/features", self.features, allow_head=False),
            web.get(SERVICE_WORKER_PATH, self.service_worker),
            web.post("/page/shared-files", self.shared_files),
            web.get("/page/{version}/{name:.+}", self.asset),
        ]

    def own_sources(self, request: web.Request) -> str:
        """Sources of a policy that admit the files of the page alone, for where one was asked for."""
        return _sources(f"{self._files.base}/", request.host, self._public_url)

    def service_origins(self) -> str:
        """The origins of the upload services of the moment, for a policy."""
        return " ".join(origins_of(self._service_addresses()))

    async def index(self, request: web.Request) -> web.Response:
        """The page itself."""
        response = _answer(request, self._files.index, _ALWAYS_ASK)
        response.headers["Content-Security-Policy"] = page_policy(
            request.host, self._files.base, self._public_url
        )
        return response

    async def asset(self, request: web.Request) -> web.Response:
        """A file of the page."""
        name = request.match_info["name"]
        file = self._files.assets.get(name)
        if file is None:
            raise NoSuchFile
        if name.endswith(WORKER_SUFFIX):
            return self._worker(request, file)
        # A page that was loaded before an update asks for its old version, and gets the new file.
        is_current = request.match_info["version"] == self._files.version
        return _answer(request, file, _FOR_EVER if is_current else _ALWAYS_ASK)

    async def service_worker(self, request: web.Request) -> web.Response:
        """The service worker, for the whole origin."""
        response = _answer(request, self._files.service_worker, _ALWAYS_ASK)
        response.headers["Service-Worker-Allowed"] = "/"
        # It fetches the files that it keeps.
        response.headers["Content-Security-Policy"] = worker_policy([])
        return response

    async def shared_files(self, _: web.Request) -> web.Response:
        """Opens the page, which says that the files are lost.

        They get here when the browser has dropped the service worker, which receives them otherwise.
        Nothing of them is read.
        """
        return web.Response(status=303, headers={"Location": SHARED_FILES_PAGE})

    async def first_start(self, _: web.Request) -> web.Response:
        """Whether an administrator has yet to be made, and how. Says nothing else about users."""
        try:
            code = await self._setup.expected()
        except RegistrationClosed:
            return success(needs_administrator=False, needs_setup_code=False, chooses_spaces=False)
        return success(
            needs_administrator=True,
            needs_setup_code=code is not None,
            chooses_spaces=self._spaces.is_undecided,
        )

    async def features(self, _: web.Request) -> web.Response:
        """What the operator has chosen, and the page shows or leaves out."""
        return success(spaces=self._spaces.mode, trash=self._has_trash)

    def _worker(self, request: web.Request, file: PageFile) -> web.Response:
        # Never from a cache: its policy names the services of this moment.
        response = _answer(request, file, "no-store")
        policy = worker_policy(self._service_addresses())
        response.headers["Content-Security-Policy"] = policy
        return response


def metadata_route(accounts: Accounts, catalog: Catalog) -> web.RouteDef:
    """The route of what processing found out about a file."""

    async def metadata(request: web.Request) -> web.Response:
        """The metadata, null before it was processed, and the views of a file that the user may read."""
        login = await accounts.login_of(request)
        user, parameters = login.user, Parameters(request.query)
        path = parameters.required("path", parse_path)
        folder, name = login.placed_file(path, parameters.required("name", check_name))
        file = await catalog.file_at(folder, name, viewer_id=user.id)
        if file is None:
            raise NoSuchFile
        if not may_read(file, user):
            raise AccessDenied
        views = await catalog.views_of(file.object_id)
        metadata = await catalog.metadata_of(file.object_id)
        if metadata is not None:
            # Searches use it, and it is long.
            metadata.pop("text", None)
        return success(metadata=metadata, views=[view.name for view in views])

    return web.get("/page/metadata", metadata, allow_head=False)


def _answer(request: web.Request, file: PageFile, cache_control: str) -> web.Response:
    headers = {
        **PAGE_HEADERS,
        "Cache-Control": cache_control,
        "Content-Type": file.content_type,
        "ETag": file.etag,
        "Vary": "Accept-Encoding",
    }
    may_reuse = cache_control != "no-store"
    if may_reuse and file.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=file.compressed, headers=headers)
    return web.Response(body=file.plain, headers=headers)
