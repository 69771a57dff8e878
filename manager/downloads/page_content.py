"""Content for the web page: for its pictures, players and downloads, which cannot send a header.

Their addresses hold no secret. What opens them is a cookie, which the page fetches with the user's token, and
again every few minutes as long as it is open::

    expiry in epoch seconds(8) ‖ login session(16) ‖ signature of the user's id and both(20)

It is valid for `ACCESS_S`, and no longer than the session: a film goes on while the page is open, and nothing
opens soon after. Each user has a path, for which alone the browser sends the user's cookie: two users may be
logged in, in two tabs. Scripts cannot read it, other sites cannot use it (`SameSite`), and other origins
cannot embed what it opens (`Cross-Origin-Resource-Policy`). Rights are checked for every request.
"""

import struct
from uuid import UUID

from aiohttp import web

from catalog.port import Catalog
from catalog.records import File, User
from common.base64url import from_base64url, to_base64url
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.downloads.delivery import ContentSender
from manager.downloads.representation import Representation
from manager.downloads.routes import ObjectSender
from manager.downloads.versions import as_asked_for
from manager.errors import AccessDenied, InvalidToken, NoSuchFile
from manager.files.rights import may_read
from manager.http.parameters import is_by_https
from manager.signing.signatures import Signer

ACCESS_S = 600
"""Seconds for which a cookie is valid."""
COOKIE = "content-access"
_HEADERS = {"Cross-Origin-Resource-Policy": "same-origin"}
_FIELDS = struct.Struct(">Q16s")
_USER = struct.Struct(">Q")


class PageContentRoutes:
    """The routes that give the page its cookie, and content for it."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: Catalog,
        signer: Signer,
        sender: ContentSender,
        views: ObjectSender,
        public_url: str | None,
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Identifies users.
            catalog: Has files and their content.
            signer: Signs cookies (`Purpose.CONTENT_ACCESS`).
            sender: Sends files.
            views: Sends views.
            public_url: URL of the manager for clients; None: that of the request.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._signer = signer
        self._sender = sender
        self._views = views
        self._public_url = public_url

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.post("/page/content-access", self.grant),
            web.delete("/page/content-access", self.withdraw),
            web.get("/content/{user_id:[0-9]{1,15}}/{file_id:[0-9]{1,15}}", self.file),
            web.get("/content/{user_id:[0-9]{1,15}}/{file_id:[0-9]{1,15}}/{view}", self.view),
        ]

    async def grant(self, request: web.Request) -> web.Response:
        """A cookie for the content that the user may read, and where it is sent."""
        login = await self._accounts.login_of(request)
        user = login.require_account()
        if login.session_id is None:
            raise InvalidToken
        response = success(path=_path_of(user.id), expires_in_s=ACCESS_S)
        fields = _FIELDS.pack(int(self._signer.now()) + ACCESS_S, login.session_id.bytes)
        signed = fields + self._signer.sign(_USER.pack(user.id) + fields)
        value = to_base64url(signed)
        self._set_cookie(request, response, user, value, max_age=ACCESS_S)
        return response

    async def withdraw(self, request: web.Request) -> web.Response:
        """Takes the cookie away, when the user logs out."""
        login = await self._accounts.login_of(request)
        response = success()
        self._set_cookie(request, response, login.user, "", max_age=0)
        return response

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Sends a file that the user may read."""
        user, file = await self._readable(request)
        file = await as_asked_for(request, self._catalog, user, file)
        content = await self._catalog.object_by_id(file.object_id)
        if content is None:
            raise NoSuchFile
        reader = f"user {request.match_info['user_id']}"
        return await self._sender.send(
            request, Representation(file, content), reader, headers=_HEADERS
        )

    async def view(self, request: web.Request) -> web.StreamResponse:
        """Sends a view of a file that the user may read."""
        _, file = await self._readable(request)
        name = request.match_info["view"]
        return await self._views.send_view(request, file.object_id, name, headers=_HEADERS)

    def _set_cookie(
        self, request: web.Request, response: web.Response, user: User, value: str, *, max_age: int
    ) -> None:
        response.set_cookie(
            COOKIE,
            value,
            max_age=max_age,
            path=_path_of(user.id),
            httponly=True,
            samesite="Strict",
            secure=is_by_https(request, self._public_url),
        )

    async def _readable(self, request: web.Request) -> tuple[User, File]:
        """The user, and the file that is asked for. Raises `InvalidToken`, `NoSuchFile`, `AccessDenied`."""
        user = await self._user(request)
        file = await self._catalog.file_by_id(int(request.match_info["file_id"]), viewer_id=user.id)
        if file is None:
            raise NoSuchFile
        if not may_read(file, user):
            raise AccessDenied
        return user, file

    async def _user(self, request: web.Request) -> User:
        user_id = int(request.match_info["user_id"])
        session_id = self._session_in(request.cookies.get(COOKIE, ""), user_id)
        login = await self._accounts.login_of_session(session_id, request)
        if login.user.id != user_id:
            raise _no_access()
        return login.user

    def _session_in(self, cookie: str, user_id: int) -> UUID:
        try:
            signed = from_base64url(cookie)
        except ValueError as error:
            raise _no_access() from error
        fields, signature = signed[: _FIELDS.size], signed[_FIELDS.size :]
        if not self._signer.verify(_USER.pack(user_id) + fields, signature):
            raise _no_access()
        expires_at, session_id = _FIELDS.unpack(fields)
        if expires_at <= self._signer.now():
            raise _no_access()
        return UUID(bytes=session_id)


def _path_of(user_id: int) -> str:
    return f"/content/{user_id}"


def _no_access() -> InvalidToken:
    return InvalidToken("this needs the cookie of the web page, which is valid while it is open")
