"""What `/bulk-download` is asked for: in the address of a GET, or in the body of a POST.

A body holds more names than any address. Browsers send it as a form, since only a form can start a
download that goes straight to disk; programs send JSON. It may be large, but only for users: a client
that sends no token in `Authorization` begins the form with it.
"""

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from catalog.records import User
from manager.accounts.accounts import Accounts
from manager.errors import InvalidRequest, InvalidToken, WrongMediaType
from manager.http.parameters import JSON, Parameters, parsed, repeated, token_of
from manager.space_views import SpaceView
from protocol.values import check_name, parse_path

MOST_NAMES = 10_000
MAX_BODY_BYTES = 8 * 1024 * 1024
"""Room for 5 000 of the longest names as a form has them, with nine characters for a letter of theirs."""
BODY_TIMEOUT_S = 60.0
LONGEST_TOKEN = 4096
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRequest:
    """A folder as an archive, or the entries of it that have these names: none means all of them.

    `view`: what the user sees of the catalog.
    """

    user: User
    view: SpaceView
    path: tuple[str, ...]
    names: tuple[str, ...]


class _Json(msgspec.Struct, kw_only=True):
    path: str
    names: list[str] | None = None


async def bulk_request(request: web.Request, accounts: Accounts) -> BulkRequest:
    """What is asked for, and by whom. Raises `ManagerError`, `CatalogError`."""
    if request.method != "POST":
        login = await accounts.login_of(request)
        path = login.placed(Parameters(request.query).required("path", parse_path))
        names = repeated(request.query.getall("name", []), "name", check_name)
        return BulkRequest(user=login.user, view=login.view, path=path, names=tuple(names))
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _posted(request, accounts)
    except TimeoutError as error:
        raise InvalidRequest("the body took too long") from error


async def _posted(request: web.Request, accounts: Accounts) -> BulkRequest:
    begun = bytearray()
    if request.content_type == JSON:
        token, read = token_of(request), _from_json
    elif request.content_type == _FORM:
        token, read = await _form_token(request, begun), _from_form
    else:
        raise WrongMediaType(JSON, _FORM)
    await accounts.authenticate(token)
    path, names = await asyncio.to_thread(read, await _body(request, begun))
    if len(names) > MOST_NAMES:
        raise _too_many()
    # The token may have been revoked while the body came in.
    login = await accounts.authenticate(token)
    folder = login.placed(parsed("path", path, parse_path))
    return BulkRequest(
        user=login.user,
        view=login.view,
        path=folder,
        names=tuple(repeated(names, "name", check_name)),
    )


async def _form_token(request: web.Request, begun: bytearray) -> str:
    """The token of a form: from `Authorization`, or its first field; `begun` takes what is read."""
    try:
        return token_of(request)
    except InvalidToken:
        while b"&" not in begun and len(begun) <= LONGEST_TOKEN and not request.content.at_eof():
            begun += await request.content.readany()
        name, _, token = bytes(begun).partition(b"&")[0].partition(b"=")
        if name != b"auth" or not token:
            raise InvalidToken(
                "this needs a user token: send it in `Authorization`, or as `auth` before all else"
            ) from None
        return token.decode("ascii", "replace")


def _from_json(body: bytes) -> tuple[str, list[str]]:
    try:
        asked = msgspec.json.decode(body, type=_Json)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(
            "the body must be a JSON object with `path`, and `names` if not all are wanted"
        ) from error
    if asked.names == []:
        raise InvalidRequest("names must not be empty: leave it out for the whole folder")
    return asked.path, asked.names or []


def _from_form(body: bytes) -> tuple[str, list[str]]:
    try:
        fields = parse_qs(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_NAMES + 2,
        )
    except UnicodeDecodeError as error:
        raise InvalidRequest("the form must be percent-encoded UTF-8") from error
    except ValueError as error:
        raise _too_many() from error
    paths = fields.get("path", [])
    if len(paths) != 1:
        raise InvalidRequest("the form must have one path")
    return paths[0], fields.get("name", [])


async def _body(request: web.Request, begun: bytearray) -> bytes:
    body = bytearray(begun)
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise InvalidRequest(
                f"the names are too long for one archive: the body may have {MAX_BODY_BYTES} bytes"
            )
    return bytes(body)


def _too_many() -> InvalidRequest:
    return InvalidRequest(f"an archive of some entries may be asked for {MOST_NAMES} names at most")
