"""The part of the port for logins and app passwords. The promises of `catalog.port` hold here as well."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from catalog.records import AppPassword, LoginSession, User


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLogin:
    """A user, by a session that has not ended."""

    user: User
    session: LoginSession


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPasswordLogin:
    """A user, by an app password that has not expired."""

    user: User
    app_password: AppPassword


class SessionStore(Protocol):
    """The logins of users.

    A session ends by its row, at its `expires_at`, or when its `epoch` is not the token epoch of the user
    any more, which is when the password was changed or the user locked. No call finds one that has ended.
    """

    async def add_session(self, session: LoginSession, *, limit: int) -> list[UUID]:
        """Adds a login. No change if it is there.

        A user has `limit` sessions at most: those that were seen least lately are deleted to make room.
        Answers the ids of those deleted, also of those that had ended. Raises `UserMissing`.
        """

    async def session_login(self, session_id: UUID) -> SessionLogin | None:
        """The session and its user, in one query."""

    async def sessions_of(self, user_id: int) -> list[LoginSession]:
        """A user's sessions, those seen last first."""

    async def renew_session(
        self, session_id: UUID, *, generation: int, leeway_s: float
    ) -> SessionLogin | None:
        """Raises the session's generation by one if it is this one.

        For `leeway_s` seconds after a renewal the generation before is answered with the present one and
        changes nothing: its first answer was lost, or went to another tab. Any other generation was used
        before: then the session is deleted, and the answer is None, as for one that has ended.
        """

    async def carry_session(self, session_id: UUID, *, from_epoch: int, to_epoch: int) -> None:
        """Keeps a session alive over the change of password that its user made in it.

        No change unless the session is of `from_epoch`.
        """

    async def touch_session(self, session_id: UUID, *, address: str, seen_at: float) -> None:
        """Notes a use of the session; none that is older than what is known."""

    async def end_session(self, session_id: UUID, *, user_id: int) -> bool:
        """Deletes a session of that user. False when there was none."""

    async def end_sessions_of(self, user_id: int, *, keep: UUID | None) -> list[UUID]:
        """Deletes all sessions of a user but that one, and answers the ids of those deleted."""

    async def live_sessions(self, session_ids: Collection[UUID]) -> set[UUID]:
        """Those of these sessions that have not ended."""

    async def drop_ended_sessions(self, *, limit: int) -> int:
        """Deletes some expired sessions, `limit` at most. Answers how many."""


class AppPasswordStore(Protocol):
    """Passwords of programs. The catalog has only their hashes.

    An app password ends with its row, and with the folder that it is confined to; no call but
    `app_passwords_of` finds one after its `expires_at`, or one of a user who is locked.
    """

    async def add_app_password(self, app_password: AppPassword, *, limit: int) -> None:
        """Adds an app password. No change if the same is there; `folder` is not read.

        Raises `UserMissing`, `FolderMissing`, `AppPasswordNameTaken`, and `TooManyAppPasswords` when the
        user has `limit` already.
        """

    async def app_password_login(self, secret_hash: bytes) -> AppPasswordLogin | None:
        """The app password with that hash and its user, in one query."""

    async def app_passwords_of(self, user_id: int) -> list[AppPassword]:
        """A user's app passwords by name, also those that have expired."""

    async def touch_app_password(self, app_password_id: UUID, *, used_at: float) -> None:
        """Notes a use; none that is older than what is known."""

    async def remove_app_password(self, app_password_id: UUID, *, user_id: int) -> bool:
        """Deletes an app password of that user. False when there was none."""

    async def live_app_passwords(self, app_password_ids: Collection[UUID]) -> list[AppPassword]:
        """Those of these app passwords that have not ended, each with where its folder is now."""
