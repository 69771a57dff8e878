"""The routes for whoever has a link: `/signed-download` and `/signed-download-metadata`."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs
from uuid import UUID

from aiohttp import web

from catalog.errors import FolderMissing
from catalog.link_port import FileLink
from catalog.port import Catalog
from catalog.records import AuditOutcome
from common.addresses import ClientAddresses
from common.guesses import TooManyAttempts
from common.http_answers import success
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.downloads.delivery import ContentSender
from manager.downloads.previews import Preview, file_preview, wants_preview
from manager.downloads.representation import Representation
from manager.errors import (
    InvalidLink,
    InvalidRequest,
    LinkPasswordNeeded,
    LinkRefused,
    ManagerError,
    NoSuchFile,
    WrongLinkPassword,
    WrongMediaType,
)
from manager.http.parameters import BODY_TIMEOUT_S, Parameters, is_by_https, limited_body
from manager.http.responses import STATUSES, answer
from manager.links.manager import LinkedFile, LinkManager
from manager.links.pages import LinkPages, wants_page
from manager.links.passwords import LinkPasswords
from manager.links.states import LinkState, refusal_of
from protocol.values import format_path
from reading.plans import ResponsePlan

LINK_PATH = "/signed-download"
FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 4096
UNDER_WAY_S = 3600.0
"""Seconds for which a client whose download was counted may fetch further ranges of it."""
_MOST_UNDER_WAY = 10_000


class DownloadCounter:
    """Counts downloads by links: a whole file, or the range that holds its first byte.

    Further ranges belong to the download that the same address has begun lately; they, and `HEAD`, count
    nothing. A client that begins in the middle is counted as well, so that no order of ranges gets around a
    limit. Which downloads have begun is known to this manager alone.
    """

    def __init__(
        self,
        links: LinkManager,
        addresses: ClientAddresses,
        audit: AuditLog,
        monotonic: Callable[[], float],
    ) -> None:
        self._links = links
        self._addresses = addresses
        self._audit = audit
        self._monotonic = monotonic
        self._under_way: OrderedDict[tuple[UUID, str], float] = OrderedDict()

    def is_under_way(self, request: web.Request, link: FileLink) -> bool:
        """Whether a download by this client was counted lately."""
        begun = self._under_way.get((link.id, self._addresses.of_request(request)))
        return begun is not None and self._monotonic() < begun + UNDER_WAY_S

    async def count(self, request: web.Request, link: FileLink, *, is_begin: bool) -> None:
        """Counts a response whose body is about to be sent. Raises `LinkRefused` if none is left.

        `is_begin`: it has the first byte of the file.
        """
        if not is_begin and self.is_under_way(request, link):
            return
        await self._links.count_download(link)
        address = self._addresses.of_request(request)
        self._audit.record(
            AuditAction.LINK_USED,
            actor=None,
            address=address,
            subject=str(link.id),
            file_id=link.file_id,
        )
        key = (link.id, address)
        self._under_way[key] = self._monotonic()
        self._under_way.move_to_end(key)
        if len(self._under_way) > _MOST_UNDER_WAY:
            self._under_way.popitem(last=False)


RecordRefusal = Callable[[web.Request, LinkRefused], None]


def refusal_recorder(audit: AuditLog, addresses: ClientAddresses) -> RecordRefusal:
    """Records refused uses of links; asking for a password is none."""

    def record(request: web.Request, error: LinkRefused) -> None:
        if isinstance(error, LinkPasswordNeeded):
            return
        audit.record(
            AuditAction.LINK_REFUSED,
            actor=None,
            address=addresses.of_request(request),
            subject=None if error.link_id is None else str(error.link_id),
            outcome=AuditOutcome.FAILURE,
            reason=error.code,
        )

    return record


class LinkRoutes:
    """The routes for clients with a link."""

    def __init__(
        self,
        catalog: Catalog,
        links: LinkManager,
        passwords: LinkPasswords,
        counter: DownloadCounter,
        sender: ContentSender,
        record_refusal: RecordRefusal,
        pages: LinkPages,
        public_url: str | None,
        *,
        hides_folders: Callable[[], bool],
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has files and their content.
            links: Finds the file of a link.
            passwords: Lets clients pass that know the password.
            counter: Counts downloads.
            sender: Sends content.
            record_refusal: Records that a link has not opened its file.
            pages: Makes what browsers get where that cannot be.
            public_url: URL of the manager for clients; None: that of the request.
            hides_folders: Whether who has a link is not told where the file is.
        """
        self._hides_folders = hides_folders
        self._catalog = catalog
        self._links = links
        self._passwords = passwords
        self._counter = counter
        self._sender = sender
        self._record_refusal = record_refusal
        self._pages = pages
        self._public_url = public_url

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get(LINK_PATH, self.download),
            web.post(LINK_PATH, self.enter_password),
            web.get("/signed-download-metadata", self.metadata, allow_head=False),
        ]

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Sends the file of a link; a browser gets a page where that cannot be."""
        return await self._or_page(request, self._download)

    async def enter_password(self, request: web.Request) -> web.StreamResponse:
        """Takes the password from the page that asks for it, and leads back to the file."""
        return await self._or_page(request, self._enter_password)

    async def metadata(self, request: web.Request) -> web.Response:
        """Name, folder and size of the file of a link."""
        try:
            found = await self._find(request)
            if found.link is not None:
                await self._passwords.require(request, found.link)
        except LinkRefused as error:
            self._record_refusal(request, error)
            raise
        try:
            folder = await self._catalog.folder_path(found.file.folder_id)
        except FolderMissing as error:
            raise NoSuchFile from error
        # Where users have homes, who has a link sees no more than the file.
        path = "/" if self._hides_folders() else format_path(folder)
        return success(name=found.file.name, path=path, size=found.file.size)

    async def _or_page(
        self,
        request: web.Request,
        respond: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        try:
            return await respond(request)
        except (LinkRefused, NoSuchFile, TooManyAttempts) as error:
            if isinstance(error, LinkRefused):
                self._record_refusal(request, error)
            if not wants_page(request):
                raise
            return page_about(self._pages, request, error)

    async def _enter_password(self, request: web.Request) -> web.StreamResponse:
        found = await self._find(request)
        location = f"{request.rel_url.raw_path}?{request.rel_url.raw_query_string}"
        response = web.Response(status=303, headers={"Location": location})
        if found.link is not None and found.link.password_hash is not None:
            await self._passwords.check(request, found.link, await posted_password(request))
            self._passwords.remember(
                response, found.link, is_secure=is_by_https(request, self._public_url)
            )
        return response

    async def _download(self, request: web.Request) -> web.StreamResponse:
        found = await self._find(request)
        file, link = found.file, found.link
        if wants_preview(request):
            # Even with the password: what a crawler was shown, others see.
            hides = link is not None and link.password_hash is not None
            return (_HIDDEN if hides else file_preview(file)).response()
        if link is not None:
            await self._passwords.require(request, link)
        content = await self._catalog.object_by_id(file.object_id)
        if content is None:
            raise NoSuchFile
        if link is None:
            reader = f"link to file {file.id}"
            return await self._sender.send(request, Representation(file, content), reader)

        async def count(plan: ResponsePlan) -> None:
            await self._counter.count(request, link, is_begin=plan.has_first_byte)

        return await self._sender.send(
            request,
            Representation(file, content),
            f"link {link.id}",
            link_id=link.id,
            before_body=count,
        )

    async def count_for_gateway(
        self, request: web.Request, link_id: UUID, *, is_begin: bool
    ) -> web.StreamResponse:
        """Counts a download whose first byte a gateway is about to send; a refusal is for its client."""

        async def count(_: web.Request) -> web.StreamResponse:
            link = await self._links.by_id(link_id)
            await self._counter.count(request, link, is_begin=is_begin)
            return web.Response(status=204)

        return await self._or_page(request, count)

    async def _find(self, request: web.Request) -> LinkedFile:
        """The file of the link that is asked for.

        Raises `InvalidRequest`, `LinkRefused`, `NoSuchFile`.
        """
        found = await self._links.find(Parameters(request.query).required("q", str))
        link = found.link
        if (
            link is None
            or found.state is LinkState.ACTIVE
            or self._counter.is_under_way(request, link)
        ):
            return found
        raise refusal_of(found.state, link) or InvalidLink


_HIDDEN = Preview(title="A file", description="It needs a password.")


async def posted_password(request: web.Request) -> str:
    """The password of a form. Raises `InvalidRequest`, `WrongMediaType`."""
    if request.content_type != FORM:
        raise WrongMediaType(FORM)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = await limited_body(request, MAX_FORM_BYTES)
        fields = parse_qs(body.decode("ascii"), errors="strict", max_num_fields=2)
    except TimeoutError as error:
        raise InvalidRequest("the body took too long") from error
    except ValueError as error:
        raise InvalidRequest("the form must be percent-encoded UTF-8") from error
    passwords = fields.get("password", [])
    if len(passwords) != 1:
        raise InvalidRequest("the form must have one password")
    return passwords[0]


def page_about(
    pages: LinkPages, request: web.Request, error: ManagerError | TooManyAttempts
) -> web.Response:
    """The page for a browser, with the status and the headers that a program gets."""
    if isinstance(error, LinkPasswordNeeded):
        return pages.password(request, STATUSES[LinkRefused])
    plain = answer(error)
    status = 500 if plain is None else plain.status
    if isinstance(error, WrongLinkPassword | TooManyAttempts):
        page = pages.password(request, status, (error.code, str(error)))
    else:
        page = pages.refusal(request, status, error.code, str(error))
    if plain is not None and "Retry-After" in plain.headers:
        page.headers["Retry-After"] = plain.headers["Retry-After"]
    return page
