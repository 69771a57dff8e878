"""Login sessions: a login is a row, which lives until it is ended, and its tokens with it.

A client that renews its token gets one for `TOKEN_LIFE_S` and a renewal secret. The secret is good once and
names its generation, so that the catalog stores nothing that a thief of it could use; one that was used
before ends the session, since somebody has a copy. Clients that know nothing of this get a token for as long
as the session lives.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog

from catalog.errors import CatalogError, UserMissing
from catalog.login_port import SessionStore
from catalog.records import LoginSession, User
from common.tasks import BackgroundTasks
from manager.accounts.credentials import TokenSigner
from manager.errors import InvalidToken, NoSuchSession, RenewalSpent, WrongCredentials
from manager.scopes import Login

SESSION_LIFE_S = 30 * 24 * 3600.0
TOKEN_LIFE_S = 15 * 60.0
"""Seconds for which a token is valid that its client renews."""
RENEWAL_LEEWAY_S = 60.0
"""Seconds for which the last renewal secret is answered once more: its first answer may be lost."""
SESSIONS_PER_USER = 50
TOUCH_INTERVAL_S = 300.0
"""Seconds between two notes of when a session, or an app password, was used last."""
SWEEP_INTERVAL_S = 600.0
"""Seconds between two deletions of expired sessions."""
SWEEP_ROWS = 1000
"""Rows that one transaction deletes."""
MAX_DEVICE_LENGTH = 64
UNKNOWN_DEVICE = "unknown device"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedTokens:
    """What a client gets for a login.

    Attributes:
        login: who logged in, and the session.
        token: authenticates the user.
        expires_at: when the token ends, in seconds since the epoch.
        renewal: gets the next token; None for a client that does not renew.
    """

    login: Login
    token: str
    expires_at: float
    renewal: str | None


def device_of(name: str | None, user_agent: str | None) -> str:
    """What a session is called: the name that the client gives, else what it calls itself."""
    text = "".join(each for each in name or user_agent or "" if each.isprintable()).strip()
    # Surrogates are in no database; a header may hold any.
    text = text.encode(errors="replace").decode()
    return text[:MAX_DEVICE_LENGTH].strip() or UNKNOWN_DEVICE


class UseNotes:
    """Notes in the background when something was used last, without one caller waiting for it."""

    def __init__(self, tasks: BackgroundTasks) -> None:
        self._tasks = tasks
        self._pending: set[UUID] = set()

    def note(self, used: UUID, write: Callable[[], Coroutine[object, object, None]]) -> None:
        """Writes, unless a write for the same thing is still running."""
        if used in self._pending:
            return
        self._pending.add(used)
        self._tasks.spawn(self._write(used, write), "note the use of a login")

    async def _write(
        self, used: UUID, write: Callable[[], Coroutine[object, object, None]]
    ) -> None:
        try:
            await write()
        except CatalogError as error:
            log.info("login-use-not-noted", code=error.code)
        finally:
            self._pending.discard(used)


class Sessions:
    """The login sessions of all users."""

    def __init__(
        self,
        catalog: SessionStore,
        tokens: TokenSigner,
        notes: UseNotes,
        *,
        life_s: float = SESSION_LIFE_S,
        per_user: int = SESSIONS_PER_USER,
        on_end: Callable[[Iterable[UUID]], None],
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Stores them.
            tokens: Signs and reads what clients get.
            notes: Notes when a session was used last.
            life_s: Seconds from the login to the end of the session.
            per_user: How many a user may have; the one used least lately makes room.
            on_end: Called with the ids of sessions that ended here, before the caller goes on.
        """
        self._catalog = catalog
        self._tokens = tokens
        self._notes = notes
        self._life_s = life_s
        self._per_user = per_user
        self._on_end = on_end

    async def begin(
        self,
        user: User,
        *,
        device: str,
        address: str,
        is_renewable: bool,
        life_s: float | None = None,
    ) -> IssuedTokens:
        """Logs a user in who has proved to be that user.

        Args:
            user: The user.
            device: What the session is called.
            address: Where the client is.
            is_renewable: Whether the client renews its token, which is short then.
            life_s: Seconds after which the session ends, if that is sooner than usual.

        Raises `WrongCredentials` if the user is gone.
        """
        now = self._tokens.now()
        life_s = self._life_s if life_s is None else min(life_s, self._life_s)
        session = LoginSession(
            id=uuid4(),
            user_id=user.id,
            epoch=user.token_epoch,
            device=device,
            address=address,
            created_at=now,
            last_seen_at=now,
            expires_at=now + life_s,
            renewed_at=now,
        )
        try:
            self._on_end(await self._catalog.add_session(session, limit=self._per_user))
        except UserMissing as error:
            raise WrongCredentials from error
        return self._issued(user, session, is_renewable=is_renewable)

    async def renew(self, renewal: str) -> IssuedTokens:
        """The next token of a session, and the next renewal secret. Raises `InvalidToken`, `RenewalSpent`."""
        read = self._tokens.read_renewal(renewal)
        found = await self._catalog.renew_session(
            read.session_id, generation=read.generation, leeway_s=RENEWAL_LEEWAY_S
        )
        if found is None:
            self._on_end([read.session_id])
            raise RenewalSpent
        return self._issued(found.user, found.session, is_renewable=True)

    async def authenticate(self, session_id: UUID, address: str | None) -> Login:
        """The user of a session that has not ended. Raises `InvalidToken`."""
        found = await self._catalog.session_login(session_id)
        if found is None:
            raise InvalidToken
        self._note(found.session, address)
        return Login.by_session(found.user, found.session)

    def _note(self, session: LoginSession, address: str | None) -> None:
        now = self._tokens.now()
        if now - session.last_seen_at >= TOUCH_INTERVAL_S:
            self._notes.note(
                session.id,
                lambda: self._catalog.touch_session(
                    session.id, address=address or session.address, seen_at=now
                ),
            )

    async def of(self, user_id: int) -> list[LoginSession]:
        """A user's sessions, those seen last first."""
        return await self._catalog.sessions_of(user_id)

    async def end(self, session_id: UUID, *, user_id: int) -> None:
        """Ends a session of that user. Raises `NoSuchSession`."""
        ended = await self._catalog.end_session(session_id, user_id=user_id)
        if not ended:
            raise NoSuchSession
        self._on_end([session_id])

    async def end_all_of(self, user_id: int, *, keep: UUID | None = None) -> int:
        """Ends all sessions of a user but one, and answers how many."""
        ended = await self._catalog.end_sessions_of(user_id, keep=keep)
        self._on_end(ended)
        return len(ended)

    async def carry(self, session_id: UUID, *, from_epoch: int, to_epoch: int) -> None:
        """Lets a session outlive the change of password that was made in it."""
        await self._catalog.carry_session(session_id, from_epoch=from_epoch, to_epoch=to_epoch)

    async def run(self) -> None:
        """Deletes expired sessions now and then, until cancelled."""
        while True:
            try:
                while await self._catalog.drop_ended_sessions(limit=SWEEP_ROWS) == SWEEP_ROWS:
                    pass
            except CatalogError as error:
                log.warning("sessions-not-swept", code=error.code)
            await asyncio.sleep(SWEEP_INTERVAL_S)

    def _issued(self, user: User, session: LoginSession, *, is_renewable: bool) -> IssuedTokens:
        expires_at = session.expires_at
        if is_renewable:
            expires_at = min(expires_at, self._tokens.now() + TOKEN_LIFE_S)
        return IssuedTokens(
            login=Login.by_session(user, session),
            token=self._tokens.issue(session, expires_at=expires_at),
            expires_at=expires_at,
            renewal=self._tokens.issue_renewal(session) if is_renewable else None,
        )
