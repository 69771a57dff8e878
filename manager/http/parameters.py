"""Parameters of a request, from its query or a JSON body, checked one by one."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from manager.errors import InvalidRequest, InvalidToken, WrongMediaType
from protocol.errors import InvalidValue
from protocol.values import MAX_SAFE_INTEGER

JSON = "application/json"
MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_S = 10.0

_ID = re.compile(r"[0-9]{1,16}")
_Value = TypeVar("_Value")


class Parameters:
    """Named texts; errors name the parameter and never quote its value."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def required(self, name: str, parse: Callable[[str], _Value]) -> _Value:
        """The parameter as `parse` reads it. Raises `InvalidRequest` when missing or malformed."""
        text = self.optional(name)
        if text is None:
            raise InvalidRequest(f"{name} is missing")
        return parsed(name, text, parse)

    def optional(self, name: str) -> str | None:
        """The parameter as it is; None when missing, null or empty. Raises `InvalidRequest`."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise InvalidRequest(f"{name} must be a string")
        return value or None

    def flag(self, name: str) -> bool:
        """Whether the parameter is true; missing or null it is not. Raises `InvalidRequest`."""
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise InvalidRequest(f"{name} must be true or false")

    def whole_number(self, name: str, *, at_most: int) -> int | None:
        """The parameter, from 1 on; None when missing or null. Raises `InvalidRequest`."""
        value = self._values.get(name)
        if value is None:
            return None
        if type(value) is not int or not 1 <= value <= at_most:
            raise InvalidRequest(f"{name} must be a whole number from 1 to {at_most}")
        return value

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        """The parameter, an object of JSON; None when missing or null. Raises `InvalidRequest`."""
        value = self._values.get(name)
        if value is None or isinstance(value, dict):
            return value
        raise InvalidRequest(f"{name} must be an object")

    def moment(self, name: str, *, is_utc_by_default: bool = False) -> float | None:
        """The parameter, an ISO 8601 time, in seconds since the epoch; None when missing, null or empty.

        `is_utc_by_default`: take one without a time zone for UTC. Raises `InvalidRequest`.
        """
        text = self.optional(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None and is_utc_by_default:
                moment = moment.replace(tzinfo=UTC)
            if moment.tzinfo is not None:
                # Refuses what lies outside of the years 1 to 9999 in UTC: no answer could show it.
                return moment.astimezone(UTC).timestamp()
        except (ValueError, OverflowError):
            pass
        raise InvalidRequest(f"{name} must be a time such as 2027-01-31T12:00:00Z")


def parsed(name: str, text: str, parse: Callable[[str], _Value]) -> _Value:
    """A parameter's text as `parse` reads it. Raises `InvalidRequest`."""
    try:
        return parse(text)
    except InvalidValue as error:
        raise InvalidRequest(f"{name} {error.rule}") from error


def repeated(texts: Iterable[str], name: str, parse: Callable[[str], _Value]) -> list[_Value]:
    """All values of one parameter, as `parse` reads them. Raises `InvalidRequest`."""
    return [parsed(name, text, parse) for text in texts]


async def parameters_of(request: web.Request) -> Parameters:
    """The query of a GET, the JSON object in the body of a POST.

    Raises `InvalidRequest`, `WrongMediaType`.
    """
    if request.method == "POST":
        return Parameters(await json_object(request))
    return Parameters(request.query)


def converted(body: dict[str, object], kind: type[_Value]) -> _Value:
    """The JSON object of a body as a struct. Raises `InvalidRequest`."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        # Its text names fields and rules, never values.
        raise InvalidRequest(str(error)) from error


def optional_id(request: web.Request, name: str) -> int | None:
    """An id in the query; None when missing. Raises `InvalidRequest`."""
    text = request.query.get(name)
    if text is None:
        return None
    if not _ID.fullmatch(text) or int(text) > MAX_SAFE_INTEGER:
        raise InvalidRequest(f"{name}: must be an id")
    return int(text)


def token_of(request: web.Request) -> str:
    """The user token from `Authorization` or the query. Raises `InvalidToken` without one."""
    header = request.headers.get("Authorization", "").strip()
    scheme, _, credentials = header.partition(" ")
    # Old frontends send the bare token, without the scheme's name.
    from_header = credentials.strip() if scheme.lower() == "bearer" else header
    token = from_header or request.query.get("auth")
    if not token:
        raise InvalidToken("this needs a user token: send it in `Authorization` or as `auth`")
    return token


async def json_object(
    request: web.Request, *, most_bytes: int = MAX_BODY_BYTES
) -> dict[str, object]:
    """The JSON object in the body. Raises `InvalidRequest`, `WrongMediaType`."""
    # Browsers let any page send other types without asking the manager first.
    if request.content_type != JSON:
        raise WrongMediaType(JSON)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = await limited_body(request, most_bytes)
        return msgspec.json.decode(body, type=dict[str, object])
    except TimeoutError as error:
        raise InvalidRequest("the body took too long") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest("the body must be a JSON object") from error
    except RecursionError as error:
        raise InvalidRequest("the body is nested too deeply") from error


async def limited_body(request: web.Request, most_bytes: int) -> bytes:
    """The body, if it has so many bytes at most. Raises `InvalidRequest`."""
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > most_bytes:
            raise InvalidRequest(f"the body may have {most_bytes} bytes at most")
    return bytes(body)


def origin_of(request: web.Request) -> str:
    """Scheme, host and port as the client has written them. Raises `InvalidRequest`."""
    try:
        origin = request.url.origin()
        has_host = bool(origin.host)  # decoded only here
    except ValueError:
        has_host = False
    if not has_host:
        raise InvalidRequest("Host: must be a name or an address, and a port")
    return str(origin)


def base_url_of(request: web.Request, public_url: str | None) -> str:
    """URL of the manager that the client uses, without a slash at its end.

    `public_url`: the one that is configured; None: that of the request. Raises `InvalidRequest`.
    """
    return public_url or origin_of(request)


def is_by_https(request: web.Request, public_url: str | None) -> bool:
    """Whether the client uses HTTPS, so that a cookie can be kept off everything else."""
    return (public_url or str(request.url)).startswith("https:")
