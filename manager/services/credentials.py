"""Who may connect as a service: credentials of one kind of work each, and the password of all kinds.

A credential is the text `dcs_` and 43 base64url digits, of 32 random bytes. The catalog has its SHA-256, kind
and name. Every manager of the catalog looks there each `REFRESH_S`, and closes the connections of what
was revoked. What it has seen there lets services in also while the catalog is away.
"""

import asyncio
import contextlib
import hmac
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import structlog
from aiohttp import web

from catalog.errors import CatalogError, ServiceCredentialTaken
from catalog.records import ServiceCredential, ServiceKind, User
from catalog.service_credential_port import ServiceCredentialStore
from common.addresses import ClientAddresses
from common.guesses import GuessLimiter
from common.password_guard import PasswordGuard
from common.secret_texts import HOLDER_NAME_RULE, hash_of_secret, is_holder_name, new_secret_text
from common.service_secret import PER_ADDRESS, WrongServiceSecret
from common.tasks import BackgroundTasks
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.connections.connection import POLICY_VIOLATION, PeerConnection
from manager.error_texts import log_level
from manager.errors import InvalidRequest, WrongServiceKind

PREFIX: Final = "dcs_"
REFRESH_S: Final = 5.0
"""Seconds between two looks at the catalog's credentials."""
USE_STEP_S: Final = 600.0
"""How exact `last_used_at` is, in seconds."""

_TEXT: Final = re.compile(r"dcs_[A-Za-z0-9_-]{43}")

log = structlog.get_logger(__name__)


def new_credential_text() -> str:
    """A new random credential."""
    return new_secret_text(PREFIX)


async def add_credential(
    catalog: ServiceCredentialStore, name: str, kind: ServiceKind, text: str, *, now: float
) -> ServiceCredential:
    """Lets services in that have this text.

    Raises:
        InvalidRequest: The name or the text is malformed.
        ServiceCredentialTaken: Another one of this name is in force, or the text was used before.
        CatalogError: It cannot be written.
    """
    if not is_holder_name(name):
        raise InvalidRequest(f"name: {HOLDER_NAME_RULE}")
    if not _TEXT.fullmatch(text):
        raise InvalidRequest(f"credential: must be {PREFIX} and 43 base64url digits")
    return await catalog.add_service_credential(
        ServiceCredential(
            id=uuid4(), name=name, kind=kind, secret_hash=hash_of_secret(text), created_at=now
        )
    )


async def replace_credential(
    catalog: ServiceCredentialStore, name: str, kind: ServiceKind, text: str, *, now: float
) -> ServiceCredential:
    """As `add_credential`, but the one of this name that is in force is revoked.

    Raises:
        InvalidRequest: The name or the text is malformed.
        ServiceCredentialTaken: The text was used before; nothing is revoked then.
        CatalogError: It cannot be written.
    """
    try:
        return await add_credential(catalog, name, kind, text, now=now)
    except ServiceCredentialTaken:
        known = {each.secret_hash for each in await catalog.list_service_credentials()}
        if hash_of_secret(text) in known:
            raise
        await catalog.revoke_service_credential(name)
        return await add_credential(catalog, name, kind, text, now=now)


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """As what a service is connected.

    Attributes:
        credential_id: Of its credential; None: it has the password of all services.
    """

    credential_id: UUID | None = None

    def own(self, process: str) -> str:
        """The id of a process of this service, which no service with another credential can claim."""
        return process if self.credential_id is None else f"{self.credential_id}:{process}"


def service_guess_limiter() -> GuessLimiter:
    """Decides which attempts at credentials are looked at."""
    return GuessLimiter(per_address=PER_ADDRESS)


class ServiceAccess:
    """Lets services in, and disconnects those whose credential was revoked."""

    def __init__(
        self,
        catalog: ServiceCredentialStore,
        password: str | None,
        addresses: ClientAddresses,
        tasks: BackgroundTasks,
        *,
        audit: AuditLog,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        limiter: GuessLimiter | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has the credentials.
            password: What lets services of every kind in; None: nothing does.
            addresses: Identifies who guesses.
            tasks: Closes connections.
            audit: Records what was refused, created and revoked.
            clock: Seconds since the epoch.
            monotonic: Seconds that never jump.
            limiter: Decides which wrong ones are looked at; None: one of its own.
            sleep: Waits for seconds.
        """
        self._catalog = catalog
        self._password = None if password is None else password.encode()
        self._guard = PasswordGuard(
            limiter or service_guess_limiter(), addresses, monotonic, audit.record_refusal
        )
        self._audit = audit
        self._tasks = tasks
        self._clock = clock
        self._sleep = sleep
        self._in_force: dict[bytes, ServiceCredential] = {}
        self._has_read = False
        self._connections: dict[UUID, set[PeerConnection]] = {}
        self._used: set[UUID] = set()
        self._reading: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Follows the catalog, until cancelled."""
        is_told = False
        while True:
            try:
                await self.refresh()
                is_told = False
            except CatalogError as error:
                if not is_told:
                    # Once for an outage, and not every few seconds.
                    log.log(log_level(error), "service-credentials-not-read", code=error.code)
                is_told = True
            await self._sleep(REFRESH_S)

    async def refresh(self) -> None:
        """Reads what is in force from now on, and closes the connections of what is not.

        Those who want that at the same time share one look. Raises `CatalogError`.
        """
        if self._reading is not None:
            # It may have begun before what the caller wants to see was there.
            await asyncio.wait([self._reading])
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="read service credentials")
            self._reading.add_done_callback(_retrieve)
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        listed = await self._catalog.list_service_credentials()
        in_force = {each.secret_hash: each for each in listed if each.revoked_at is None}
        before, self._in_force = self._in_force, in_force
        if self._has_read:
            self._record(AuditAction.SERVICE_CREDENTIAL_CREATED, in_force, before)
        self._record(AuditAction.SERVICE_CREDENTIAL_REVOKED, before, in_force)
        self._has_read = True
        for credential_id in self._connections.keys() - {each.id for each in self._valid}:
            for connection in self._connections.pop(credential_id):
                self._tasks.spawn(_close_revoked(connection), "disconnect a service")
        await self._note_use()

    def _record(
        self,
        action: AuditAction,
        these: Mapping[bytes, ServiceCredential],
        without: Mapping[bytes, ServiceCredential],
    ) -> None:
        for secret_hash in these.keys() - without.keys():
            credential = these[secret_hash]
            self._audit.record(
                action,
                actor=None,
                address=None,
                subject=credential.name,
                kind=credential.kind.value,
            )

    async def revoke(self, name: str, administrator: User, address: str) -> bool:
        """Ends the credential of a name, and its connections, for an administrator at an address.

        False when none was in force. Raises `CatalogError`.
        """
        if not await self._catalog.revoke_service_credential(name):
            return False
        self._audit.record(
            AuditAction.SERVICE_CREDENTIAL_REVOKED,
            actor=administrator,
            address=address,
            subject=name,
        )
        # It is recorded already, with who has done it.
        self._in_force = {
            secret_hash: each for secret_hash, each in self._in_force.items() if each.name != name
        }
        await self.refresh()
        return True

    async def _note_use(self) -> None:
        self._used |= self._connections.keys()
        before = self._clock() - USE_STEP_S
        due = [
            each.id
            for each in self._valid
            if each.id in self._used and (each.last_used_at or 0.0) < before
        ]
        if due:
            try:
                await self._catalog.note_service_credentials_used(due)
            except CatalogError as error:
                # A catalog that takes no writes keeps no service out.
                log.log(log_level(error), "use-of-credentials-not-noted", code=error.code)
                return
        self._used.clear()

    @property
    def _valid(self) -> Iterator[ServiceCredential]:
        return iter(self._in_force.values())

    async def check(self, request: web.Request, given: str, kind: ServiceKind) -> ServiceIdentity:
        """Looks at a credential, or the password, that came with a request for some kind of work.

        Raises:
            WrongServiceSecret: It is neither.
            WrongServiceKind: It is a credential for other work.
            TooManyAttempts: Too many wrong ones came from this address: the password is not checked.
            CatalogError: It is new, and the catalog is away.
        """
        secret_hash = hash_of_secret(given)
        if _TEXT.fullmatch(given) and secret_hash not in self._in_force:
            await self.refresh()
        credential = self._in_force.get(secret_hash)
        if credential is not None:
            # Nobody guesses it. A service of the same address that goes on with a revoked one, which is
            # counted like a guess, must not keep this one out.
            if credential.kind is not kind:
                raise WrongServiceKind(credential.kind.value, kind.value)
            self._used.add(credential.id)
            return ServiceIdentity(credential.id)
        with self._guard.attempt(request):
            if not self._is_password(given):
                raise WrongServiceSecret(
                    "this needs a credential for services, or their password, and that is neither"
                )
        return ServiceIdentity()

    async def check_bearer(self, request: web.Request, kind: ServiceKind) -> ServiceIdentity:
        """Looks at the Bearer token of a request. Raises as `check` does."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            # Nothing was tried, so nothing is counted.
            raise WrongServiceSecret("this needs a credential for services as a Bearer token")
        return await self.check(request, given, kind)

    @contextlib.contextmanager
    def connected(self, identity: ServiceIdentity, connection: PeerConnection) -> Iterator[None]:
        """A service is connected for the length of the context, or until its credential is revoked."""
        credential_id = identity.credential_id
        if credential_id is None:
            yield
            return
        self._connections.setdefault(credential_id, set()).add(connection)
        if all(each.id != credential_id for each in self._valid):
            # It was revoked while the connection was being accepted.
            self._tasks.spawn(_close_revoked(connection), "disconnect a service")
        try:
            yield
        finally:
            peers = self._connections.get(credential_id, set())
            peers.discard(connection)
            if not peers:
                self._connections.pop(credential_id, None)

    def _is_password(self, given: str) -> bool:
        # Any text that a query or a header decodes to counts as a guess.
        return self._password is not None and hmac.compare_digest(
            given.encode(errors="surrogatepass"), self._password
        )


async def _close_revoked(connection: PeerConnection) -> None:
    await connection.close(POLICY_VIOLATION, "this credential was revoked")


def _retrieve(reading: asyncio.Task[None]) -> None:
    if not reading.cancelled():
        reading.exception()  # perhaps nobody waits for it any more
