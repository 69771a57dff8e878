"""What goes wrong on the way to the database and in it, as errors of the catalog.

Everything foreign is translated here. Whether a call may be repeated depends on nothing but the
failure, because every function of the database is idempotent: `Interrupted` means that asking again
can help, be it that nothing was done or that the answer was lost.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

import httpx
from postgrest.exceptions import APIError

from catalog.errors import (
    AlreadyClaimed,
    AppPasswordNameTaken,
    CatalogError,
    CatalogFull,
    CatalogNotEmpty,
    CatalogReadOnly,
    CatalogRefused,
    CatalogUnavailable,
    CopyTooLarge,
    CredentialTaken,
    FileMissing,
    FolderCircle,
    FolderMissing,
    GroupMissing,
    GroupNameTaken,
    IdentityTaken,
    InvalidRecord,
    InvitationMissing,
    IsAFolder,
    KeptUploadClaimed,
    KeptUploadMissing,
    KeyNameTaken,
    LastAdministrator,
    LinkFull,
    LinkMissing,
    NameTaken,
    NotAFolder,
    NotPermitted,
    ObjectIncomplete,
    ObjectMissing,
    PasswordChanged,
    QuotaExceeded,
    ReferenceElsewhere,
    RootIsFixed,
    SchemaMismatch,
    ServiceCredentialTaken,
    TicketExpired,
    TicketMissing,
    TicketUsed,
    TooDeep,
    TooManyAppPasswords,
    TooManyFactors,
    TooManyGrants,
    TooManyInvitations,
    TooManyKeptBytes,
    TooManyKeptUploads,
    TooManyLinks,
    TooManyStars,
    TooManyTemporaryBytes,
    TooManyTickets,
    TrashMissing,
    UserExists,
    UserHasFiles,
    UserMissing,
    VersionMissing,
)
from catalog.supabase.rows import file_of

_REFUSED_BY_US = "DC000"
"""SQLSTATE of all errors that the functions raise themselves; the hint has the catalog's code."""

UNKNOWN_FUNCTION = "PGRST202"

_PLAIN: tuple[type[CatalogError], ...] = (
    AlreadyClaimed,
    AppPasswordNameTaken,
    CatalogNotEmpty,
    CredentialTaken,
    FileMissing,
    FolderCircle,
    FolderMissing,
    GroupMissing,
    GroupNameTaken,
    IdentityTaken,
    InvalidRecord,
    InvitationMissing,
    KeyNameTaken,
    LastAdministrator,
    LinkFull,
    LinkMissing,
    ObjectIncomplete,
    ObjectMissing,
    PasswordChanged,
    RootIsFixed,
    ServiceCredentialTaken,
    TicketExpired,
    TicketMissing,
    TicketUsed,
    TooDeep,
    TooManyAppPasswords,
    TooManyFactors,
    TooManyGrants,
    TooManyInvitations,
    TooManyTemporaryBytes,
    KeptUploadClaimed,
    KeptUploadMissing,
    TooManyKeptBytes,
    TooManyKeptUploads,
    TooManyLinks,
    TooManyStars,
    TooManyTickets,
    TrashMissing,
    UserExists,
    UserHasFiles,
    UserMissing,
    VersionMissing,
)

_PLAIN_BY_CODE = {error.code: error for error in _PLAIN}

_WITH_FACTS: dict[str, Callable[[str], CatalogError]] = {
    CopyTooLarge.code: lambda detail: CopyTooLarge(int(detail)),
    IsAFolder.code: lambda detail: IsAFolder(tuple(json.loads(detail))),
    NameTaken.code: lambda detail: NameTaken(file_of(json.loads(detail))),
    NotAFolder.code: lambda detail: NotAFolder(tuple(json.loads(detail))),
    NotPermitted.code: lambda detail: NotPermitted(**json.loads(detail)),
    QuotaExceeded.code: lambda detail: QuotaExceeded(**json.loads(detail)),
    ReferenceElsewhere.code: lambda detail: ReferenceElsewhere(UUID(detail)),
}

# Classes and codes of PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html
_BAD_VALUES = ("22", "23", "54")  # data exceptions, violated constraints, program limits
_PASSING = (
    "08",  # connection exceptions
    "40001",  # serialization failure
    "40P01",  # deadlock
    "53",  # insufficient resources
    "55P03",  # lock not available
    "57P",  # shutting down, starting up
    # PostgREST: no connection, schema cache not loaded yet, pool exhausted
    "PGRST000",
    "PGRST001",
    "PGRST002",
    "PGRST003",
)
_DISK_FULL = "53100"
_NO_CONNECTION = "PGRST000"
_FULL_AT_CONNECTING = ("No space left on device", "could not write init file")
"""What PostgreSQL says to a connection that a full disk prevents; PostgREST passes on its text alone."""
_READ_ONLY = "25006"
_CANCELED = "57014"
_NOT_LET_IN = ("42501", "PGRST301", "PGRST302", "PGRST303")
_PASSING_STATUSES = frozenset({408, 425, 429, 500, *range(502, 600)})
_NOT_LET_IN_STATUSES = frozenset({401, 403, 404})


class StatementCanceled(CatalogUnavailable):
    """The call took longer than the database lets it."""


class Interrupted(Exception):
    """The call did not get through, or its answer was lost. Asking again can help."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turns what a call of a function raises into `Interrupted` or errors of the catalog."""
    try:
        yield
    except APIError as error:
        raise failure_of(error) from error
    except (httpx.RequestError, TimeoutError) as error:
        raise Interrupted(f"no answer from Supabase ({type(error).__name__})") from error
    except ValueError as error:
        raise InvalidRecord("a value cannot be sent as JSON") from error
    except RecursionError as error:
        raise Interrupted("Supabase's answer makes no sense") from error
    except RuntimeError as error:
        # All that httpx says when its client is closed.
        raise CatalogUnavailable("the catalog is closed") from error


async def require_answer_of_postgrest(response: httpx.Response) -> None:
    """Hook of the HTTP client: stops failures that do not come from PostgREST itself.

    Raises:
        Interrupted: A proxy or gateway on the way fails.
        CatalogRefused: It does not let us in, or there is no Supabase at the address.
        CatalogUnavailable: Any other failure.
    """
    if response.is_success:
        return
    await response.aread()
    if _has_code(response):
        return
    status = response.status_code
    if status in _PASSING_STATUSES:
        raise Interrupted(f"Supabase answers with status {status}")
    if status in _NOT_LET_IN_STATUSES:
        raise CatalogRefused(
            f"Supabase answers with status {status}: check SUPABASE_URL and SUPABASE_KEY "
            "(the key of the service role is needed)"
        )
    raise CatalogUnavailable(f"Supabase answers with status {status}")


def failure_of(error: APIError) -> Exception:
    """What an error that PostgREST reports means: `Interrupted`, or an error of the catalog."""
    code, text = error.code or "", error.message or ""
    if code == _REFUSED_BY_US:
        return _refusal_of(error)
    if code == _DISK_FULL or (code == _NO_CONNECTION and _tells_of_a_full_disk(error)):
        return CatalogFull("the disk of the database is full: make room on it")
    if code == _READ_ONLY:
        return CatalogReadOnly(
            "the database takes no writes: check its disk, and whether the project is read-only"
        )
    # The database gives each of its errors a code: without one, the connection to it broke.
    if not code or code.startswith(_PASSING):
        return Interrupted(f"the database is not ready: {text} ({code})")
    if code.startswith(_BAD_VALUES):
        # The text may quote values, which may be secrets.
        return InvalidRecord(f"the database refuses these values ({code})")
    if code in _NOT_LET_IN:
        return CatalogRefused(f"SUPABASE_KEY is not the key of the service role: {text} ({code})")
    if code == UNKNOWN_FUNCTION:
        return SchemaMismatch(f"the database lacks a function of this release: {text}")
    unavailable = StatementCanceled if code == _CANCELED else CatalogUnavailable
    return unavailable(f"the database cannot be used: {text} ({code})")


def _tells_of_a_full_disk(error: APIError) -> bool:
    details = error.details or ""
    return any(text in details for text in _FULL_AT_CONNECTING)


def refusal_of(error: Mapping[str, str]) -> CatalogError:
    """What an error means that a function has answered, rather than failed with.

    `error`: SQLSTATE (`code`), `message`, `hint` and `details`, as PostgREST has them.
    """
    refusal = failure_of(APIError(dict(error)))
    if not isinstance(refusal, CatalogError):
        raise SchemaMismatch(f"the database answers with an error that is none: {error['code']}")
    return refusal


def _refusal_of(error: APIError) -> CatalogError:
    if plain := _PLAIN_BY_CODE.get(error.hint or ""):
        return plain(error.message or "")
    if with_facts := _WITH_FACTS.get(error.hint or ""):
        return with_facts(error.details or "")
    return SchemaMismatch(
        f"the database has an error that this release does not know: {error.hint}"
    )


def _has_code(response: httpx.Response) -> bool:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and isinstance(body.get("code"), str)
