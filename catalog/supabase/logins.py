"""Logins and app passwords."""

from collections.abc import Collection
from uuid import UUID

from catalog.login_port import AppPasswordLogin, SessionLogin
from catalog.records import AppPassword, LoginSession
from catalog.rows import app_password_of, session_of, user_of, uuid_of
from catalog.supabase.client import SupabasePart
from catalog.supabase.rows import Row, path_of


class SupabaseSessions(SupabasePart):
    """`SessionStore` on Supabase."""

    async def add_session(self, session: LoginSession, *, limit: int) -> list[UUID]:
        """Adds a login, and answers which had to go for it. Raises `UserMissing`."""
        record = {
            "id": str(session.id),
            "user_id": session.user_id,
            "epoch": session.epoch,
            "device": session.device,
            "address": session.address,
            "created_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "expires_at": session.expires_at,
            "generation": session.generation,
            "renewed_at": session.renewed_at,
        }
        ended = await self._change("add_session", session=record, limit=limit)
        return [uuid_of(each) for each in ended]

    async def session_login(self, session_id: UUID) -> SessionLogin | None:
        """The session and its user, unless it has ended."""
        row = await self._functions.read(
            "session_login", session_id=str(session_id), now=self._clock()
        )
        return None if row is None else _session_login_of(row)

    async def sessions_of(self, user_id: int) -> list[LoginSession]:
        """A user's sessions, those seen last first."""
        rows = await self._functions.read("sessions_of", user_id=user_id, now=self._clock())
        return [session_of(row) for row in rows]

    async def renew_session(
        self, session_id: UUID, *, generation: int, leeway_s: float
    ) -> SessionLogin | None:
        """Raises the generation; ends the session if this one was used before."""
        row = await self._change(
            "renew_session", session_id=str(session_id), generation=generation, leeway_s=leeway_s
        )
        return None if row is None else _session_login_of(row)

    async def carry_session(self, session_id: UUID, *, from_epoch: int, to_epoch: int) -> None:
        """The session outlives a change of password."""
        await self._functions.write(
            "carry_session", session_id=str(session_id), from_epoch=from_epoch, to_epoch=to_epoch
        )

    async def touch_session(self, session_id: UUID, *, address: str, seen_at: float) -> None:
        """Notes a use of the session."""
        await self._functions.write(
            "touch_session", session_id=str(session_id), address=address, seen_at=seen_at
        )

    async def end_session(self, session_id: UUID, *, user_id: int) -> bool:
        """Deletes a session of that user. False when there was none."""
        return bool(await self._change("end_session", session_id=str(session_id), user_id=user_id))

    async def end_sessions_of(self, user_id: int, *, keep: UUID | None) -> list[UUID]:
        """Deletes all sessions of a user but one, and answers which."""
        ended = await self._change(
            "end_sessions_of", user_id=user_id, keep=None if keep is None else str(keep)
        )
        return [uuid_of(each) for each in ended]

    async def live_sessions(self, session_ids: Collection[UUID]) -> set[UUID]:
        """Those of these sessions that have not ended."""
        live = await self._functions.read(
            "live_sessions", session_ids=[str(each) for each in session_ids], now=self._clock()
        )
        return {uuid_of(each) for each in live}

    async def drop_ended_sessions(self, *, limit: int) -> int:
        """Deletes some expired sessions. Answers how many."""
        return int(await self._change("drop_ended_sessions", limit=limit))


class SupabaseAppPasswords(SupabasePart):
    """`AppPasswordStore` on Supabase."""

    async def add_app_password(self, app_password: AppPassword, *, limit: int) -> None:
        """Adds an app password.

        Raises `UserMissing`, `FolderMissing`, `AppPasswordNameTaken`, `TooManyAppPasswords`.
        """
        record = {
            "id": str(app_password.id),
            "user_id": app_password.user_id,
            "name": app_password.name,
            "secret_hash": app_password.secret_hash.hex(),
            "is_read_only": app_password.is_read_only,
            "folder_id": app_password.folder_id,
            "created_at": app_password.created_at,
            "last_used_at": app_password.last_used_at,
            "expires_at": app_password.expires_at,
        }
        await self._functions.write("add_app_password", app_password=record, limit=limit)

    async def app_password_login(self, secret_hash: bytes) -> AppPasswordLogin | None:
        """The app password with that hash and its user, unless it has ended."""
        row = await self._functions.read(
            "app_password_login", secret_hash=secret_hash.hex(), now=self._clock()
        )
        if row is None:
            return None
        return AppPasswordLogin(
            user=user_of(row["user"]), app_password=_app_password_of(row["app_password"])
        )

    async def app_passwords_of(self, user_id: int) -> list[AppPassword]:
        """A user's app passwords by name."""
        rows = await self._functions.read("app_passwords_of", user_id=user_id)
        return [_app_password_of(row) for row in rows]

    async def touch_app_password(self, app_password_id: UUID, *, used_at: float) -> None:
        """Notes a use."""
        await self._functions.write(
            "touch_app_password", app_password_id=str(app_password_id), used_at=used_at
        )

    async def remove_app_password(self, app_password_id: UUID, *, user_id: int) -> bool:
        """Deletes an app password of that user. False when there was none."""
        return bool(
            await self._change(
                "remove_app_password", app_password_id=str(app_password_id), user_id=user_id
            )
        )

    async def live_app_passwords(self, app_password_ids: Collection[UUID]) -> list[AppPassword]:
        """Those of these app passwords that have not ended."""
        rows = await self._functions.read(
            "live_app_passwords",
            app_password_ids=[str(each) for each in app_password_ids],
            now=self._clock(),
        )
        return [_app_password_of(row) for row in rows]


def _session_login_of(row: Row) -> SessionLogin:
    return SessionLogin(user=user_of(row["user"]), session=session_of(row["session"]))


def _app_password_of(row: Row) -> AppPassword:
    return app_password_of(row, None if row["folder"] is None else path_of(row["folder"]))
