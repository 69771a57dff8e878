"""The JSON responses of the manager, `{"error": bool, …}`, their headers, and the status of each error."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from catalog.errors import CatalogError, CatalogUnavailable
from common.guesses import TooManyAttempts
from common.service_secret import WrongServiceSecret
from manager.error_texts import LASTING, public_text, retry_of
from manager.errors import (
    AccessDenied,
    AppPasswordRefused,
    BookingsUnavailable,
    FactorRefused,
    IdentityRefused,
    InvalidRequest,
    InvalidTicket,
    InvalidToken,
    LinkLimitReached,
    LinkRefused,
    LoginStepRefused,
    ManagerError,
    NoSuchAppPassword,
    NoSuchEntries,
    NoSuchFactor,
    NoSuchFile,
    NoSuchFolder,
    NoSuchGroup,
    NoSuchLink,
    NoSuchServiceCredential,
    NoSuchSession,
    NoSuchUser,
    NoSuchVersion,
    NotAdministrator,
    NotApproved,
    NotAService,
    NotPersonal,
    NotShared,
    NoUploadService,
    OpenIdUnavailable,
    Overloaded,
    PasskeysUnavailable,
    RegistrationClosed,
    ScopeRefusal,
    SetupCodeNeeded,
    UserNameTaken,
    WrongCredentials,
    WrongMediaType,
    WrongServiceKind,
    WrongSetupCode,
)
from reading.errors import RangeNotSatisfiable, TooManyDownloads
from storage.errors import DiscordUnavailable, StorageError

COMMON_HEADERS = {
    # No answer is a script or a page because it looks like one.
    "X-Content-Type-Options": "nosniff",
    # Frontends of any origin may read it.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, "
        "Discord-Cloud-Modified-At, ETag, Last-Modified, Retry-After"
    ),
}
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "DELETE, GET, HEAD, PATCH, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        # The star covers all but Authorization; browsers that do not know it go by the names.
        "*, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, "
        "If-Unmodified-Since, Range"
    ),
    # Without this, browsers do not let a page from the internet use a manager in a private network.
    "Access-Control-Allow-Private-Network": "true",
    "Access-Control-Max-Age": "86400",
}


def success(**fields: Any) -> web.Response:  # noqa: ANN401 - whatever JSON can say
    """200 with the fields beside `"error": false`. Never cached: answers contain tokens and rights."""
    return _json(200, {"error": False, **fields})


def failure(status: int, details: str, **fields: Any) -> web.Response:  # noqa: ANN401 - as above
    """An error as JSON; `details` is for people and holds no secret."""
    return _json(status, {"error": True, "error_details": details, **fields})


def _json(status: int, body: dict[str, Any]) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


RETRY_AFTER_S = 2
"""When to ask again while the catalog or Discord is unavailable; clients spread it themselves."""

STATUSES: Mapping[type[Exception], int] = {
    InvalidRequest: 400,
    UserNameTaken: 400,
    InvalidToken: 401,
    WrongServiceSecret: 401,
    WrongCredentials: 403,
    RegistrationClosed: 403,
    SetupCodeNeeded: 403,
    WrongSetupCode: 403,
    LoginStepRefused: 403,
    FactorRefused: 400,
    PasskeysUnavailable: 400,
    OpenIdUnavailable: 503,
    IdentityRefused: 400,
    AccessDenied: 403,
    ScopeRefusal: 403,
    AppPasswordRefused: 400,
    NoSuchAppPassword: 404,
    LinkRefused: 403,
    NoSuchEntries: 404,
    NoSuchSession: 404,
    NoSuchUser: 404,
    NoSuchFactor: 404,
    NoSuchFile: 404,
    NoSuchFolder: 404,
    NoSuchServiceCredential: 404,
    NoSuchLink: 404,
    NoSuchGroup: 404,
    NotShared: 404,
    NotPersonal: 409,
    NoSuchVersion: 404,
    LinkLimitReached: 409,
    WrongMediaType: 415,
    TooManyAttempts: 429,
    NotApproved: 403,
    InvalidTicket: 403,
    NotAdministrator: 403,
    NotAService: 403,
    WrongServiceKind: 403,
    NoUploadService: 503,
    BookingsUnavailable: 503,
    Overloaded: 503,
    RangeNotSatisfiable: 416,
    TooManyDownloads: 503,
    ManagerError: 500,
    CatalogUnavailable: 503,
    CatalogError: 500,
    DiscordUnavailable: 503,
    StorageError: 502,
}
"""The most special class that fits counts."""


LASTING_HEADER = "Discord-Cloud-Lasting"
"""Header that marks an error as lasting; its value is the code of the error."""


def answer(error: Exception) -> web.Response | None:
    """The response to a known error; None for an unexpected one."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            response = failure(STATUSES[kind], public_text(error), **_fields(error))
            response.headers.update(_headers(error))
            return response
    return None


def _fields(error: Exception) -> dict[str, object]:
    """What programs have to know besides the status, so that they ask for what is missing."""
    if isinstance(error, LoginStepRefused):
        return {"code": error.code, **error.facts}
    if isinstance(error, SetupCodeNeeded | WrongSetupCode):
        return {"needs_setup_code": True}
    return {"code": error.code} if isinstance(error, ScopeRefusal | LinkRefused) else {}


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, InvalidToken | WrongServiceSecret):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.size}", "Accept-Ranges": "bytes"}
    if isinstance(error, Overloaded | TooManyAttempts | TooManyDownloads):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, LASTING):
        return {LASTING_HEADER: error.code}
    if retry_of(error) == "later":
        return {"Retry-After": str(RETRY_AFTER_S)}
    return {}
