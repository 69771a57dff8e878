"""Which status, headers and fields the answer to each error has."""

from collections.abc import Mapping

from aiohttp import web

from catalog.errors import CatalogError, CatalogUnavailable
from common.guesses import TooManyAttempts
from common.http_answers import LASTING_HEADER, RETRY_AFTER_S, failure
from common.service_secret import WrongServiceSecret
from manager.error_texts import LASTING, public_text, retry_of
from manager.errors import (
    AccessDenied,
    AppPasswordRefused,
    BookingsUnavailable,
    FactorRefused,
    IdentityRefused,
    InvalidDownloadToken,
    InvalidRequest,
    InvalidTicket,
    InvalidToken,
    InvitationRefused,
    LinkBusy,
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
    NoSuchInvitation,
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
    TooManyOpenInvitations,
    UserNameTaken,
    WrongCredentials,
    WrongMediaType,
    WrongServiceKind,
    WrongSetupCode,
)
from reading.answers import READING_STATUSES, headers_of

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
    NoSuchInvitation: 404,
    InvitationRefused: 403,
    TooManyOpenInvitations: 409,
    NoSuchGroup: 404,
    NotShared: 404,
    NotPersonal: 409,
    NoSuchVersion: 404,
    LinkLimitReached: 409,
    LinkBusy: 503,
    WrongMediaType: 415,
    TooManyAttempts: 429,
    NotApproved: 403,
    InvalidDownloadToken: 403,
    InvalidTicket: 403,
    NotAdministrator: 403,
    NotAService: 403,
    WrongServiceKind: 403,
    NoUploadService: 503,
    BookingsUnavailable: 503,
    Overloaded: 503,
    ManagerError: 500,
    CatalogUnavailable: 503,
    CatalogError: 500,
    **READING_STATUSES,
}
"""The most special class that fits counts."""


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
    if isinstance(error, Overloaded | TooManyAttempts):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, LASTING):
        return {LASTING_HEADER: error.code}
    if retry_of(error) == "later":
        return {"Retry-After": str(RETRY_AFTER_S)}
    return headers_of(error)
