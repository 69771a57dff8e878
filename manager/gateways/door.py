"""Recognizes requests that gateways forward, and whose they are.

A gateway has a credential of its own kind. What it forwards has the client's credentials, which are checked
as those of any client; the gateway vouches for the client's address alone.
"""

import re
from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from catalog.records import ServiceKind
from common.addresses import VOUCHED_ADDRESS
from common.http_answers import failure
from common.service_secret import WrongServiceSecret
from manager.downloads.manifests import GATEWAY
from manager.errors import InvalidRequest, WrongServiceKind
from manager.services.credentials import ServiceAccess, ServiceIdentity
from reading.manifest import (
    CLIENT_HEADER,
    GATEWAY_HEADER,
    MANIFEST_HEADER,
    MANIFEST_NONE,
    SERVED,
)

_ADDRESS: Final = re.compile(r"[0-9A-Za-z.:/]{1,64}", re.ASCII)
_SERVED: Final = frozenset(re.sub(r":[^{}]*\}", "}", path) for _, path in SERVED)


def gateway_door(access: Callable[[], ServiceAccess]) -> Middleware:
    """The middleware that lets gateways forward requests; `access` gives what knows their credentials."""

    @web.middleware
    async def recognize(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(GATEWAY_HEADER)
        resource = request.match_info.route.resource
        # What no route answers is told so, whoever asks.
        if given is not None and resource is not None:
            if resource.canonical not in _SERVED:
                raise InvalidRequest("gateways do not forward this")
            try:
                identity = await access().check(request, given, ServiceKind.GATEWAY)
            except (WrongServiceSecret, WrongServiceKind) as error:
                # The client has done nothing wrong, and is not to read of it.
                refusal = failure(401, str(error))
                refusal.headers[MANIFEST_HEADER] = MANIFEST_NONE
                return refusal
            note_gateway(request, identity)
        return await handler(request)

    return recognize


def note_gateway(request: web.Request, identity: ServiceIdentity) -> str:
    """Notes who forwards a request, and for whom; answers the former. Raises `InvalidRequest`."""
    gateway = str(identity.credential_id or "password")
    address = request.headers.get(CLIENT_HEADER, "")
    if not _ADDRESS.fullmatch(address):
        raise InvalidRequest(f"{CLIENT_HEADER}: must be the address of the client")
    request[GATEWAY], request[VOUCHED_ADDRESS] = gateway, address
    return gateway
