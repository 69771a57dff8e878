"""Requests of gateways to the manager, in MessagePack."""

import asyncio
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from catalog.records import ServiceKind
from manager.errors import InvalidRequest
from manager.gateways.door import note_gateway
from manager.http.parameters import BODY_TIMEOUT_S, limited_body
from manager.services.credentials import ServiceAccess
from reading.manifest import MEDIA_TYPE

MAX_BODY_BYTES: Final = 512 * 1024
"""A page of the longest names, and the token of an archive."""

_Asked = TypeVar("_Asked", bound=msgspec.Struct)


async def asked_for(
    access: ServiceAccess, request: web.Request, kind: type[_Asked]
) -> tuple[str, _Asked]:
    """Which gateway asks, and for what. Raises `InvalidRequest`, and as `ServiceAccess.check_bearer`."""
    identity = await access.check_bearer(request, ServiceKind.GATEWAY)
    gateway = note_gateway(request, identity)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = await limited_body(request, MAX_BODY_BYTES)
        return gateway, msgspec.msgpack.decode(body, type=kind)
    except TimeoutError as error:
        raise InvalidRequest("the body took too long") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest("the body is not what this route takes") from error


def packed(answer: msgspec.Struct) -> web.Response:
    """An answer in MessagePack."""
    return web.Response(
        body=msgspec.msgpack.encode(answer),
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store"},
    )
