"""The web page at `/`, and its files under `/page/<version>/`, which browsers may keep for ever."""

from aiohttp import web
from aiohttp.typedefs import Handler

from manager.domain.rights import may_read
from manager.errors import AccessDenied, NoSuchFile, RegistrationClosed
from manager.http.page_files import WORKER_SUFFIX, PageFile, PageFiles
from manager.http.page_policy import PAGE_HEADERS, page_policy, worker_policy
from manager.http.parameters import Parameters, token_of
from manager.http.parts import parts_of
from manager.http.responses import success
from protocol.values import check_name, parse_path

_FOR_EVER = "public, max-age=31536000, immutable"
_ALWAYS_ASK = "no-cache"


def page_routes(files: PageFiles) -> list[web.RouteDef]:
    """The page, its files, and what it has to know before anybody has logged in."""

    async def asset(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        file = files.assets.get(name)
        if file is None:
            raise NoSuchFile
        if name.endswith(WORKER_SUFFIX):
            return _worker(request, file)
        # A page that was loaded before an update asks for its old version, and gets the new file.
        is_current = request.match_info["version"] == files.version
        return _answer(request, file, _FOR_EVER if is_current else _ALWAYS_ASK)

    return [
        web.get("/page/first-start", _first_start, allow_head=False),
        web.get("/page/metadata", _metadata, allow_head=False),
        web.get("/page/{version}/{name:.+}", asset),
    ]


def page_handler(files: PageFiles, public_url: str | None) -> Handler:
    """The handler that answers with the page itself; `public_url` is where others reach it, if known."""

    async def page(request: web.Request) -> web.Response:
        response = _answer(request, files.index, _ALWAYS_ASK)
        response.headers["Content-Security-Policy"] = page_policy(
            request.host, files.base, public_url
        )
        return response

    return page


async def _first_start(request: web.Request) -> web.Response:
    """Whether an administrator has yet to be made, and how. Tells nothing else about users."""
    try:
        code = await parts_of(request).setup.expected()
    except RegistrationClosed:
        return success(needs_administrator=False, needs_setup_code=False)
    return success(needs_administrator=True, needs_setup_code=code is not None)


async def _metadata(request: web.Request) -> web.Response:
    """What processing found out about a file that the user may read; null before that."""
    parts = parts_of(request)
    user = await parts.accounts.authenticate(token_of(request))
    parameters = Parameters(request.query)
    folder = parameters.required("path", parse_path)
    name = parameters.required("name", check_name)
    file = await parts.catalog.file_at(folder, name, viewer_id=user.id)
    if file is None:
        raise NoSuchFile
    if not may_read(file, user):
        raise AccessDenied
    return success(metadata=await parts.catalog.metadata_of(file.object_id))


def _worker(request: web.Request, file: PageFile) -> web.Response:
    # Never from a cache: its policy names the services of this moment.
    response = _answer(request, file, "no-store")
    services = parts_of(request).control.snapshot()["services"]
    policy = worker_policy(service["address"] for service in services)
    response.headers["Content-Security-Policy"] = policy
    return response


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
